/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/net/resolver_counts.h"

const uint32_t resolver_bucket_ms[RESOLVER_BUCKETS - 1] = {1, 5, 10, 25, 50, 100, 250, 1000, 2000};

void resolver_count_add(resolver_count *counter, uint64_t by)
{
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + by, memory_order_relaxed);
}

void resolver_count_lookup(struct resolver_counts *counts, unsigned kind, enum reason outcome,
                           uint64_t duration_ms)
{
    size_t bucket = 0;

    while (bucket < RESOLVER_BUCKETS - 1 && duration_ms > resolver_bucket_ms[bucket])
        bucket++;
    resolver_count_add(&counts->lookups[kind][outcome], 1);
    resolver_count_add(&counts->durations[kind][bucket], 1);
    resolver_count_add(&counts->duration_ms[kind], duration_ms);
}
