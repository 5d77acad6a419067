/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/revocation_evidence.h"

#include <stdlib.h>
#include <string.h>

#include "policy/keyed_hash.h"

struct evidence_entry *evidence_entry_create(enum evidence_kind kind, struct text key)
{
    struct evidence_entry *entry = calloc(1, sizeof(*entry));

    if (entry == NULL)
        return NULL;
    atomic_init(&entry->references, 1);
    entry->kind = kind;
    entry->key = (struct text){text_copy(key), key.length};
    if (entry->key.at != NULL)
        return entry;
    free(entry);
    return NULL;
}

struct evidence_entry *evidence_entry_hold(struct evidence_entry *entry)
{
    atomic_fetch_add(&entry->references, 1);
    return entry;
}

void evidence_entry_release(struct evidence_entry *entry)
{
    if (entry == NULL || atomic_fetch_sub(&entry->references, 1) > 1)
        return;
    for (size_t i = 0; i < entry->crl_count; i++)
        crl_destroy(entry->crl[i]);
    for (size_t i = 0; i < entry->response_count; i++)
        ocsp_response_destroy(entry->response[i]);
    free((char *)entry->key.at);
    free(entry);
}

struct text evidence_entry_url(const struct evidence_entry *entry)
{
    const char *space = text_find(entry->key, ' ');
    return space == NULL ? entry->key : text_from(entry->key.at, space);
}

static int compare(enum evidence_kind kind, struct text key, const struct evidence_entry *entry)
{
    if (kind != entry->kind)
        return kind < entry->kind ? -1 : 1;
    size_t shorter = key.length < entry->key.length ? key.length : entry->key.length;
    int order = shorter == 0 ? 0 : memcmp(key.at, entry->key.at, shorter);
    if (order != 0)
        return order;
    return key.length < entry->key.length ? -1 : key.length > entry->key.length;
}

static int compare_entries(const void *a, const void *b)
{
    const struct evidence_entry *first = *(struct evidence_entry *const *)a;
    return compare(first->kind, first->key, *(struct evidence_entry *const *)b);
}

struct revocation_evidence *revocation_evidence_create(struct evidence_entry *const *entry, size_t count,
                                                       uint64_t generation, uint64_t changed)
{
    struct revocation_evidence *evidence = calloc(1, sizeof(*evidence));

    if (evidence == NULL)
        return NULL;
    atomic_init(&evidence->references, 1);
    evidence->generation = generation;
    evidence->changed = changed;
    evidence->entry = calloc(count == 0 ? 1 : count, sizeof(struct evidence_entry *));
    if (evidence->entry == NULL) {
        free(evidence);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        evidence->entry[i] = evidence_entry_hold(entry[i]);
    evidence->count = count;
    qsort(evidence->entry, count, sizeof(struct evidence_entry *), compare_entries);
    return evidence;
}

struct revocation_evidence *revocation_evidence_hold(struct revocation_evidence *evidence)
{
    atomic_fetch_add(&evidence->references, 1);
    return evidence;
}

void revocation_evidence_release(struct revocation_evidence *evidence)
{
    if (evidence == NULL || atomic_fetch_sub(&evidence->references, 1) > 1)
        return;
    for (size_t i = 0; i < evidence->count; i++)
        evidence_entry_release(evidence->entry[i]);
    free(evidence->entry);
    free(evidence);
}

const struct evidence_entry *revocation_evidence_find(const struct revocation_evidence *evidence,
                                                      enum evidence_kind kind, struct text key)
{
    size_t low = 0, high = evidence == NULL ? 0 : evidence->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(kind, key, evidence->entry[middle]);
        if (order == 0)
            return evidence->entry[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

uint64_t evidence_mark(enum evidence_kind kind, struct text key)
{
    static const struct hash_key fixed = {{0}}; /* a collision costs a judgement, nothing else */
    return (uint64_t)1 << ((keyed_hash(&fixed, key) + (kind == EVIDENCE_OCSP)) % 64);
}
