/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/rate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/relay/table.h"
#include "gateway/relay/tally.h"

struct entry {
    char *name; /* owned */
    struct partner_counters counters;
    UT_hash_handle hh;
};

struct partner_registry {
    pthread_mutex_t lock; /* for the table alone; the counters are atomic */
    struct entry *table;
};

struct partner_registry *partner_registry_create(void)
{
    struct partner_registry *registry = calloc(1, sizeof(*registry));
    if (registry != NULL)
        pthread_mutex_init(&registry->lock, NULL);
    return registry;
}

void partner_registry_destroy(struct partner_registry *registry)
{
    struct entry *entry, *next;

    if (registry == NULL)
        return;
    HASH_ITER(hh, registry->table, entry, next)
    {
        HASH_DEL(registry->table, entry);
        tally_free_all(&entry->counters);
        free(entry->counters.day);
        free(entry->name);
        free(entry);
    }
    pthread_mutex_destroy(&registry->lock);
    free(registry);
}

struct partner_counters *partner_registry_find(struct partner_registry *registry, const char *name)
{
    struct entry *entry;

    pthread_mutex_lock(&registry->lock);
    HASH_FIND_STR(registry->table, name, entry);
    if (entry == NULL && (entry = calloc(1, sizeof(*entry))) != NULL) {
        entry->name = strdup(name);
        if (entry->name != NULL)
            HASH_ADD_KEYPTR(hh, registry->table, entry->name, strlen(entry->name), entry);
        if (entry->hh.tbl == NULL) {
            free(entry->name);
            free(entry);
            entry = NULL;
        }
    }
    pthread_mutex_unlock(&registry->lock);
    return entry == NULL ? NULL : &entry->counters;
}

struct partner_entry *partner_registry_list(struct partner_registry *registry, size_t *count)
{
    size_t index = 0;

    pthread_mutex_lock(&registry->lock);
    *count = HASH_COUNT(registry->table);
    struct partner_entry *list = *count == 0 ? NULL : malloc(*count * sizeof(*list));
    for (struct entry *entry = registry->table; entry != NULL && list != NULL; entry = entry->hh.next)
        list[index++] = (struct partner_entry){entry->name, &entry->counters};
    pthread_mutex_unlock(&registry->lock);
    *count = index;
    return list;
}

uint64_t rate_share(uint64_t bound, unsigned divisor)
{
    return bound < 64 ? bound : bound / divisor;
}

/* Generic cell rate algorithm: one atomic word says when the next message is due; it may run ahead of the
 * clock by the length of the burst. */
bool rate_passes(_Atomic int64_t *next_arrival_ns, uint32_t per_second, uint32_t burst, int64_t now_ns)
{
    int64_t interval = 1000000000 / (int64_t)per_second;
    int64_t tolerance = interval * (int64_t)burst;
    int64_t due = atomic_load_explicit(next_arrival_ns, memory_order_relaxed);

    while (true) {
        int64_t start = due > now_ns ? due : now_ns;
        int64_t next = start + interval;
        if (next - now_ns > tolerance && start > now_ns)
            return false;
        if (atomic_compare_exchange_weak_explicit(next_arrival_ns, &due, next, memory_order_relaxed,
                                                  memory_order_relaxed))
            return true;
    }
}

bool rate_allows(struct partner_counters *counters, const struct partner_limits *limits, int64_t now_ns)
{
    return rate_passes(&counters->next_arrival_ns, limits->messages_per_second, limits->burst, now_ns);
}
