/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_YAML_READER_H
#define FEDGATE_POLICY_YAML_READER_H

/* YAML text -> a small tree in which every node knows its place. A subset on purpose: one document of
 * mappings, lists and scalars. Anchors, aliases, tags, duplicate keys and unprintable characters are errors.
 */

#include "policy/problem.h"
#include "policy/text.h"

enum yaml_kind {
    YAML_SCALAR,
    YAML_LIST,
    YAML_MAPPING,
    YAML_BROKEN /* an alias: already reported; whoever meets it says no more */
};

struct yaml_node {
    enum yaml_kind kind;
    bool quoted;           /* a scalar in quotes, or a block: never a number, boolean or null */
    unsigned line, column; /* from 1 */
    struct text value;     /* of a scalar; NUL-terminated as well, and holds no NUL itself */
    struct text key;       /* of an entry of a mapping; TEXT_NONE elsewhere. As value */
    unsigned key_line, key_column;
    struct yaml_node
        *first; /* entries of a list or mapping, in order; a key that is given twice is there once */
    struct yaml_node *next; /* the next entry of the same list or mapping */
    size_t count;           /* entries */
};

/* What a text may cost, besides a fixed 100 kB. */
struct yaml_bounds {
    size_t octets; /* checked before anything else */
    size_t nodes;
};
#define YAML_DEPTH_MOST 8u

struct yaml_tree; /* owns its nodes and texts; independent of the text it was read from */

/* NULL: there is no tree, and `problems` says why. With a tree, `problems` may still have got errors
 * (duplicate keys, tags, ...): the caller goes on to find the rest. `file` is for the places only and
 * outlives the problems. */
struct yaml_tree *yaml_read(struct text text, const char *file, const struct yaml_bounds *bounds,
                            struct problems *problems);
const struct yaml_node *yaml_root(const struct yaml_tree *tree);
void yaml_tree_destroy(struct yaml_tree *tree); /* NULL is fine */

#endif
