/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Names, addresses and paths, alone and in lists. */

#include <stdlib.h>

#include "policy/domain.h"
#include "policy/name_index.h"
#include "policy/partner_file.h"
#include "policy/utf8.h"
#include "policy/yaml_values.h"

/* ---- names ---- */

static bool is_ascii(struct text t)
{
    for (size_t i = 0; i < t.length; i++) {
        if ((unsigned char)t.at[i] >= 0x80)
            return false;
    }
    return true;
}

/* Why it is no name, for whoever wrote it. */
static const char *why_no_name(struct text written)
{
    if (written.length == 0)
        return "is empty; write a name";
    if (!is_ascii(written))
        return "is written in Unicode; write its A-labels, the form that begins with xn--";
    if (text_find(written, '*') != NULL)
        return "is a pattern; names are exact here, so list each one";
    if (written.at[0] == '.')
        return "begins with a dot; names are exact here, so list each one";
    if (text_find(written, '@') != NULL || text_find(written, '/') != NULL ||
        text_starts_with(written, TEXT("sip:")) || text_starts_with(written, TEXT("sips:")))
        return "is an address or URI; write the bare domain";
    if (domain_is_address(written))
        return "is an IP address or has a port; write a bare name";
    return "is not a name; labels are 1 to 63 letters, digits or hyphens with dots between, 253 octets in "
           "all";
}

char *yaml_name(struct yaml_reading *reading, const struct yaml_node *node)
{
    char quoted[UTF8_QUOTED];

    if (!domain_is_valid(node->value)) {
        yaml_error(reading, node, "bad-domain", "'%s' %s", utf8_quote(node->value, quoted),
                   why_no_name(node->value));
        return NULL;
    }
    char *name = text_copy_lower(domain_without_dot(node->value));
    if (name == NULL)
        yaml_out_of_memory(reading, node);
    return name;
}

/* ".x": x and its subdomains. */
static char *blocked_name(struct yaml_reading *reading, const struct yaml_node *node)
{
    char quoted[UTF8_QUOTED];

    if (text_starts_with(node->value, TEXT("*."))) {
        yaml_error(reading, node, "bad-domain", "'%s' is a pattern; write %s for the domain and all below it",
                   utf8_quote(node->value, quoted), quoted + 1);
        return NULL;
    }
    if (node->value.length < 2 || node->value.at[0] != '.')
        return yaml_name(reading, node);
    if (!domain_is_valid(text_skip(node->value, 1))) {
        yaml_error(reading, node, "bad-domain", "'%s' has no name behind its dot; write .a.example",
                   utf8_quote(node->value, quoted));
        return NULL;
    }
    char *name = text_copy_lower(domain_without_dot(node->value));
    if (name == NULL)
        yaml_out_of_memory(reading, node);
    return name;
}

/* ---- lists ---- */

bool yaml_is_list(struct yaml_reading *reading, const struct yaml_node *node, const struct yaml_field *field,
                  bool needs_one, const char *example)
{
    if (node->kind == YAML_BROKEN)
        return false;
    if (node->kind != YAML_LIST) {
        yaml_error(reading, node, "wrong-type", "'%s' is a list; write %s", field->key, example);
        return false;
    }
    if (needs_one && node->count == 0) {
        yaml_error(reading, node, "bad-value", "'%s' is empty; list at least one, %s", field->key, example);
        return false;
    }
    return true;
}

bool yaml_is_entry(struct yaml_reading *reading, const struct yaml_node *entry,
                   const struct yaml_field *field, const char *example)
{
    if (entry->kind == YAML_SCALAR && entry->value.length > 0)
        return true;
    if (entry->kind != YAML_BROKEN)
        yaml_error(reading, entry, "wrong-type", "an entry of '%s' is %s; write %s", field->key,
                   entry->kind == YAML_SCALAR ? "empty"
                   : entry->kind == YAML_LIST ? "a list of its own"
                                              : "a mapping",
                   example);
    return false;
}

/* Was the text listed before? Reports it. Ignores case, as names do. */
static bool is_again(struct yaml_reading *reading, const struct yaml_node *entry, struct name_index *seen,
                     const char *text)
{
    char quoted[UTF8_QUOTED];
    struct name_entry *slot = name_index_claim(seen, text_of(text));

    if (slot == NULL) {
        yaml_out_of_memory(reading, entry);
        return true;
    }
    if (slot->value != NULL) {
        yaml_error(reading, entry, "duplicate-entry", "'%s' is listed twice, first on line %u; keep one",
                   utf8_quote(entry->value, quoted), ((const struct yaml_node *)slot->value)->line);
        return true;
    }
    slot->value = (void *)(uintptr_t)entry;
    return false;
}

/* The array of a list of texts; the entries come from `read`. */
static void read_texts(struct yaml_reading *reading, const struct yaml_node *node,
                       const struct yaml_field *field, const char *example,
                       char *(*read)(struct yaml_reading *, const struct yaml_node *), bool each_once)
{
    char **texts;
    size_t count = 0;
    struct name_index seen = {0};

    if (!yaml_is_list(reading, node, field, false, example))
        return;
    texts = calloc(node->count + 1, sizeof(texts[0]));
    if (texts == NULL) {
        yaml_out_of_memory(reading, node);
        return;
    }
    for (const struct yaml_node *entry = node->first; entry != NULL; entry = entry->next) {
        char *text = yaml_is_entry(reading, entry, field, example) ? read(reading, entry) : NULL;
        if (text != NULL && each_once && is_again(reading, entry, &seen, text)) {
            free(text);
            continue;
        }
        if (text != NULL)
            texts[count++] = text;
    }
    name_index_deinit(&seen);
    *(char ***)field->value = texts;
    *field->count = count;
}

void yaml_read_names(struct yaml_reading *reading, const struct yaml_node *node,
                     const struct yaml_field *field)
{
    read_texts(reading, node, field, "[a.example, b.example]", yaml_name, true);
}

void yaml_read_some_names(struct yaml_reading *reading, const struct yaml_node *node,
                          const struct yaml_field *field)
{
    if (yaml_is_list(reading, node, field, true, "[a.example, b.example]"))
        yaml_read_names(reading, node, field);
}

void yaml_read_blocked_names(struct yaml_reading *reading, const struct yaml_node *node,
                             const struct yaml_field *field)
{
    read_texts(reading, node, field, "[a.example, .b.example]", blocked_name, true);
}

/* ---- paths ---- */

static char *path_of(struct yaml_reading *reading, const struct yaml_node *node)
{
    if (text_find(node->value, '\n') != NULL) {
        yaml_error(reading, node, "bad-value", "the path runs over two lines; write it on one");
        return NULL;
    }
    char *path = path_beside(reading->file, node->value.at);
    if (path == NULL)
        yaml_out_of_memory(reading, node);
    return path;
}

void yaml_read_path(struct yaml_reading *reading, const struct yaml_node *node,
                    const struct yaml_field *field)
{
    if (!yaml_is_value(reading, node, field, "a path"))
        return;
    char *path = path_of(reading, node);
    if (path == NULL)
        return;
    free(*(char **)field->value);
    *(char **)field->value = path;
}

void yaml_read_paths(struct yaml_reading *reading, const struct yaml_node *node,
                     const struct yaml_field *field)
{
    read_texts(reading, node, field, "[first.pem, second.pem]", path_of, false);
}

/* A CRL may come from elsewhere. */
static char *source_of(struct yaml_reading *reading, const struct yaml_node *node)
{
    if (!text_equal(node->value, TEXT("from-certificate")) &&
        !text_starts_with(node->value, TEXT("http://")) && !text_starts_with(node->value, TEXT("https://")))
        return path_of(reading, node);
    char *source = text_copy(node->value);
    if (source == NULL)
        yaml_out_of_memory(reading, node);
    return source;
}

void yaml_read_sources(struct yaml_reading *reading, const struct yaml_node *node,
                       const struct yaml_field *field)
{
    read_texts(reading, node, field, "[first.crl, second.crl]", source_of, false);
}
