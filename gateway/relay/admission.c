/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/relay.h"

/* Room for one more request: what is in flight and parked is bounded for the gateway as a whole, and for each
 * partner, so that no partner takes the places of all. */

static bool take(atomic_ulong *count, uint64_t bound)
{
    if (atomic_fetch_add(count, 1) < bound)
        return true;
    atomic_fetch_sub(count, 1);
    return false;
}

static bool take_all(struct worker *worker, struct partner_counters *counters, bool is_parked,
                     const char **bound)
{
    const struct limits *limits = &worker->snapshot->settings->limits;
    struct shared *shared = worker->shared;

    *bound = "limits.in-flight";
    /* Those that only linger for their ACK are no longer in flight, but take memory all the same. */
    if (transaction_table_count(worker->transactions) >= 2 * limits->in_flight ||
        !take(&shared->in_flight, limits->in_flight))
        return false;
    if (counters != NULL && !take(&counters->in_flight, rate_share(limits->in_flight, 2))) {
        *bound = "half of limits.in-flight, for one partner";
        atomic_fetch_sub(&shared->in_flight, 1);
        return false;
    }
    if (!is_parked || take(&shared->parked, limits->parked))
        return true;
    *bound = "limits.parked";
    atomic_fetch_sub(&shared->in_flight, 1);
    if (counters != NULL)
        atomic_fetch_sub(&counters->in_flight, 1);
    return false;
}

static void give_all(struct worker *worker, struct partner_counters *counters, bool is_parked)
{
    atomic_fetch_sub(&worker->shared->in_flight, 1);
    if (counters != NULL)
        atomic_fetch_sub(&counters->in_flight, 1);
    if (is_parked)
        atomic_fetch_sub(&worker->shared->parked, 1);
}

struct transaction *relay_admit(struct session *session, const struct sip_message *message,
                                const struct transaction_key *key, const struct partner *partner,
                                bool is_parked, const char **bound)
{
    struct worker *worker = session->worker;
    struct partner_counters *counters =
        partner == NULL ? NULL : snapshot_counters(worker, worker->snapshot, partner);

    if (!take_all(worker, counters, is_parked, bound))
        return NULL;
    struct transaction *transaction = transaction_create(worker->transactions);
    if (transaction == NULL) {
        give_all(worker, counters, is_parked);
        *bound = "no memory";
        return NULL;
    }
    transaction->worker = worker;
    transaction->counters = counters;
    transaction->is_in_flight = true;
    worker->in_flight++;
    transaction->is_parked = is_parked;
    transaction->snapshot = snapshot_hold(worker->snapshot);
    transaction->direction = session->side == PEER_EXTERNAL ? DIRECTION_INBOUND : DIRECTION_OUTBOUND;
    transaction->method = message->method_kind;
    transaction->wants_answer = message->method_kind != SIP_METHOD_ACK;
    transaction->started = worker_now(worker);
    transaction->partner = partner;
    transaction_keep_words(transaction, message);
    transaction->session_id = session->id;
    transaction->key = *key;
    if (transaction->wants_answer)
        transaction_enter(worker->transactions, transaction, key);
    relay_link_upstream(transaction, session);
    return transaction;
}
