/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/yaml_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/utf8.h"

void yaml_out_of_memory(struct yaml_reading *reading, const struct yaml_node *node)
{
    yaml_error(reading, node, "out-of-memory", "memory ran out while this was read");
}

/* YAML's own words for nothing. */
static bool is_nothing(const struct yaml_node *node)
{
    return !node->quoted && (node->value.length == 0 || text_equal(node->value, TEXT("~")) ||
                             text_equal_ignoring_case(node->value, TEXT("null")));
}

bool yaml_is_value(struct yaml_reading *reading, const struct yaml_node *node, const struct yaml_field *field,
                   const char *example)
{
    if (node->kind == YAML_BROKEN)
        return false;
    if (node->kind != YAML_SCALAR) {
        yaml_error(reading, node, "wrong-type", "'%s' is one value, not a %s; write %s", field->key,
                   node->kind == YAML_LIST ? "list" : "mapping", example);
        return false;
    }
    if (is_nothing(node) || node->value.length == 0) {
        yaml_error(reading, node, "wrong-type", "'%s' has no value; write %s, or remove the key", field->key,
                   example);
        return false;
    }
    return true;
}

static bool is_single_line(struct yaml_reading *reading, const struct yaml_node *node,
                           const struct yaml_field *field)
{
    if (text_find(node->value, '\n') == NULL && text_find(node->value, '\t') == NULL)
        return true;
    yaml_error(reading, node, "bad-value", "'%s' holds a line feed or a tab; write it on one line",
               field->key);
    return false;
}

static void keep(struct yaml_reading *reading, const struct yaml_node *node, char *value, char **field)
{
    if (value == NULL) {
        yaml_out_of_memory(reading, node);
        return;
    }
    free(*field);
    *field = value;
}

void yaml_read_text(struct yaml_reading *reading, const struct yaml_node *node,
                    const struct yaml_field *field)
{
    if (yaml_is_value(reading, node, field, "a text"))
        keep(reading, node, text_copy(node->value), field->value);
}

void yaml_read_line(struct yaml_reading *reading, const struct yaml_node *node,
                    const struct yaml_field *field)
{
    if (yaml_is_value(reading, node, field, "a text") && is_single_line(reading, node, field))
        keep(reading, node, text_copy(node->value), field->value);
}

void yaml_read_host(struct yaml_reading *reading, const struct yaml_node *node,
                    const struct yaml_field *field)
{
    if (!yaml_is_value(reading, node, field, "a host name"))
        return;
    char *name = yaml_name(reading, node);
    if (name != NULL)
        keep(reading, node, name, field->value);
}

/* ---- true and false ---- */

/* YAML 1.1 had more words for them, and they turned the country code of Norway into false. */
static bool is_old_boolean(struct text word)
{
    static const char *const words[] = {"y", "n", "yes", "no", "on", "off", "true", "false", NULL};
    for (size_t i = 0; words[i] != NULL; i++) {
        if (text_equal_ignoring_case(word, text_of(words[i])))
            return true;
    }
    return false;
}

void yaml_read_boolean(struct yaml_reading *reading, const struct yaml_node *node,
                       const struct yaml_field *field)
{
    char quoted[UTF8_QUOTED];

    if (!yaml_is_value(reading, node, field, "true or false"))
        return;
    bool is_true = text_equal(node->value, TEXT("true"));
    if (!node->quoted && (is_true || text_equal(node->value, TEXT("false")))) {
        *(bool *)field->value = is_true;
        return;
    }
    utf8_quote(node->value, quoted);
    if (is_old_boolean(node->value))
        yaml_error(reading, node, "wrong-type", "'%s: %s' may be read either way; write true or false%s",
                   field->key, quoted, node->quoted ? " without quotes" : " in lower case");
    else
        yaml_error(reading, node, "wrong-type", "'%s' is true or false, not '%s'", field->key, quoted);
}

/* ---- one of some words ---- */

static const char *word_at(const void *words, size_t index)
{
    return ((const struct yaml_word *)words)[index].word;
}

static void complain_of_word(struct yaml_reading *reading, const struct yaml_node *node, const char *key,
                             const struct yaml_word *words)
{
    char quoted[UTF8_QUOTED], known[300];
    const char *nearest = yaml_nearest(node->value, word_at, words);
    size_t used = 0;

    known[0] = '\0';
    for (size_t i = 0; words[i].word != NULL && used < sizeof(known); i++)
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
                                 i == 0                      ? ""
                                 : words[i + 1].word == NULL ? " or "
                                                             : ", ",
                                 words[i].word);
    utf8_quote(node->value, quoted);
    if (nearest != NULL)
        yaml_error(reading, node, "bad-value", "'%s' is %s, not '%s'; did you mean '%s'?", key, known, quoted,
                   nearest);
    else
        yaml_error(reading, node, "bad-value", "'%s' is %s, not '%s'", key, known, quoted);
}

static const struct yaml_word *read_word(struct yaml_reading *reading, const struct yaml_node *node,
                                         const struct yaml_field *field)
{
    const struct yaml_word *words = field->detail;
    char example[64];

    snprintf(example, sizeof(example), "for example %s", words[0].word);
    if (!yaml_is_value(reading, node, field, example))
        return NULL;
    for (const struct yaml_word *word = words; word->word != NULL; word++) {
        if (word->word[0] != '{' && text_equal(node->value, text_of(word->word)))
            return word;
    }
    complain_of_word(reading, node, field->key, words);
    return NULL;
}

void yaml_read_word(struct yaml_reading *reading, const struct yaml_node *node,
                    const struct yaml_field *field)
{
    const struct yaml_word *word = read_word(reading, node, field);
    if (word != NULL)
        memcpy(field->value, &word->value, sizeof(word->value));
}

void yaml_read_switch(struct yaml_reading *reading, const struct yaml_node *node,
                      const struct yaml_field *field)
{
    const struct yaml_word *word = read_word(reading, node, field);
    if (word != NULL)
        *(bool *)field->value = word->value != 0;
}
