/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "gateway/relay/answer.h"
#include "gateway/relay/hop.h"
#include "gateway/relay/relay.h"

/* A request tries its targets in order (RFC 3263 4.3): a target fails when no session to it can be had, when
 * the session ends before an answer, or when it answers 503. Each try has a branch of its own (RFC 3261 16.6,
 * step 7). */

static void exhausted(struct transaction *transaction)
{
    if (transaction->failure == REASON_RELAYED) {
        /* RFC 3261 16.7, step 6: a 503 concerns the hop that gave it, so upstream hears 500. */
        int status = answer_transaction(transaction, 500, REASON_RELAYED);
        relay_end(transaction, REASON_RELAYED, status, "the next server answered 503");
        return;
    }
    /* Whichever side it lies on: what could not be reached or believed is a 504 for the one who asked. */
    int status = answer_transaction(transaction, reason_status(transaction->failure, DIRECTION_OUTBOUND),
                                    transaction->failure);
    relay_end(transaction, transaction->failure, status, NULL);
}

/* The next target, one that does not rest where there is a choice. NULL with the reason in the transaction.
 */
static struct hop *next_hop(struct transaction *transaction)
{
    struct worker *worker = transaction->worker;
    const struct partner *partner =
        transaction->direction == DIRECTION_OUTBOUND ? transaction->partner : NULL;
    struct hop *first = NULL;

    for (size_t i = transaction->target_next; i < transaction->target_count; i++) {
        struct located_target target = transaction->target[i];
        struct hop *hop = hop_find(worker, partner, target.host, target.port);
        if (hop == NULL)
            break;
        first = first == NULL ? hop : first;
        if (hop_is_resting(hop, worker_now(worker)))
            continue;
        memmove(&transaction->target[transaction->target_next + 1],
                &transaction->target[transaction->target_next],
                (i - transaction->target_next) * sizeof(target));
        transaction->target[transaction->target_next] = target;
        transaction->target_next++;
        return hop;
    }
    if (first == NULL)
        transaction->failure = REASON_OVERLOADED;
    else
        transaction->target_next++;
    return first;
}

static void send_on(struct transaction *transaction, struct session *session)
{
    struct worker *worker = transaction->worker;

    if (!session_send(session, (struct text){transaction->request, transaction->request_length})) {
        relay_try_next(transaction, REASON_OVERLOADED);
        return;
    }
    hop_remember(session, transaction);
    if (transaction->upstream != NULL && session_is_congested(session))
        session_wait_for(transaction->upstream, session);
    if (!transaction->wants_answer) { /* an ACK has no answer, and no line of its own */
        relay_free(transaction);
        return;
    }
    if (transaction->is_parked) {
        transaction->is_parked = false;
        atomic_fetch_sub(&worker->shared->parked, 1);
    }
    transaction->state = TRANSACTION_CALLING;
    transaction->provisional = false;
    relay_link_downstream(transaction, session);
    transaction_start_timer(worker->transactions, transaction, TIMER_B, worker_now(worker));
}

static bool may_wait(struct transaction *transaction, const struct hop *hop)
{
    struct worker *worker = transaction->worker;

    if (hop->waiting_count >= rate_share(worker->snapshot->settings->limits.parked, 4))
        return false;
    if (!transaction->is_parked) {
        if (atomic_fetch_add(&worker->shared->parked, 1) >= worker->snapshot->settings->limits.parked) {
            atomic_fetch_sub(&worker->shared->parked, 1);
            return false;
        }
        transaction->is_parked = true;
    }
    if (transaction->timer != TIMER_PARK)
        transaction_start_timer(worker->transactions, transaction, TIMER_PARK, worker_now(worker));
    return true;
}

void relay_forward(struct transaction *transaction)
{
    struct hop *hop = NULL;

    if (transaction->target_next < transaction->target_count)
        hop = next_hop(transaction);
    else if (transaction->target_count == 0 && transaction->failure == REASON_OK)
        transaction->failure = REASON_ADDRESS_NOT_FOUND;
    if (hop == NULL) {
        exhausted(transaction);
        return;
    }
    struct session *session = hop_session(hop, transaction);
    if (session != NULL) {
        send_on(transaction, session);
        return;
    }
    if (!may_wait(transaction, hop)) {
        relay_refuse(transaction, REASON_OVERLOADED, "limits.parked");
        return;
    }
    hop_wait(hop, transaction);
}

void relay_try_next(struct transaction *transaction, enum reason reason)
{
    char branch[BRANCH_LENGTH];

    transaction->failure = reason;
    relay_unlink_downstream(transaction);
    transaction->state = TRANSACTION_SEEKING;
    if (transaction->cancelled) {
        relay_refuse(transaction, transaction->upstream == NULL ? REASON_PEER_CLOSED : REASON_CANCELLED,
                     "a target failed, and no other was tried");
        return;
    }
    transaction_renew(transaction->worker->transactions, transaction);
    transaction_write_branch(transaction, 0, branch);
    memcpy(transaction->request + transaction->branch_at, branch,
           BRANCH_LENGTH - 16); /* the loop mark stays */
    relay_forward(transaction);
}

void relay_hop_ready(struct transaction *transaction, struct session *session)
{
    send_on(transaction, session);
}

void relay_hop_failed(struct transaction *transaction, enum reason reason)
{
    relay_try_next(transaction, reason);
}
