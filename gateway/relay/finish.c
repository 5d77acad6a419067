/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <utlist.h>

#include "gateway/relay/answer.h"
#include "gateway/relay/hop.h"
#include "gateway/relay/relay.h"

/* How transactions end, and what they hang on. */

void relay_link_upstream(struct transaction *transaction, struct session *session)
{
    transaction->upstream = session;
    session->in_flight += transaction->is_in_flight;
    DL_APPEND2(session->upstream_transactions, transaction, upstream_previous, upstream_next);
}

void relay_link_downstream(struct transaction *transaction, struct session *session)
{
    transaction->downstream = session;
    session->downstream_count++;
    session->in_flight += transaction->is_in_flight;
    DL_APPEND2(session->downstream_transactions, transaction, downstream_previous, downstream_next);
}

static void take_upstream_off(struct transaction *transaction)
{
    struct session *session = transaction->upstream;

    transaction->upstream = NULL;
    session->in_flight -= transaction->is_in_flight;
    DL_DELETE2(session->upstream_transactions, transaction, upstream_previous, upstream_next);
}

static void take_downstream_off(struct transaction *transaction)
{
    struct session *session = transaction->downstream;

    transaction->downstream = NULL;
    session->downstream_count--;
    session->in_flight -= transaction->is_in_flight;
    DL_DELETE2(session->downstream_transactions, transaction, downstream_previous, downstream_next);
}

static void unlink_upstream(struct transaction *transaction)
{
    struct session *session = transaction->upstream;

    if (session == NULL)
        return;
    take_upstream_off(transaction);
    session_check_drained(session);
}

void relay_unlink_downstream(struct transaction *transaction)
{
    struct session *session = transaction->downstream;

    if (session == NULL)
        return;
    take_downstream_off(transaction);
    session_check_drained(session);
}

static void stop_counting(struct transaction *transaction)
{
    struct shared *shared = transaction->worker->shared;

    if (transaction->is_in_flight) {
        atomic_fetch_sub(&shared->in_flight, 1);
        transaction->worker->in_flight--;
        if (transaction->upstream != NULL)
            transaction->upstream->in_flight--;
        if (transaction->downstream != NULL)
            transaction->downstream->in_flight--;
    }
    if (transaction->counters != NULL)
        atomic_fetch_sub(&transaction->counters->in_flight, 1);
    transaction->counters = NULL;
    if (transaction->is_parked)
        atomic_fetch_sub(&shared->parked, 1);
    transaction->is_in_flight = transaction->is_parked = false;
}

static void let_go(struct transaction *transaction)
{
    buffer_give(&transaction->worker->buffers, transaction->request, transaction->request_length);
    transaction->request = NULL;
    srv_record_set_release(transaction->records);
    transaction->records = NULL;
}

void relay_forget_question(struct transaction *transaction)
{
    transaction->question = NULL;
    discovered_questions_give(&transaction->worker->discovered_questions[transaction->direction],
                              transaction->discovered_place);
    transaction->discovered_place = 0;
}

void relay_free(struct transaction *transaction)
{
    if (transaction->question != NULL)
        resolver_question_abandon(transaction->question);
    relay_forget_question(transaction);
    hop_leave(transaction);
    stop_counting(transaction);
    let_go(transaction);
    unlink_upstream(transaction);
    relay_unlink_downstream(transaction);
    snapshot_release(transaction->snapshot);
    transaction_free(transaction->worker->transactions, transaction);
}

void relay_end(struct transaction *transaction, enum reason reason, int status, const char *detail)
{
    if (transaction->wants_answer ||
        reason != REASON_OK) /* an ACK that crossed has no line, a refused one has */
        audit_transaction(transaction, reason, status, detail);
    relay_free(transaction);
}

void relay_refuse(struct transaction *transaction, enum reason reason, const char *detail)
{
    int status = reason_status(reason, transaction->direction);

    if (reason == REASON_TIMED_OUT && transaction->method != SIP_METHOD_INVITE)
        status = 0; /* RFC 4320 4.2 */
    status = answer_transaction(transaction, status, reason);
    relay_end(transaction, reason, status, detail);
}

void relay_settle(struct transaction *transaction, enum transaction_state state, enum reason reason,
                  int status)
{
    struct worker *worker = transaction->worker;

    audit_transaction(transaction, reason, status, NULL);
    stop_counting(transaction);
    let_go(transaction);
    if (state == TRANSACTION_COMPLETED)
        relay_unlink_downstream(transaction);
    transaction->state = state;
    transaction_start_timer(worker->transactions, transaction, TIMER_LINGER, worker_now(worker));
}

static void upstream_ended(struct transaction *transaction)
{
    bool sent = transaction->state == TRANSACTION_CALLING || transaction->state == TRANSACTION_PROCEEDING;

    if (transaction->state == TRANSACTION_COMPLETED || transaction->state == TRANSACTION_ACCEPTED) {
        relay_free(transaction);
    } else if (sent && transaction->method == SIP_METHOD_INVITE) {
        transaction->cancelled = true; /* nobody is left who could answer the call */
        relay_cancel_downstream(transaction);
    } else {
        relay_end(transaction, REASON_PEER_CLOSED, 0, "the sender's session ended before the answer");
    }
}

static void downstream_ended(struct transaction *transaction, const struct session *session)
{
    bool unproven = session->we_connected && !session->handed_over;

    if (transaction->state == TRANSACTION_ACCEPTED || transaction->state == TRANSACTION_COMPLETED)
        relay_free(transaction);
    else if (transaction->provisional)
        relay_refuse(transaction, REASON_CONNECT_FAILED, "the session ended before the final answer");
    else /* RFC 3261 16.9: as if the target had answered 503 */
        relay_try_next(transaction, unproven ? REASON_TLS_FAILED : REASON_CONNECT_FAILED);
}

void relay_session_ended(struct session *session)
{
    struct transaction *transaction;

    while ((transaction = session->upstream_transactions) != NULL) {
        take_upstream_off(transaction);
        upstream_ended(transaction);
    }
    while ((transaction = session->downstream_transactions) != NULL) {
        take_downstream_off(transaction);
        downstream_ended(transaction, session);
    }
}

static enum reason park_reason(const struct transaction *transaction)
{
    if (transaction->state == TRANSACTION_PARKED)
        return REASON_DNS_FAILED;
    return transaction->failure != REASON_OK ? transaction->failure : REASON_CONNECT_FAILED;
}

/* Timer B or F: no answer at all. Timer C: what rings is cancelled, and its final answer goes up when it
 * comes (RFC 3261 16.8); timer B limits how long that may take. */
static void give_up(struct transaction *transaction)
{
    bool rings = transaction->provisional && transaction->method == SIP_METHOD_INVITE;

    if (rings && !transaction->cancel_sent) {
        transaction->cancelled = true;
        relay_cancel_downstream(transaction);
        if (transaction->cancel_sent)
            return;
    }
    relay_refuse(transaction, REASON_TIMED_OUT, NULL);
}

static void expire(struct transaction *transaction)
{
    if (transaction->state == TRANSACTION_COMPLETED || transaction->state == TRANSACTION_ACCEPTED) {
        relay_free(transaction);
    } else if (transaction->state == TRANSACTION_PARKED || transaction->state == TRANSACTION_SEEKING) {
        relay_refuse(transaction, park_reason(transaction), "limits.park-timeout");
    } else {
        give_up(transaction);
    }
}

void relay_expire(struct worker *worker)
{
    struct transaction *transaction;

    while ((transaction = transaction_next_expired(worker->transactions, worker_now(worker))) != NULL)
        expire(transaction);
}
