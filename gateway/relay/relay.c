/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/relay.h"

#include "gateway/relay/answer.h"
#include "gateway/relay/crossing.h"
#include "gateway/relay/request.h"

/* A message comes in: what it is, and what any proxy checks before anything else. */

void request_refuse(struct request *request, enum reason reason, const struct partner *partner,
                    struct text extra_lines, const char *detail)
{
    if (request->parked != NULL) {
        request->parked->partner = partner;
        relay_refuse(request->parked, reason, detail);
        return;
    }
    int status = answer_refusal(request->session, request->message, reason, partner, extra_lines);
    audit_refusal(request->session, request->message, reason, status, partner, detail);
}

/* ---- what any proxy checks first (RFC 3261 16.3) ---- */

/* It asks for something of a proxy, and there is nothing that we know: no list that cannot be read is let by,
 * since who comes next may read it. */
static void refuse_required(struct request *request, struct lines *lines)
{
    struct sip_values values = sip_values_of(request->message, SIP_HEADER_PROXY_REQUIRE);
    struct sip_value value;
    enum sip_next next;

    lines_add(lines, TEXT("Unsupported: "));
    while ((next = sip_values_next(&values, &value)) == SIP_NEXT_ITEM) {
        lines_add(lines, value.text);
        lines_add(lines, values.index == SIP_NO_HEADER ? TEXT("\r\n") : TEXT(", "));
    }
    if (next == SIP_NEXT_END)
        request_refuse(request, REASON_UNSUPPORTED_EXTENSION, NULL, lines_end(lines, 0), NULL);
    else
        request_refuse(request, REASON_MALFORMED_MESSAGE, NULL, TEXT_NONE, "Proxy-Require cannot be read");
}

void request_begin(struct request *request)
{
    const struct sip_message *message = request->message;
    struct lines lines;
    const char *what = NULL;

    enum reason reason = route_read(request->worker, message, &request->route, &what);
    if (reason != REASON_OK) {
        request_refuse(request, reason, NULL, TEXT_NONE, what);
        return;
    }
    request->loop_mark = crossing_loop_mark(request->worker, message, &request->route);
    lines_init(&lines, request->worker->lines, LINES_BUFFER);
    if (message->has_max_forwards && message->max_forwards == 0)
        request_refuse(request, REASON_TOO_MANY_HOPS, NULL, TEXT_NONE, NULL);
    else if (crossing_is_loop(request->worker, message, request->loop_mark))
        request_refuse(request, REASON_LOOP_DETECTED, NULL, TEXT_NONE, NULL);
    else if (message->has_max_breadth && message->max_breadth == 0)
        request_refuse(request, REASON_MAX_BREADTH_EXCEEDED, NULL, TEXT_NONE, NULL);
    else if (message->of_kind[SIP_HEADER_PROXY_REQUIRE].count > 0)
        refuse_required(request, &lines);
    else
        request_judge(request);
}

/* ---- ACK, CANCEL, and requests seen before ---- */

static void take_request(struct session *session, const struct sip_message *message)
{
    struct worker *worker = session->worker;
    struct request request = {.worker = worker, .session = session, .message = message};

    if (!request_is_within_rate(&request)) /* the sender pays for whatever it sends, and whomever it names */
        return;
    if (message->method_kind ==
        SIP_METHOD_NEGOTIATE) { /* Lync's first word on a session; of this hop alone */
        request_refuse(&request, REASON_METHOD_NOT_SUPPORTED, NULL, TEXT_NONE, NULL);
        return;
    }
    transaction_key_make(&request.key, &worker->branch_keys[0], session->sender, message);
    struct transaction *earlier = transaction_find(worker->transactions, &request.key);
    if (message->method_kind == SIP_METHOD_CANCEL) {
        request_cancel(&request, earlier);
        return;
    }
    if (message->method_kind == SIP_METHOD_ACK) {
        if (answer_is_acknowledged(worker, message))
            return;
        if (earlier != NULL && earlier->state == TRANSACTION_COMPLETED) {
            relay_free(earlier);
            return;
        }
    } else if (earlier != NULL &&
               earlier->upstream != NULL) { /* else its first sender is gone, and it begins anew */
        return; /* sent again on a reliable transport: the first one is being served (RFC 3261 17.2.3) */
    }
    if (session->state != SESSION_OPEN || (!message->to.has_tag && !worker_takes_requests(worker))) {
        request_refuse(&request, worker->is_stopping ? REASON_SHUTTING_DOWN : session->end_reason, NULL,
                       TEXT_NONE, "the session is draining");
        return;
    }
    request_begin(&request);
}

void relay_message(struct session *session, struct text octets, size_t header_length,
                   const struct sip_line_ends *line_ends)
{
    struct worker *worker = session->worker;
    struct sip_message message;
    const char *what = NULL;

    if (session->snapshot != worker->snapshot)
        session_judge_again(session);
    enum reason reason = sip_message_read_lines(&message, octets, header_length, line_ends, worker->header,
                                                worker->snapshot->settings->limits.header_count, &what);
    if (message.is_request && session->address_entry != NULL &&
        ++session->unbelieved > SESSION_UNBELIEVED_MOST) {
        session_close(session, REASON_RATE_LIMITED, "too many requests, and none that was believed");
        return;
    }
    if (reason == REASON_OK && message.is_request) {
        take_request(session, &message);
        return;
    }
    if (reason == REASON_OK) {
        relay_response(session, &message);
        return;
    }
    if (!message.is_request) { /* a response that cannot be read is dropped (RFC 3261 18.1.2) */
        operation_log(worker->shared->log, LOG_LEVEL_DEBUG, "response-dropped", "session=%llx why=%s",
                      (unsigned long long)session->id, what == NULL ? "" : what);
        return;
    }
    struct request request = {.worker = worker, .session = session, .message = &message};
    if (request_is_within_rate(&request))
        request_refuse(&request, reason, NULL, TEXT_NONE, what);
}

void relay_unframed(struct session *session, struct text octets, size_t header_length, enum reason reason,
                    const char *what)
{
    struct worker *worker = session->worker;
    struct sip_message message = {0};
    const char *ignored;
    int status = 0;

    if (header_length > 0) {
        (void)sip_message_read(&message, (struct text){octets.at, header_length}, header_length,
                               worker->header, worker->snapshot->settings->limits.header_count, &ignored);
        if (message.is_request)
            status = answer_refusal(session, &message, reason, NULL, TEXT_NONE);
    }
    audit_refusal(session, header_length > 0 ? &message : NULL, reason, status, NULL, what);
}
