/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_TALLY_H
#define FEDGATE_RELAY_TALLY_H

/* What each worker counted of one partner. A worker has a block of its own for each partner that it met, so
 * that counting takes no lock and shares no cache line; the blocks of one partner hang on its counters, and
 * live until the gateway ends. One block has about 1.5 kB. */

#include "gateway/log/counts.h"

struct partner_counters;
struct worker;
struct snapshot;
struct partner;

struct tally {
    struct partner_counts counts;
    unsigned worker;    /* whose it is */
    struct tally *next; /* of another worker */
};

/* The worker's block, made when new; its own thread alone may call. NULL: no memory. */
struct tally *tally_find(struct partner_counters *counters, unsigned worker);
void tally_free_all(struct partner_counters *counters);
/* Adds what all workers counted. Any thread. */
void tally_add_up(struct partner_sums *sums, struct partner_counters *counters);

/* The worker's counts of a partner of `one` or `other`, which may be the same; NULL: the partner is of
 * neither, or there is no memory. */
struct partner_counts *tally_of(struct worker *worker, const struct partner *partner, struct snapshot *one,
                                struct snapshot *other);

#endif
