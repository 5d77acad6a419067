/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/yaml_complaint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/utf8.h"

void yaml_complain_at(struct yaml_complaint *complaint, const yaml_mark_t *mark, const char *token,
                      const char *format, ...)
{
    char sentence[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    struct place place = {complaint->file, (unsigned)mark->line + 1, (unsigned)mark->column + 1};
    problems_add(complaint->problems, SEVERITY_ERROR, place, token, "%s", sentence);
}

/* ---- before parsing ---- */

static bool complain_of_start(struct yaml_complaint *complaint, struct text text)
{
    static const yaml_mark_t start = {0, 0, 0};

    if (text_starts_with(text, TEXT("\xef\xbb\xbf"))) {
        yaml_complain_at(complaint, &start, "yaml-syntax",
                         "the file begins with a byte order mark; save it as UTF-8 without one");
        return true;
    }
    if (text_starts_with(text, TEXT("\xff\xfe")) || text_starts_with(text, TEXT("\xfe\xff"))) {
        yaml_complain_at(complaint, &start, "yaml-syntax", "the file is UTF-16; save it as UTF-8");
        return true;
    }
    return false;
}

bool yaml_check_text(struct yaml_complaint *complaint, struct text text)
{
    yaml_mark_t mark = {0, 0, 0};

    if (complain_of_start(complaint, text))
        return false;
    while (text.length > 0) {
        uint32_t c = 0;
        size_t octets = utf8_next(text, &c);
        if (octets == 0) {
            yaml_complain_at(complaint, &mark, "yaml-syntax",
                             "the octet \\x%02x here is not UTF-8; save the file as UTF-8",
                             (unsigned char)text.at[0]);
            return false;
        }
        if (!utf8_is_visible(c) && c != '\n' && c != '\r' && c != '\t') {
            yaml_complain_at(complaint, &mark, "yaml-syntax",
                             "the invisible character U+%04X stands here; remove it", (unsigned)c);
            return false;
        }
        bool crlf = c == '\r' && text.length > 1 && text.at[1] == '\n';
        if (c == '\n' || (c == '\r' && !crlf)) {
            mark.line++;
            mark.column = 0;
        } else if (!crlf) {
            mark.column++;
        }
        text = text_skip(text, octets);
    }
    return true;
}

/* ---- what is YAML, but not here ---- */

void yaml_complain_of_properties(struct yaml_complaint *complaint, const yaml_mark_t *mark,
                                 const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL)
        yaml_complain_at(complaint, mark, "yaml-anchor",
                         "an anchor (&%s) is not read here; remove it and write values out",
                         (const char *)anchor);
    if (tag != NULL)
        yaml_complain_at(complaint, mark, "yaml-tag", "a tag (%s) is not read here; remove it",
                         (const char *)tag);
}

void yaml_complain_of_escapes(struct yaml_complaint *complaint, const yaml_mark_t *mark, struct text value)
{
    while (value.length > 0) {
        uint32_t c = 0;
        size_t octets = utf8_next(value, &c);
        if (octets == 0 || (!utf8_is_visible(c) && c != '\n' && c != '\t')) {
            yaml_complain_at(complaint, mark, "yaml-syntax",
                             "an escape in these quotes stands for the invisible character U+%04X; remove it",
                             (unsigned)c);
            return;
        }
        value = text_skip(value, octets);
    }
}

void yaml_complain_of_duplicate(struct yaml_complaint *complaint, const struct yaml_node *first,
                                const struct yaml_node *again)
{
    char key[UTF8_QUOTED];
    struct place place = {complaint->file, again->key_line, again->key_column};

    problems_add(complaint->problems, SEVERITY_ERROR, place, "duplicate-key",
                 "'%s' is given twice, first on line %u; keep one", utf8_quote(again->key, key),
                 first->key_line);
}

/* ---- what is no YAML ---- */

/* How libyaml says it, and how we do. `opened`: the place to look at is where the thing began. */
static const struct {
    const char *problem, *context;
    bool opened;
    const char *sentence;
} sentences[] = {
    {"tab character", NULL, false, "a tab indents this line; use spaces"},
    {"unexpected end of stream", "quoted scalar", true, "the quote that opens here is never closed"},
    {"unexpected document indicator", "quoted scalar", true, "the quote that opens here is never closed"},
    {"unknown escape", NULL, false,
     "a backslash in double quotes begins an escape that YAML does not know; use single quotes"},
    {"',' or ']'", NULL, true, "the list that opens here is not closed, or a comma is missing: write [a, b]"},
    {"',' or '}'", NULL, true,
     "the mapping that opens here is not closed, or a comma is missing: write {a: 1, b: 2}"},
    {"mapping values are not allowed", NULL, false,
     "a second ': ' stands here; put the value in quotes, or begin the next key on a line of its own, "
     "indented "
     "as its neighbours"},
    {"block sequence entries are not allowed", NULL, false,
     "a list with '- ' begins on a line of its own; or write [a, b]"},
    {"cannot start any token", NULL, false, "a value cannot begin with this character; put it in quotes"},
    {"expected ':'", NULL, true, "this word has no ':' after it; write KEY: VALUE"},
    {"expected key", NULL, false,
     "this is indented like none of the lines above, or a bracket or quote stands where none belongs"},
    {"'-' indicator", NULL, false, "this line is indented like the list above but does not begin with '- '"},
    {"<document start>", NULL, false, "something follows the end of the document; remove it"},
    {"incompatible YAML document", NULL, false, "the %YAML directive asks for another version; remove it"},
    {"directive", NULL, false, "a % directive is not read here; remove it"},
};

static bool says(const char *message, const char *part)
{
    return part == NULL || (message != NULL && strstr(message, part) != NULL);
}

/* libyaml calls a tab at the start of a line by several names. */
static bool is_tab_at(struct text text, const yaml_mark_t *mark)
{
    size_t line = 0;

    while (text.length > 0 && line < mark->line) {
        line += text.at[0] == '\n' || (text.at[0] == '\r' && !text_starts_with(text, TEXT("\r\n")));
        text = text_skip(text, 1);
    }
    while (text.length > 0 && text.at[0] == ' ')
        text = text_skip(text, 1);
    return text.length > 0 && text.at[0] == '\t';
}

void yaml_complain_of_syntax(struct yaml_complaint *complaint, const yaml_parser_t *parser, struct text text)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        problems_out_of_memory(complaint->problems);
        return;
    }
    if (is_tab_at(text, &parser->problem_mark)) {
        yaml_complain_at(complaint, &parser->problem_mark, "yaml-syntax", "%s", sentences[0].sentence);
        return;
    }
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        if (!says(parser->problem, sentences[i].problem) || !says(parser->context, sentences[i].context))
            continue;
        const yaml_mark_t *mark = sentences[i].opened ? &parser->context_mark : &parser->problem_mark;
        yaml_complain_at(complaint, mark, "yaml-syntax", "%s", sentences[i].sentence);
        return;
    }
    yaml_complain_at(complaint, &parser->problem_mark, "yaml-syntax", "this is not YAML: %s",
                     parser->problem == NULL ? "unreadable" : parser->problem);
}
