/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/seen.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/relay/hash_key.h"
#include "gateway/relay/table.h"

#define SHOWN_MOST 160u /* octets of a name as it is shown */
#define ROOM_MOST (PARTNER_SHOWN_MOST + (SEEN_NAMES + 2) * SHOWN_MOST)
#define PARTNER_SHOWN_MOST 256u

struct entry {
    uint64_t key[2];
    struct seen_leaf leaf;
    char *words; /* owned: all texts of the leaf, one after another */
    UT_hash_handle hh;
};

struct seen {
    pthread_mutex_t lock;
    struct entry *table; /* in the order in which they were shown, the longest ago first */
    struct hash_key key[2];
};

struct seen *seen_create(void)
{
    struct seen *seen = calloc(1, sizeof(*seen));

    if (seen == NULL || !hash_key_random(&seen->key[0]) || !hash_key_random(&seen->key[1])) {
        free(seen);
        return NULL;
    }
    pthread_mutex_init(&seen->lock, NULL);
    return seen;
}

static void forget(struct seen *seen, struct entry *entry)
{
    HASH_DEL(seen->table, entry);
    free(entry->words);
    free(entry);
}

void seen_destroy(struct seen *seen)
{
    if (seen == NULL)
        return;
    while (seen->table != NULL)
        forget(seen, seen->table);
    pthread_mutex_destroy(&seen->lock);
    free(seen);
}

static void make_key(const struct seen *seen, bool is_internal, const char *partner,
                     const struct certificate *leaf, uint64_t key[2])
{
    const struct text pieces[] = {is_internal ? TEXT("internal") : TEXT("external"), text_of(partner),
                                  leaf->subject, leaf->subject_alternative_name};

    for (size_t i = 0; i < 2; i++)
        key[i] = keyed_hash_pieces(&seen->key[i], pieces, sizeof(pieces) / sizeof(pieces[0]));
}

/* Appends what was printed with its NUL. */
static const char *keep(char *room, size_t *used, size_t most)
{
    const char *word = room + *used;
    size_t length = strnlen(word, most - 1);

    room[*used + length] = '\0';
    *used += length + 1;
    return word;
}

static bool describe(struct entry *entry, bool is_internal, const char *partner,
                     const struct certificate *leaf)
{
    char room[ROOM_MOST];
    const char *word[3 + SEEN_NAMES];
    size_t used = 0, count = 0;

    snprintf(room, PARTNER_SHOWN_MOST, "%s", partner);
    word[count++] = keep(room, &used, PARTNER_SHOWN_MOST);
    certificate_subject_print(leaf->subject, room + used, SHOWN_MOST);
    word[count++] = keep(room, &used, SHOWN_MOST);
    certificate_subject_print(leaf->issuer, room + used, SHOWN_MOST);
    word[count++] = keep(room, &used, SHOWN_MOST);
    for (size_t i = 0; i < leaf->name_count && count < 3 + SEEN_NAMES; i++) {
        if (leaf->names[i].kind == CERTIFICATE_NAME_OTHER ||
            certificate_name_print(&leaf->names[i], room + used, SHOWN_MOST) < 0)
            continue;
        word[count++] = keep(room, &used, SHOWN_MOST);
    }
    entry->words = malloc(used);
    if (entry->words == NULL)
        return false;
    memcpy(entry->words, room, used);
    entry->leaf = (struct seen_leaf){.is_internal = is_internal, .ends = leaf->not_after};
    memcpy(entry->leaf.sha256, leaf->sha256, sizeof(leaf->sha256));
    for (size_t i = 0; i < count; i++) {
        const char *at = entry->words + (word[i] - room);
        *(i == 0   ? &entry->leaf.partner
          : i == 1 ? &entry->leaf.subject
          : i == 2 ? &entry->leaf.issuer
                   : &entry->leaf.name[i - 3]) = at;
    }
    return true;
}

static struct entry *make(const uint64_t key[2], bool is_internal, const char *partner,
                          const struct certificate *leaf)
{
    struct entry *entry = calloc(1, sizeof(*entry));

    if (entry == NULL || !describe(entry, is_internal, partner, leaf)) {
        free(entry);
        return NULL;
    }
    memcpy(entry->key, key, sizeof(entry->key));
    return entry;
}

/* It was shown again: now it is the one shown last. */
static bool show_again(struct seen *seen, const uint64_t key[2], const struct certificate *leaf)
{
    struct entry *entry;

    pthread_mutex_lock(&seen->lock);
    HASH_FIND(hh, seen->table, key, 2 * sizeof(*key), entry);
    bool is_same = entry != NULL && memcmp(entry->leaf.sha256, leaf->sha256, sizeof(leaf->sha256)) == 0;
    if (is_same && HASH_COUNT(seen->table) > 1) { /* the table never goes empty: nothing is allocated */
        HASH_DEL(seen->table, entry);
        HASH_ADD(hh, seen->table, key, sizeof(entry->key), entry);
    }
    pthread_mutex_unlock(&seen->lock);
    return is_same;
}

static bool is_of(const struct entry *entry, bool is_internal, const char *partner)
{
    return entry->leaf.is_internal == is_internal && strcmp(entry->leaf.partner, partner) == 0;
}

static struct entry *oldest_of(const struct seen *seen, bool is_internal, const char *partner)
{
    struct entry *entry = seen->table;

    while (entry != NULL && !is_of(entry, is_internal, partner))
        entry = entry->hh.next;
    return entry;
}

/* Who goes when no more fit: the one of the same partner that was shown longest ago; where it has none, one
 * of whoever holds more than half of all places (it remains when two of different partners cancel out). */
static struct entry *victim(const struct seen *seen, const struct seen_leaf *of)
{
    struct entry *entry = oldest_of(seen, of->is_internal, of->partner);
    const struct entry *most = seen->table;
    size_t lead = 0;

    if (entry != NULL)
        return entry;
    for (entry = seen->table; entry != NULL; entry = entry->hh.next) {
        if (lead == 0)
            most = entry;
        lead = is_of(entry, most->leaf.is_internal, most->leaf.partner) ? lead + 1 : lead - 1;
    }
    return most == NULL ? NULL : oldest_of(seen, most->leaf.is_internal, most->leaf.partner);
}

void seen_add(struct seen *seen, bool is_internal, const char *partner, const struct certificate *leaf)
{
    uint64_t key[2];
    struct entry *old;

    make_key(seen, is_internal, partner, leaf, key);
    if (show_again(seen, key, leaf))
        return;
    struct entry *entry = make(key, is_internal, partner, leaf);
    if (entry == NULL)
        return;
    pthread_mutex_lock(&seen->lock);
    HASH_FIND(hh, seen->table, key, sizeof(key), old);
    if (old == NULL && HASH_COUNT(seen->table) >= SEEN_MOST)
        old = victim(seen, &entry->leaf);
    if (old != NULL)
        forget(seen, old);
    HASH_ADD(hh, seen->table, key, sizeof(entry->key), entry);
    bool is_in = entry->hh.tbl != NULL;
    pthread_mutex_unlock(&seen->lock);
    if (!is_in) {
        free(entry->words);
        free(entry);
    }
}

void seen_ending(struct seen *seen, int64_t before, int64_t forgotten,
                 void (*visit)(void *context, const struct seen_leaf *leaf), void *context)
{
    struct entry *entry, *next;

    pthread_mutex_lock(&seen->lock);
    HASH_ITER(hh, seen->table, entry, next)
    {
        if (entry->leaf.ends < forgotten)
            forget(seen, entry);
        else if (entry->leaf.ends < before)
            visit(context, &entry->leaf);
    }
    pthread_mutex_unlock(&seen->lock);
}

size_t seen_count(struct seen *seen)
{
    pthread_mutex_lock(&seen->lock);
    size_t count = HASH_COUNT(seen->table);
    pthread_mutex_unlock(&seen->lock);
    return count;
}
