/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/monitor_parts.h"

static const char *const kind_words[RESOLVER_KINDS] = {"srv", "address", "tlsa", "proof"};

/* The sum over all workers. `at`: the offset of the count in struct resolver_counts. */
static uint64_t sum(const struct gateway *gateway, size_t at)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < gateway->worker_count; i++) {
        const char *counts = (const char *)&gateway->worker[i]->dns_counts;
        total += atomic_load_explicit((const resolver_count *)(counts + at), memory_order_relaxed);
    }
    return total;
}

#define SUM(gateway, member) sum(gateway, offsetof(struct resolver_counts, member))
#define SUM_AT(gateway, member, index)                                                                       \
    sum(gateway, offsetof(struct resolver_counts, member) + (index) * sizeof(resolver_count))

static void print_lookups(struct metrics_page *page, const struct gateway *gateway)
{
    metrics_family(page, "fedgate_dns_lookups_total", METRICS_COUNTER,
                   "Questions that went to the DNS, by outcome.");
    for (size_t i = 0; i < RESOLVER_KINDS * REASON_COUNT; i++) {
        uint64_t value = SUM_AT(gateway, lookups, i);
        if (value > 0)
            metrics_value(page, value, "kind", kind_words[i / REASON_COUNT], "outcome",
                          reason_token((enum reason)(i % REASON_COUNT)), NULL);
    }
    metrics_family(page, "fedgate_dns_lookup_duration_seconds", METRICS_HISTOGRAM,
                   "From a question that went to the DNS to its outcome.");
    for (size_t kind = 0; kind < RESOLVER_KINDS; kind++) {
        uint64_t values[RESOLVER_BUCKETS];
        for (size_t i = 0; i < RESOLVER_BUCKETS; i++)
            values[i] = SUM_AT(gateway, durations, kind * RESOLVER_BUCKETS + i);
        metrics_histogram(page, &(struct metrics_buckets){resolver_bucket_ms, values, RESOLVER_BUCKETS},
                          SUM_AT(gateway, duration_ms, kind),
                          (const char *const[]){"kind", kind_words[kind], NULL});
    }
}

static void print_by_kind(struct metrics_page *page, const struct gateway *gateway, const char *name,
                          enum metrics_kind kind, const char *help, size_t at)
{
    metrics_family(page, name, kind, help);
    for (size_t i = 0; i < RESOLVER_KINDS; i++)
        metrics_value(page, sum(gateway, at + i * sizeof(resolver_count)), "kind", kind_words[i], NULL);
}

void monitor_dns(struct metrics_page *page, const struct gateway *gateway)
{
    print_lookups(page, gateway);
    print_by_kind(page, gateway, "fedgate_dns_cache_hits_total", METRICS_COUNTER,
                  "Questions that the cache answered.", offsetof(struct resolver_counts, hits));
    print_by_kind(page, gateway, "fedgate_dns_cache_misses_total", METRICS_COUNTER,
                  "Questions that the cache could not answer.", offsetof(struct resolver_counts, misses));
    print_by_kind(page, gateway, "fedgate_dns_cache_stale_total", METRICS_COUNTER,
                  "Lookups that failed while an expired answer helped out.",
                  offsetof(struct resolver_counts, stale));
    print_by_kind(page, gateway, "fedgate_dns_cache_entries", METRICS_GAUGE, "Answers in the caches.",
                  offsetof(struct resolver_counts, entries));
    metrics_family(page, "fedgate_dns_overloaded_total", METRICS_COUNTER,
                   "Questions that were refused because too many queries wait.");
    metrics_value(page, SUM(gateway, overloaded), NULL);
}
