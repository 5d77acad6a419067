/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/relay.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/relay/answer.h"
#include "gateway/relay/crossing.h"
#include "policy/domain.h"

/* One request on its way through this file. */
struct request {
    struct worker *worker;
    struct session *session;
    const struct sip_message *message;
    struct transaction *parked;            /* NULL when it has just come */
    const struct srv_record_set *records;  /* what was parked for; NULL: look into the cache */
    struct route route;
    uint64_t loop_mark;
};

#define RATE_KEY "limits.messages-per-second"

static void begin(struct request *request);

static void refuse(struct request *request, enum reason reason, const struct partner *partner,
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

/* ---- parking ---- */

static void answered(void *context, const struct srv_record_set *records)
{
    struct transaction *transaction = context;
    struct worker *worker = transaction->worker;
    struct sip_message message;
    const char *what;

    transaction->question = NULL;
    if (transaction->upstream == NULL) {
        relay_end(transaction, REASON_PEER_CLOSED, 0, "the sender went away while DNS was asked");
        return;
    }
    if (transaction->snapshot != worker->snapshot) { /* judged under what is in force now */
        snapshot_release(transaction->snapshot);
        transaction->snapshot = snapshot_hold(worker->snapshot);
        transaction->partner = NULL;
        session_judge_again(transaction->upstream);
        if (transaction->upstream->state != SESSION_OPEN) {
            relay_refuse(transaction, transaction->upstream->end_reason, "the session is draining");
            return;
        }
    }
    enum reason reason = sip_message_read(
        &message, (struct text){transaction->request, transaction->request_length}, transaction->header_length,
        worker->header, worker->snapshot->settings->limits.header_count, &what);
    if (reason != REASON_OK) { /* the settings changed meanwhile */
        relay_refuse(transaction, reason, what);
        return;
    }
    struct request request = {.worker = worker,
                              .session = transaction->upstream,
                              .message = &message,
                              .parked = transaction,
                              .records = records};
    begin(&request);
}

/* A transaction for a request that has just come; NULL after having refused it. */
static struct transaction *admit(struct request *request, const struct partner *partner, bool is_parked)
{
    const char *bound;
    struct transaction *transaction =
        relay_admit(request->session, request->message, partner, is_parked, &bound);

    if (transaction == NULL)
        refuse(request, REASON_OVERLOADED, partner, TEXT_NONE, bound);
    return transaction;
}

static void park(struct request *request, struct text domain, const struct partner *partner)
{
    const struct sip_message *message = request->message;

    if (request->parked != NULL) { /* asked already, and the answer was another need: never twice the same */
        refuse(request, REASON_DNS_FAILED, partner, TEXT_NONE, "the answer came and is needed again");
        return;
    }
    char *copy = malloc(message->octets.length);
    if (copy == NULL) {
        refuse(request, REASON_OVERLOADED, partner, TEXT_NONE, "no memory");
        return;
    }
    struct transaction *transaction = admit(request, partner, true);
    if (transaction == NULL) {
        free(copy);
        return;
    }
    memcpy(copy, message->octets.at, message->octets.length);
    transaction->request = copy;
    transaction->request_length = message->octets.length;
    transaction->header_length = message->header_length;
    transaction_start_timer(request->worker->transactions, transaction, TIMER_PARK, worker_now(request->worker));
    if (transaction->method == SIP_METHOD_INVITE) /* RFC 3261 17.2.1: within 200 ms, however long DNS takes */
        answer(request->session, message, 100, TEXT_NONE);
    transaction->question = resolver_federation_srv(request->worker->resolver, domain, answered, transaction);
    if (transaction->question == NULL)
        relay_refuse(transaction, REASON_OVERLOADED, "no memory for a DNS question");
}

/* What DNS says of a domain: from what was asked for, or the cache. False: it has to be asked. */
static bool records_of(struct request *request, struct text domain, const struct srv_record_set **records)
{
    if (request->records != NULL) {
        *records = request->records;
        return true;
    }
    return resolver_peek_federation_srv(request->worker->resolver, domain, records);
}

/* ---- letting it cross ---- */

/* Whom the session was let in as; NULL inside. */
static const struct partner *sender_of(const struct session *session)
{
    const struct peer *peer = session->peer;
    return peer->candidate != NULL ? peer->candidate : peer->partner;
}

/* Of the snapshot that the session was judged under. */
static bool within_rate(struct session *session, const struct partner *partner)
{
    struct partner_counters *counters =
        partner == NULL ? NULL : snapshot_counters(session->worker, session->snapshot, partner);
    return counters == NULL || rate_allows(counters, &partner->limits, (int64_t)uv_hrtime());
}

/* Too many changes, or no memory. One that has just come is not stored yet, so it is answered from what came. */
static void refuse_uncomposed(struct request *request, struct transaction *transaction)
{
    static const char why[] = "the message cannot be written for the other side";

    if (request->parked != NULL) {
        relay_refuse(transaction, REASON_OVERLOADED, why);
        return;
    }
    int status = answer_refusal(request->session, request->message, REASON_OVERLOADED, transaction->partner, TEXT_NONE);
    relay_end(transaction, REASON_OVERLOADED, status, why);
}

static void cross(struct request *request, const struct message_verdict *verdict,
                  const struct srv_record_set *records)
{
    struct worker *worker = request->worker;
    bool inbound = session_direction(request->session) == DIRECTION_INBOUND;
    struct crossing crossing = {
        .worker = worker,
        .from = request->session,
        .message = request->message,
        .route = &request->route,
        .direction = inbound ? DIRECTION_INBOUND : DIRECTION_OUTBOUND,
        .partner = verdict->partner,
        .domain = verdict->domain,
    };

    struct transaction *transaction = request->parked;
    if (transaction == NULL)
        transaction = admit(request, verdict->partner, false);
    if (transaction == NULL)
        return;
    transaction->partner = verdict->partner;
    char *parked_octets = transaction->request; /* message, route and verdict are views into them */
    if (verdict->domain.length > sizeof(transaction->domain) ||
        !crossing_compose(&crossing, transaction, request->loop_mark)) {
        refuse_uncomposed(request, transaction);
        return;
    }
    memcpy(transaction->domain, verdict->domain.at, verdict->domain.length);
    transaction->domain_length = verdict->domain.length;
    if (inbound)
        relay_target_servers(transaction, &request->route);
    else
        relay_target_partner(transaction, &request->route, records);
    transaction->state = TRANSACTION_SEEKING;
    if (transaction->method == SIP_METHOD_INVITE && request->parked == NULL)
        answer(request->session, request->message, 100, TEXT_NONE);
    free(parked_octets);
    relay_forward(transaction);
}

static enum reason size_reason(const struct request *request, const struct partner *partner)
{
    bool inbound = session_direction(request->session) == DIRECTION_INBOUND;
    return inbound && request->message->octets.length > partner->limits.message_size ? REASON_MESSAGE_TOO_LARGE
                                                                                      : REASON_OK;
}

static void judge(struct request *request)
{
    struct worker *worker = request->worker;
    const struct policy *policy = &worker->snapshot->settings->policy;
    const struct sip_message *message = request->message;
    const struct srv_record_set *records = NULL;
    const struct sip_uri *from = &message->from.uri;
    bool inbound = session_direction(request->session) == DIRECTION_INBOUND;
    struct message_facts facts = {
        .direction = session_direction(request->session),
        .method = message->method,
        .from_domain = from->kind == SIP_URI_SIP || from->kind == SIP_URI_SIPS ? from->host : TEXT_NONE,
        .request_domain = request->route.request_uri.host,
        .maddr = sip_uri_maddr(&request->route.request_uri),
        .route_host = request->route.next.host,
        .in_dialog = request->route.has_mark && message->to.has_tag,
        .dialog_domain = request->route.has_mark && message->to.has_tag ? request->route.mark.domain : TEXT_NONE,
        .dialog_direction = request->route.mark.direction,
        .names_us = request->route.names_us,
    };

    /* An unproven dialog of one of our own servers: where its Request-URI is a bare contact, To names the partner. */
    if (!inbound && facts.dialog_domain.length == 0 && message->to.has_tag && request->route.own_entries > 0 &&
        partner_set_by_domain(policy->partners, facts.request_domain) == NULL)
        facts.dialog_domain = message->to.uri.host;

    int64_t now = worker_wall_clock();
    struct message_verdict verdict =
        inbound ? message_judge_inbound(policy, request->session->peer, &facts, NULL, now, NULL)
                : message_judge_outbound(policy, &facts, now, NULL);
    if (verdict.verdict == SPEAK_NEEDS_SRV && records_of(request, verdict.domain, &records))
        verdict = message_judge_inbound(policy, request->session->peer, &facts, &records->answer, now, NULL);
    if (verdict.verdict == SPEAK_DENIED) {
        refuse(request, verdict.reason, verdict.partner, TEXT_NONE, records != NULL ? records->detail : NULL);
        return;
    }
    /* Who speaks for several partners pays for each, but only once it is proven that it may. */
    if (inbound && verdict.verdict == SPEAK_ALLOWED && verdict.partner != sender_of(request->session) &&
        !within_rate(request->session, verdict.partner)) {
        refuse(request, REASON_RATE_LIMITED, verdict.partner, TEXT_NONE, RATE_KEY);
        return;
    }
    if (inbound && verdict.verdict == SPEAK_ALLOWED && !session_believe(request->session, verdict.partner)) {
        refuse(request, REASON_CONNECTION_LIMIT, verdict.partner, TEXT_NONE, "limits.connections of the partner");
        return;
    }
    if (verdict.verdict == SPEAK_NEEDS_SRV) {
        park(request, verdict.domain, verdict.partner);
        return;
    }
    if (facts.names_us) {
        bool options = message->method_kind == SIP_METHOD_OPTIONS;
        if (!options) {
            refuse(request, REASON_METHOD_NOT_SUPPORTED, verdict.partner, TEXT_NONE, NULL);
            return;
        }
        int status = answer(request->session, message, 200, TEXT("Accept: */*\r\n"));
        audit_refusal(request->session, message, REASON_OK, status, verdict.partner, "answered by the gateway");
        if (request->parked != NULL)
            relay_free(request->parked);
        return;
    }
    enum reason reason = size_reason(request, verdict.partner);
    if (reason != REASON_OK) {
        refuse(request, reason, verdict.partner, TEXT_NONE, "limits.message-size of the partner");
        return;
    }
    bool needs_records = !inbound && (verdict.partner->locate == LOCATE_SRV ||
                                      identity_rule_needs_dns(verdict.partner->identity));
    if (needs_records && !records_of(request, verdict.domain, &records)) {
        park(request, verdict.domain, verdict.partner);
        return;
    }
    if (needs_records && records->answer.outcome != REASON_OK) {
        refuse(request, records->answer.outcome, verdict.partner, TEXT_NONE, records->detail);
        return;
    }
    cross(request, &verdict, records);
}

/* ---- what any proxy checks first (RFC 3261 16.3) ---- */

static enum reason check_proxy_require(struct request *request, struct lines *lines)
{
    struct sip_values values = sip_values_of(request->message, SIP_HEADER_PROXY_REQUIRE);
    struct sip_value value;
    size_t count = 0;

    while (sip_values_next(&values, &value) == SIP_NEXT_ITEM) {
        lines_add(lines, count++ == 0 ? TEXT("Unsupported: ") : TEXT(", "));
        lines_add(lines, value.text);
    }
    lines_add(lines, TEXT("\r\n"));
    return count == 0 ? REASON_OK : REASON_UNSUPPORTED_EXTENSION;
}

static void begin(struct request *request)
{
    const struct sip_message *message = request->message;
    struct lines lines;
    const char *what = NULL;

    enum reason reason = route_read(request->worker, message, &request->route, &what);
    if (reason != REASON_OK) {
        refuse(request, reason, NULL, TEXT_NONE, what);
        return;
    }
    request->loop_mark = crossing_loop_mark(request->worker, message, &request->route);
    lines_init(&lines, request->worker->lines, LINES_BUFFER);
    if (message->has_max_forwards && message->max_forwards == 0)
        refuse(request, REASON_TOO_MANY_HOPS, NULL, TEXT_NONE, NULL);
    else if (crossing_is_loop(request->worker, message, request->loop_mark))
        refuse(request, REASON_LOOP_DETECTED, NULL, TEXT_NONE, NULL);
    else if (message->has_max_breadth && message->max_breadth == 0)
        refuse(request, REASON_MAX_BREADTH_EXCEEDED, NULL, TEXT_NONE, NULL);
    else if (message->of_kind[SIP_HEADER_PROXY_REQUIRE].count > 0 &&
             check_proxy_require(request, &lines) != REASON_OK)
        refuse(request, REASON_UNSUPPORTED_EXTENSION, NULL, lines_end(&lines, 0), NULL);
    else
        judge(request);
}

/* ---- CANCEL, ACK, and requests seen before ---- */

static void take_cancel(struct request *request, struct transaction *invite)
{
    if (invite == NULL || invite->method != SIP_METHOD_INVITE) {
        refuse(request, REASON_NO_TRANSACTION, NULL, TEXT_NONE, NULL);
        return;
    }
    int status = answer(request->session, request->message, 200, TEXT_NONE);
    audit_refusal(request->session, request->message, REASON_OK, status, invite->partner, NULL);
    if (invite->state == TRANSACTION_PARKED || invite->state == TRANSACTION_SEEKING) {
        relay_refuse(invite, REASON_CANCELLED, "before it was sent on");
        return;
    }
    invite->cancelled = true;
    relay_cancel_downstream(invite);
}

/* CANCEL is judged like any request, and then concerns its own session's INVITE alone. */
static void judge_cancel(struct request *request, struct transaction *invite)
{
    const struct sip_uri *from = &request->message->from.uri;
    const struct policy *policy = &request->worker->snapshot->settings->policy;
    bool inbound = session_direction(request->session) == DIRECTION_INBOUND;
    struct text domain = from->kind == SIP_URI_SIP || from->kind == SIP_URI_SIPS ? from->host : TEXT_NONE;

    if (inbound) {
        const struct srv_record_set *records = NULL;
        struct message_facts facts = {
            .direction = DIRECTION_INBOUND, .method = request->message->method, .from_domain = domain};
        bool known = records_of(request, domain, &records);
        struct message_verdict verdict =
            message_judge_inbound(policy, request->session->peer, &facts, known ? &records->answer : NULL,
                                  worker_wall_clock(), NULL);
        /* A need is no refusal: the INVITE itself waits for the same answer. */
        if (verdict.verdict == SPEAK_DENIED) {
            refuse(request, verdict.reason, verdict.partner, TEXT_NONE, NULL);
            return;
        }
    } else if (!policy_is_own_domain(policy, domain)) {
        refuse(request, REASON_FROM_DOMAIN_NOT_AUTHORIZED, NULL, TEXT_NONE, NULL);
        return;
    }
    take_cancel(request, invite);
}

static void take_request(struct session *session, const struct sip_message *message)
{
    struct worker *worker = session->worker;
    struct request request = {.worker = worker, .session = session, .message = message};
    struct transaction_key key;

    if (!within_rate(session, sender_of(session))) { /* the sender pays for whatever it sends, and whomever it names */
        refuse(&request, REASON_RATE_LIMITED, sender_of(session), TEXT_NONE, RATE_KEY);
        return;
    }
    if (message->method_kind == SIP_METHOD_NEGOTIATE) { /* Lync's first word on a session; of this hop alone */
        refuse(&request, REASON_METHOD_NOT_SUPPORTED, NULL, TEXT_NONE, NULL);
        return;
    }
    transaction_key_make(&key, worker->branch_keys, session->id, message);
    struct transaction *earlier = transaction_find(worker->transactions, &key);
    if (message->method_kind == SIP_METHOD_CANCEL) {
        judge_cancel(&request, earlier);
        return;
    }
    if (message->method_kind == SIP_METHOD_ACK) {
        if (answer_is_acknowledged(worker, message))
            return;
        if (earlier != NULL && earlier->state == TRANSACTION_COMPLETED) {
            relay_free(earlier);
            return;
        }
    } else if (earlier != NULL) {
        return; /* sent again on a reliable transport: the first one is being served (RFC 3261 17.2.3) */
    }
    if (session->state != SESSION_OPEN || worker->is_stopping) {
        refuse(&request, worker->is_stopping ? REASON_SHUTTING_DOWN : session->end_reason, NULL, TEXT_NONE,
               "the session is draining");
        return;
    }
    begin(&request);
}

void relay_message(struct session *session, struct text octets, size_t header_length)
{
    struct worker *worker = session->worker;
    struct sip_message message;
    const char *what = NULL;

    if (session->snapshot != worker->snapshot)
        session_judge_again(session);
    enum reason reason = sip_message_read(&message, octets, header_length, worker->header,
                                          worker->snapshot->settings->limits.header_count, &what);
    if (message.is_request && session->address_entry != NULL && ++session->unbelieved > SESSION_UNBELIEVED_MOST) {
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
    if (!within_rate(session, sender_of(session)))
        refuse(&request, REASON_RATE_LIMITED, sender_of(session), TEXT_NONE, RATE_KEY);
    else
        refuse(&request, reason, NULL, TEXT_NONE, what);
}

void relay_unframed(struct session *session, struct text octets, size_t header_length, enum reason reason,
                    const char *what)
{
    struct worker *worker = session->worker;
    struct sip_message message = {0};
    const char *ignored;
    int status = 0;

    if (header_length > 0) {
        (void)sip_message_read(&message, (struct text){octets.at, header_length}, header_length, worker->header,
                               worker->snapshot->settings->limits.header_count, &ignored);
        if (message.is_request)
            status = answer_refusal(session, &message, reason, NULL, TEXT_NONE);
    }
    audit_refusal(session, header_length > 0 ? &message : NULL, reason, status, NULL, what);
}
