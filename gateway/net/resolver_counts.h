/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_RESOLVER_COUNTS_H
#define FEDGATE_NET_RESOLVER_COUNTS_H

/* What resolvers did, for metrics. Written by the loop's thread alone, without locked instructions; read by
 * any. They outlive the resolver, since a reload may bring another one, and go on counting there. */

#include "policy/reason.h"
#include "policy/text.h"

#include <stdatomic.h>

#define RESOLVER_KINDS                                                                                       \
    4u /* of questions: SRV records of a domain, addresses of a host, TLSA records of a server, and the      \
          proof of a domain, which asks the others */
#define RESOLVER_BUCKETS 10u /* of durations; the last one is without bound */

typedef _Atomic uint64_t resolver_count;

struct resolver_counts {
    resolver_count lookups[RESOLVER_KINDS][REASON_COUNT]; /* that went to the DNS, by outcome */
    resolver_count durations[RESOLVER_KINDS][RESOLVER_BUCKETS];
    resolver_count duration_ms[RESOLVER_KINDS]; /* their sum */
    resolver_count hits[RESOLVER_KINDS];        /* questions that the cache answered */
    resolver_count misses[RESOLVER_KINDS];      /* that it could not */
    resolver_count stale[RESOLVER_KINDS];       /* lookups that failed, and an expired answer helped out */
    resolver_count overloaded;                  /* questions refused: too many queries wait */
    resolver_count entries[RESOLVER_KINDS];     /* in the cache now */
};

/* Upper bounds of the buckets in ms, but for the last. */
extern const uint32_t resolver_bucket_ms[RESOLVER_BUCKETS - 1];

void resolver_count_add(resolver_count *counter, uint64_t by);
void resolver_count_lookup(struct resolver_counts *counts, unsigned kind, enum reason outcome,
                           uint64_t duration_ms);

#endif
