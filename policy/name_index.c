/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/name_index.h"

#include <stdlib.h>

#include "policy/domain.h"

#define SLOTS_FIRST 16u

void name_index_deinit(struct name_index *index)
{
    free(index->entry);
    *index = (struct name_index){0};
}

/* The slot that has the name, or the free one where it would go. */
static struct name_entry *slot_of(const struct name_index *index, struct text name)
{
    size_t at = (size_t)domain_hash(name) & index->mask;
    while (index->entry[at].name.length != 0 && !text_equal_ignoring_case(index->entry[at].name, name))
        at = (at + 1) & index->mask;
    return &index->entry[at];
}

static bool grow(struct name_index *index)
{
    struct name_index larger = {.mask = index->entry == NULL ? SLOTS_FIRST - 1 : index->mask * 2 + 1,
                                .count = index->count};

    larger.entry = calloc(larger.mask + 1, sizeof(larger.entry[0]));
    if (larger.entry == NULL)
        return false;
    for (size_t i = 0; index->entry != NULL && i <= index->mask; i++) {
        if (index->entry[i].name.length != 0)
            *slot_of(&larger, index->entry[i].name) = index->entry[i];
    }
    free(index->entry);
    *index = larger;
    return true;
}

struct name_entry *name_index_find(const struct name_index *index, struct text name)
{
    name = domain_without_dot(name);
    if (index->entry == NULL || name.length == 0)
        return NULL;
    struct name_entry *entry = slot_of(index, name);
    return entry->name.length == 0 ? NULL : entry;
}

struct name_entry *name_index_claim(struct name_index *index, struct text name)
{
    name = domain_without_dot(name);
    struct name_entry *entry = name_index_find(index, name);
    if (entry != NULL)
        return entry;
    if ((index->entry == NULL || index->count * 2 > index->mask) && !grow(index))
        return NULL;
    entry = slot_of(index, name);
    *entry = (struct name_entry){.name = name};
    index->count++;
    return entry;
}
