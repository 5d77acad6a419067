/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "gateway/relay/answer.h"
#include "gateway/relay/border.h"
#include "gateway/relay/relay.h"
#include "gateway/sip/hop_request.h"
#include "policy/domain.h"

/* A response is believed only from the session that its request went to, and goes only to the session that
 * the request came from (RFC 3261 16.7; RFC 6026 7.3: one without a transaction is dropped). */

static bool read_sent(struct transaction *transaction, struct sip_message *sent)
{
    struct worker *worker = transaction->worker;
    const char *what;

    return sip_message_read(sent, (struct text){transaction->request, transaction->request_length},
                            transaction->header_length, worker->stored_header, worker->header_capacity,
                            &what) == REASON_OK;
}

void relay_cancel_downstream(struct transaction *transaction)
{
    struct worker *worker = transaction->worker;
    struct sip_message sent;

    if (transaction->cancel_sent || transaction->downstream == NULL || !transaction->provisional ||
        transaction->request == NULL || !read_sent(transaction, &sent))
        return; /* without a provisional answer CANCEL has to wait for one (RFC 3261 9.1) */
    char *to = session_reserve(transaction->downstream, transaction->header_length);
    if (to == NULL)
        return;
    session_commit(transaction->downstream,
                   sip_cancel_write(to, transaction->header_length, &sent, TEXT_NONE));
    transaction->cancel_sent = true;
    transaction_start_timer(worker->transactions, transaction, TIMER_B, worker_now(worker));
}

/* Each hop acknowledges a refusal of its INVITE itself (RFC 3261 17.1.1.3). */
static void acknowledge(struct transaction *transaction, const struct sip_message *response)
{
    struct sip_message sent;
    size_t most = transaction->header_length + response->header_length;

    if (transaction->method != SIP_METHOD_INVITE || transaction->downstream == NULL ||
        transaction->request == NULL || !read_sent(transaction, &sent))
        return;
    char *to = session_reserve(transaction->downstream, most);
    if (to != NULL)
        session_commit(transaction->downstream, sip_ack_write(to, most, &sent, response));
}

/* False: there is more to be taken out than a plan of edits holds. What cannot be queued, or has nobody to go
 * to any more, is lost. */
static bool pass_up(struct transaction *transaction, const struct sip_message *response)
{
    struct worker *worker = transaction->worker;
    struct session *upstream = transaction->upstream;
    struct sip_edit *edit = worker->edit;
    struct lines lines;

    if (upstream == NULL)
        return true;
    sip_edit_init(edit, response);
    lines_init(&lines, worker->lines, LINES_BUFFER);
    sip_edit_remove_top_via(edit);
    if (transaction->direction == DIRECTION_OUTBOUND)
        border_inward(edit, &lines, worker, response, transaction->downstream->peer, transaction->partner);
    else
        border_outward(edit, response);
    size_t length = lines.out.failed ? 0 : sip_edit_length(edit);
    if (length == 0)
        return false;
    char *to = session_reserve(upstream, length);
    if (to == NULL) { /* the session is no better than broken; closed by the next tick */
        upstream->is_broken = true;
        return true;
    }
    session_commit(upstream, sip_edit_write(edit, to, length));
    if (session_is_congested(upstream) && transaction->downstream != NULL)
        session_wait_for(transaction->downstream, upstream);
    return true;
}

/* What a partner answers is held to his bound as what he asks is. */
static bool is_too_large(const struct transaction *transaction, const struct sip_message *response)
{
    return transaction->direction == DIRECTION_OUTBOUND && transaction->partner != NULL &&
           response->octets.length > transaction->partner->limits.message_size;
}

static void drop(const struct session *session, const struct sip_message *response, const char *why)
{
    operation_log(session->worker->shared->log, LOG_LEVEL_DEBUG, "response-dropped",
                  "session=%llx why=%s status=%d", (unsigned long long)session->id, why, response->status);
}

/* True: it has crossed, as far as it could. Else it is too large, and a final one is the last that its target
 * has to say, so that nobody need wait for more: the transaction has ended. */
static bool let_cross(struct transaction *transaction, const struct sip_message *response)
{
    const char *why = "the answer is over limits.message-size of the partner";

    if (!is_too_large(transaction, response)) {
        if (pass_up(transaction, response))
            return true;
        why = "the answer cannot be written for the other side";
    }
    drop(transaction->downstream, response, why);
    if (response->status >= 200 &&
        (transaction->state == TRANSACTION_CALLING || transaction->state == TRANSACTION_PROCEEDING))
        relay_refuse(transaction, REASON_MESSAGE_TOO_LARGE, why);
    return false;
}

static void take_provisional(struct transaction *transaction, const struct sip_message *response)
{
    struct worker *worker = transaction->worker;

    if (transaction->state != TRANSACTION_CALLING && transaction->state != TRANSACTION_PROCEEDING)
        return;
    if (transaction->method != SIP_METHOD_INVITE)
        return; /* RFC 4320 4.1 */
    bool first = !transaction->provisional;
    transaction->provisional = true;
    transaction->state = TRANSACTION_PROCEEDING;
    if (!transaction->cancel_sent)
        transaction_start_timer(worker->transactions, transaction, TIMER_C, worker_now(worker));
    if (response->status > 100)
        (void)let_cross(transaction, response);
    if (first && transaction->cancelled)
        relay_cancel_downstream(transaction);
}

static void take_success(struct transaction *transaction, const struct sip_message *response)
{
    bool again = transaction->state == TRANSACTION_ACCEPTED;

    if (!let_cross(transaction, response) || again)
        return; /* another leg behind a fork, or the same 2xx again: both are the caller's to acknowledge */
    if (transaction->method == SIP_METHOD_INVITE)
        relay_settle(transaction, TRANSACTION_ACCEPTED, REASON_OK, response->status);
    else
        relay_end(transaction, REASON_OK, response->status, NULL);
}

static void take_refusal(struct transaction *transaction, const struct sip_message *response)
{
    if (transaction->state != TRANSACTION_CALLING && transaction->state != TRANSACTION_PROCEEDING)
        return;
    acknowledge(transaction, response);
    if (response->status == 503) {
        relay_try_next(transaction, REASON_RELAYED);
        return;
    }
    if (!let_cross(transaction, response))
        return;
    if (transaction->method == SIP_METHOD_INVITE && transaction->upstream != NULL)
        relay_settle(transaction, TRANSACTION_COMPLETED, REASON_RELAYED, response->status);
    else
        relay_end(transaction, REASON_RELAYED, response->status, NULL);
}

static const char *why_stray(const struct session *session, const struct sip_message *response,
                             const struct transaction *transaction)
{
    const struct settings *settings = session->worker->snapshot->settings;
    const char *host = session->side == PEER_INTERNAL ? settings->internal.host : settings->external.host;

    if (!domain_equal(response->via.sent_by.host, text_of(host)))
        return "the top Via is not ours";
    if (transaction == NULL)
        return "no transaction";
    if (transaction->downstream != session)
        return "the request went to another session";
    if (sip_method_of(response->cseq_method) != transaction->method)
        return "CSeq has another method";
    if (response->of_kind[SIP_HEADER_VIA].count < 2 && response->via_rest.length == 0)
        return "no Via is left";
    return NULL;
}

void relay_response(struct session *session, const struct sip_message *response)
{
    struct worker *worker = session->worker;
    struct transaction *transaction = transaction_by_branch(worker->transactions, response->via.branch);

    /* The answer to a CANCEL of ours has its branch and ends here. */
    if (transaction != NULL && transaction->cancel_sent && transaction->downstream == session &&
        text_equal(response->cseq_method, TEXT("CANCEL")))
        return;
    const char *why = why_stray(session, response, transaction);
    if (why != NULL) {
        drop(session, response, why);
        return;
    }
    if (response->status < 200)
        take_provisional(transaction, response);
    else if (response->status < 300)
        take_success(transaction, response);
    else
        take_refusal(transaction, response);
}
