/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_RATE_H
#define FEDGATE_RELAY_RATE_H

/* What workers share of one partner: its rate and its number of sessions. Kept by name over reloads; never
 * freed before the gateway ends, so that a worker may hold a pointer. */

#include <stdatomic.h>

#include "policy/partner.h"

struct tally;
struct partner_day;

struct partner_counters {
    _Atomic int64_t next_arrival_ns; /* when the next message would be due at the allowed rate (GCRA) */
    atomic_uint sessions_in, sessions_out;
    atomic_ulong in_flight;          /* requests to and from it without a final answer */
    _Atomic(struct tally *) tallies; /* owned; see tally.h */
    struct partner_day
        *day; /* owned; the main thread's: what its last daily line said. NULL: there was none */
};

struct partner_entry {
    const char *name; /* borrowed from the registry */
    struct partner_counters *counters;
};

struct partner_registry; /* name -> counters; any thread */

struct partner_registry *partner_registry_create(void); /* NULL: no memory */
void partner_registry_destroy(struct partner_registry *registry);
/* The counters of a name, made when new. NULL: no memory. */
struct partner_counters *partner_registry_find(struct partner_registry *registry, const char *name);

/* All that are there, in the order in which they were made: an entry keeps its place as long as the registry
 * lives. NULL with *count 0: none, or no memory. The caller owns the array. */
struct partner_entry *partner_registry_list(struct partner_registry *registry, size_t *count);

/* May one more message pass now? Burst and rate are the partner's. `now_ns` is monotonic. */
bool rate_allows(struct partner_counters *counters, const struct partner_limits *limits, int64_t now_ns);

/* The same for any such word, 0 at first. */
bool rate_passes(_Atomic int64_t *next_arrival_ns, uint32_t per_second, uint32_t burst, int64_t now_ns);

/* What one partner, or one next server, may take of a bound that all share: a part of it, where the bound is
 * large enough to have parts. */
uint64_t rate_share(uint64_t bound, unsigned divisor);

#endif
