/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/tally.h"

#include <stdlib.h>

#include "gateway/relay/worker.h"

struct tally *tally_find(struct partner_counters *counters, unsigned worker)
{
    struct tally *first = atomic_load_explicit(&counters->tallies, memory_order_acquire);

    for (struct tally *tally = first; tally != NULL; tally = tally->next) {
        if (tally->worker == worker)
            return tally;
    }
    struct tally *tally = calloc(1, sizeof(*tally));
    if (tally == NULL)
        return NULL;
    tally->worker = worker;
    tally->next = first;
    while (!atomic_compare_exchange_weak_explicit(&counters->tallies, &tally->next, tally,
                                                  memory_order_release, memory_order_acquire))
        ;
    return tally;
}

void tally_free_all(struct partner_counters *counters)
{
    struct tally *tally = atomic_exchange(&counters->tallies, NULL);

    while (tally != NULL) {
        struct tally *next = tally->next;
        free(tally);
        tally = next;
    }
}

void tally_add_up(struct partner_sums *sums, struct partner_counters *counters)
{
    for (struct tally *tally = atomic_load_explicit(&counters->tallies, memory_order_acquire); tally != NULL;
         tally = tally->next)
        partner_counts_add_up(sums, &tally->counts);
}

/* A partner knows its place, not its set. */
static bool is_of(const struct partner *partner, const struct snapshot *snapshot)
{
    const struct partner_set *set = snapshot->settings->partners;
    return partner->index < partner_set_count(set) && partner_set_at(set, partner->index) == partner;
}

struct partner_counts *tally_of(struct worker *worker, const struct partner *partner, struct snapshot *one,
                                struct snapshot *other)
{
    if (partner == NULL)
        return NULL;
    struct snapshot *snapshot = is_of(partner, one) ? one : is_of(partner, other) ? other : NULL;
    if (snapshot == NULL)
        return NULL;
    struct tally **entry = &snapshot->tallies[partner->index];
    if (*entry == NULL) {
        struct partner_counters *counters = snapshot_counters(worker, snapshot, partner);
        *entry = counters == NULL ? NULL : tally_find(counters, worker->index);
    }
    return *entry == NULL ? NULL : &(*entry)->counts;
}
