/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash table whose list of entries is a clock: a full cache goes round it, spares what was used since the
 * last time once, and lets go of the first that was not. */
#include "gateway/net/dns_cache.h"

#include "policy/domain.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->name_length = 0) /* a mark that it was not added */
#include <uthash.h>

struct entry {
    UT_hash_handle hh;
    void *value; /* owned, by way of cache->release */
    uint64_t fresh_until, stale_until;
    bool used;
    size_t name_length;
    char name[]; /* lower case, without trailing dot */
};

struct dns_cache {
    struct entry *entries;
    size_t entries_most;
    void (*release)(void *value);
};

uint64_t dns_ttl_positive(uint32_t seconds)
{
    uint64_t milliseconds = (uint64_t)seconds * 1000;
    return milliseconds < DNS_TTL_MOST_MS ? milliseconds : DNS_TTL_MOST_MS;
}

uint64_t dns_ttl_negative(uint32_t seconds)
{
    uint64_t milliseconds = (uint64_t)seconds * 1000;
    if (milliseconds < DNS_NEGATIVE_TTL_LEAST_MS)
        return DNS_NEGATIVE_TTL_LEAST_MS;
    return milliseconds < DNS_NEGATIVE_TTL_MOST_MS ? milliseconds : DNS_NEGATIVE_TTL_MOST_MS;
}

struct dns_cache *dns_cache_create(size_t entries_most, void (*release)(void *value))
{
    struct dns_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        return NULL;
    cache->entries_most = entries_most;
    cache->release = release;
    return cache;
}

static void drop(struct dns_cache *cache, struct entry *entry)
{
    HASH_DEL(cache->entries, entry);
    cache->release(entry->value);
    free(entry);
}

void dns_cache_destroy(struct dns_cache *cache)
{
    if (cache == NULL)
        return;
    while (cache->entries != NULL)
        drop(cache, cache->entries);
    free(cache);
}

static struct entry *find(const struct dns_cache *cache, struct text name)
{
    char key[DOMAIN_LONGEST];
    struct entry *entry = NULL;

    name = domain_without_dot(name);
    if (name.length == 0 || name.length > sizeof key)
        return NULL;
    for (size_t i = 0; i < name.length; i++)
        key[i] = text_lower(name.at[i]);
    HASH_FIND(hh, cache->entries, key, name.length, entry);
    return entry;
}

enum dns_cache_state dns_cache_look(struct dns_cache *cache, struct text name, uint64_t now, void **value)
{
    struct entry *entry = find(cache, name);

    *value = NULL;
    if (entry == NULL || (now >= entry->fresh_until && now >= entry->stale_until))
        return DNS_CACHE_NONE;
    entry->used = true;
    *value = entry->value;
    return now < entry->fresh_until ? DNS_CACHE_FRESH : DNS_CACHE_STALE;
}

/* Puts an entry behind all others. False: no memory. */
static bool link_last(struct dns_cache *cache, struct entry *entry)
{
    HASH_ADD_KEYPTR(hh, cache->entries, entry->name, entry->name_length, entry);
    return entry->name_length > 0;
}

/* Lets go of one entry: the first, from the oldest on, that was not used since it was last passed. */
static void evict(struct dns_cache *cache)
{
    while (cache->entries->used && HASH_COUNT(cache->entries) > 1) {
        struct entry *spared = cache->entries;
        spared->used = false;
        HASH_DEL(cache->entries, spared);
        if (!link_last(cache, spared)) {
            cache->release(spared->value);
            free(spared);
            return;
        }
    }
    drop(cache, cache->entries);
}

static struct entry *add(struct dns_cache *cache, struct text name)
{
    name = domain_without_dot(name);
    if (cache->entries_most == 0 || name.length == 0 || name.length > DOMAIN_LONGEST)
        return NULL;
    struct entry *entry = calloc(1, sizeof *entry + name.length);
    if (entry == NULL)
        return NULL;
    for (size_t i = 0; i < name.length; i++)
        entry->name[i] = text_lower(name.at[i]);
    entry->name_length = name.length;
    if (HASH_COUNT(cache->entries) >= cache->entries_most)
        evict(cache);
    if (link_last(cache, entry))
        return entry;
    free(entry);
    return NULL;
}

void dns_cache_put(struct dns_cache *cache, struct text name, uint64_t now, void *take, uint64_t ttl_ms,
                   uint64_t stale_ms)
{
    struct entry *entry = find(cache, name);
    bool keeps = ttl_ms > 0 || stale_ms > 0;

    if (entry != NULL && !keeps)
        drop(cache, entry);
    else if (entry != NULL)
        cache->release(entry->value);
    else if (keeps)
        entry = add(cache, name);
    if (entry == NULL || !keeps) {
        cache->release(take);
        return;
    }
    entry->value = take;
    entry->fresh_until = now + ttl_ms;
    entry->stale_until = now + ttl_ms + stale_ms;
}

void *dns_cache_prolong(struct dns_cache *cache, struct text name, uint64_t now, uint64_t *fresh_until)
{
    struct entry *entry = find(cache, name);

    if (entry == NULL || now >= entry->stale_until)
        return NULL;
    uint64_t until = now + DNS_STALE_RETRY_MS;
    entry->fresh_until = until < entry->stale_until ? until : entry->stale_until;
    *fresh_until = entry->fresh_until;
    return entry->value;
}

size_t dns_cache_count(const struct dns_cache *cache)
{
    return HASH_COUNT(cache->entries);
}
