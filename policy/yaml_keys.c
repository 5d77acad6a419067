/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/yaml_keys.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/utf8.h"

#define SENTENCE_LONGEST 900

struct place yaml_place(const struct yaml_reading *reading, const struct yaml_node *node)
{
    return (struct place){reading->file, node->line, node->column};
}

void yaml_error(struct yaml_reading *reading, const struct yaml_node *node, const char *token,
                const char *format, ...)
{
    char sentence[SENTENCE_LONGEST];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    problems_add(reading->problems, SEVERITY_ERROR, yaml_place(reading, node), token, "%s", sentence);
}

void yaml_key_error(struct yaml_reading *reading, const struct yaml_node *node, const char *token,
                    const char *format, ...)
{
    char sentence[SENTENCE_LONGEST];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    struct place place = {reading->file, node->key_line, node->key_column};
    problems_add(reading->problems, SEVERITY_ERROR, place, token, "%s", sentence);
}

/* ---- the nearest word ---- */

#define WORD_LONGEST 32u

static char fold(char c)
{
    return c == '_' ? '-' : text_lower(c);
}

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours between two short words. */
static unsigned distance(struct text a, struct text b)
{
    unsigned row[3][WORD_LONGEST + 1];

    for (unsigned j = 0; j <= b.length; j++)
        row[0][j] = j;
    for (unsigned i = 1; i <= a.length; i++) {
        unsigned *now = row[i % 3], *above = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= b.length; j++) {
            bool same = fold(a.at[i - 1]) == fold(b.at[j - 1]);
            now[j] = smaller(above[j - 1] + !same, smaller(above[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && fold(a.at[i - 1]) == fold(b.at[j - 2]) &&
                fold(a.at[i - 2]) == fold(b.at[j - 1]))
                now[j] = smaller(now[j], before[j - 2] + 1);
        }
    }
    return row[a.length % 3][b.length];
}

const char *yaml_nearest(struct text word, const char *(*word_at)(const void *words, size_t index),
                         const void *words)
{
    const char *nearest = NULL;
    const unsigned near = word.length <= 4 ? 1 : 2; /* one slip in a short word, two in a long one */
    unsigned least = near + 1;

    if (word.length == 0 || word.length > WORD_LONGEST)
        return NULL;
    for (size_t i = 0; word_at(words, i) != NULL; i++) {
        struct text candidate = text_of(word_at(words, i));
        if (candidate.length > WORD_LONGEST)
            continue;
        unsigned away = distance(word, candidate);
        /* "message" for "message-size" */
        if (away > near && word.length >= 4 && text_starts_with(candidate, word))
            away = near;
        if (away < least) {
            least = away;
            nearest = candidate.at;
        }
    }
    return nearest;
}

static const char *key_name(const void *words, size_t index)
{
    return ((const struct yaml_key *)words)[index].name;
}

/* ---- a mapping ---- */

static void complain_of_unknown(struct yaml_reading *reading, const struct yaml_node *entry, const char *what,
                                const struct yaml_key *table)
{
    char quoted[UTF8_QUOTED], known[600];
    const char *nearest = yaml_nearest(entry->key, key_name, table);
    size_t used = 0;

    utf8_quote(entry->key, quoted);
    if (nearest != NULL) {
        yaml_key_error(reading, entry, "unknown-key", "'%s' is not a key of %s; did you mean '%s'?", quoted,
                       what, nearest);
        return;
    }
    known[0] = '\0';
    for (size_t i = 0; table[i].name != NULL && used < sizeof(known); i++)
        used +=
            (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i == 0 ? "" : ", ", table[i].name);
    yaml_key_error(reading, entry, "unknown-key", "'%s' is not a key of %s; its keys are %s", quoted, what,
                   known);
}

static const struct yaml_key *key_of(const struct yaml_key *table, struct text name)
{
    for (size_t i = 0; table[i].name != NULL; i++) {
        if (text_equal(text_of(table[i].name), name))
            return &table[i];
    }
    return NULL;
}

const struct yaml_node *yaml_find(const struct yaml_node *mapping, const char *key)
{
    if (mapping == NULL || mapping->kind != YAML_MAPPING)
        return NULL;
    for (const struct yaml_node *entry = mapping->first; entry != NULL; entry = entry->next) {
        if (text_equal(entry->key, text_of(key)))
            return entry;
    }
    return NULL;
}

void yaml_read_mapping(struct yaml_reading *reading, const struct yaml_node *node, const char *what,
                       const struct yaml_key *table, void *target)
{
    if (node->kind == YAML_BROKEN)
        return;
    if (node->kind != YAML_MAPPING) {
        yaml_error(reading, node, "wrong-type", "%s is a mapping; write KEY: VALUE, one a line", what);
        return;
    }
    for (const struct yaml_node *entry = node->first; entry != NULL; entry = entry->next) {
        const struct yaml_key *key = key_of(table, entry->key);
        if (key == NULL) {
            complain_of_unknown(reading, entry, what, table);
            continue;
        }
        struct yaml_field field = {.key = key->name,
                                   .value = (char *)target + key->value,
                                   .count = (size_t *)(void *)((char *)target + key->count),
                                   .detail = key->detail};
        if (entry->kind != YAML_BROKEN)
            key->read(reading, entry, &field);
    }
    for (size_t i = 0; table[i].name != NULL; i++) {
        if (table[i].required && yaml_find(node, table[i].name) == NULL)
            yaml_error(reading, node, "missing-key", "%s needs the key '%s'", what, table[i].name);
    }
}

void yaml_read_section(struct yaml_reading *reading, const struct yaml_node *node,
                       const struct yaml_field *field)
{
    char what[64];
    snprintf(what, sizeof(what), "'%s'", field->key);
    yaml_read_mapping(reading, node, what, field->detail, field->value);
}
