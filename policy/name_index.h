/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_NAME_INDEX_H
#define FEDGATE_POLICY_NAME_INDEX_H

/* Names -> pointers, ignoring ASCII case. Grows; nothing is ever taken out. Looking up neither copies nor
 * allocates, so any number of threads may do it once the index is complete. */

#include "policy/text.h"

struct name_entry {
    struct text name; /* borrowed; length 0: a free slot */
    void *value;
};

struct name_index {
    struct name_entry *entry; /* owned; a power of two of slots, at most half in use */
    size_t mask, count;
};

void name_index_deinit(struct name_index *index); /* an index of zeroes is an empty one */

/* The entry of a name (not empty), or NULL. */
struct name_entry *name_index_find(const struct name_index *index, struct text name);
/* The same, made if it is missing, with value NULL. NULL: no memory. The entry lives until the next
 * name_index_claim. */
struct name_entry *name_index_claim(struct name_index *index, struct text name);

#endif
