/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_YAML_KEYS_H
#define FEDGATE_POLICY_YAML_KEYS_H

/* A mapping read by a table of its keys: one row says what a key is called, how its value is read, and into
 * which field. Unknown keys are errors with the nearest known name, missing ones too. The readers of values
 * are in yaml_values.h. */

#include "policy/yaml_reader.h"

/* One reading of one file. */
struct yaml_reading {
    const char *file; /* borrowed; outlives the reading */
    struct problems *problems;
    void *context; /* the loader's own, for its own readers */
};

/* Where a value goes. A value that is wrong is reported and leaves the field as it was. */
struct yaml_field {
    const char *key;    /* its name, for messages */
    void *value;        /* the field itself */
    size_t *count;      /* lists: how many, beside the pointer in `value` */
    const void *detail; /* bounds, words or the table below: what the reader asks for */
};

typedef void yaml_value_reader(struct yaml_reading *reading, const struct yaml_node *node,
                               const struct yaml_field *field);

struct yaml_key {
    const char *name; /* NULL ends the table */
    yaml_value_reader *read;
    size_t value; /* offset of the field in the target */
    size_t count; /* offset of its count; lists only */
    const void *detail;
    bool required;
};

/* Reads `node`, which must be a mapping, into `target` by the table. `what` names the mapping in messages:
 * "a partner file", "internal". */
void yaml_read_mapping(struct yaml_reading *reading, const struct yaml_node *node, const char *what,
                       const struct yaml_key *table, void *target);

/* The entry of a mapping; NULL: there is none, or the node is no mapping. */
const struct yaml_node *yaml_find(const struct yaml_node *mapping, const char *key);

/* A mapping within a mapping: `detail` is its table, and the offsets of that table count from the field. */
yaml_value_reader yaml_read_section;

/* Adds an error at the node's value, or at the key of an entry. */
void yaml_error(struct yaml_reading *reading, const struct yaml_node *node, const char *token,
                const char *format, ...) __attribute__((format(printf, 4, 5)));
void yaml_key_error(struct yaml_reading *reading, const struct yaml_node *node, const char *token,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
struct place yaml_place(const struct yaml_reading *reading, const struct yaml_node *node);

/* The word of `words` (ends with NULL) that `word` is a slip of the pen for; NULL when none is near. */
const char *yaml_nearest(struct text word, const char *(*word_at)(const void *words, size_t index),
                         const void *words);

#endif
