/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "gateway/relay/answer.h"
#include "gateway/relay/crossing.h"
#include "gateway/relay/records.h"
#include "gateway/relay/request.h"

/* May a request cross? The pure judgement is asked, and what it needs is fetched for it; what may cross is
 * composed and sent on its way. */

/* ---- parking: DNS has to be asked first ---- */

static void answered(void *context, const struct srv_record_set *records)
{
    struct transaction *transaction = context;
    struct worker *worker = transaction->worker;
    struct sip_message message;
    const char *what;

    relay_forget_question(transaction);
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
        &message, (struct text){transaction->request, transaction->request_length},
        transaction->header_length, worker->header, worker->snapshot->settings->limits.header_count, &what);
    if (reason != REASON_OK) { /* the settings changed meanwhile */
        relay_refuse(transaction, reason, what);
        return;
    }
    struct request request = {.worker = worker,
                              .session = transaction->upstream,
                              .message = &message,
                              .parked = transaction,
                              .records = records};
    request_begin(&request);
}

/* A transaction for a request that has just come; NULL after having refused it. */
static struct transaction *admit(struct request *request, const struct partner *partner, bool is_parked)
{
    const char *bound;
    struct transaction *transaction =
        relay_admit(request->session, request->message, &request->key, partner, is_parked, &bound);

    if (transaction == NULL)
        request_refuse(request, REASON_OVERLOADED, partner, TEXT_NONE, bound);
    return transaction;
}

/* False: those that wait for the DNS of discovered domains are too many. */
static bool may_ask(struct transaction *transaction, struct text domain, const struct partner *partner)
{
    struct worker *worker = transaction->worker;
    const struct settings *settings = worker->snapshot->settings;

    if (partner == NULL || !partner->is_discovered)
        return true;
    uint64_t most = rate_share(settings->limits.parked, 4) / settings->workers;
    uint64_t sender = transaction->direction == DIRECTION_INBOUND ? transaction->upstream->sender : 0;
    transaction->discovered_place =
        discovered_questions_take(&worker->discovered_questions[transaction->direction],
                                  &worker->branch_keys[0], domain, sender, most == 0 ? 1 : most);
    return transaction->discovered_place > 0;
}

static void park(struct request *request, struct text domain, const struct partner *partner)
{
    const struct sip_message *message = request->message;

    if (request->parked != NULL) { /* asked already, and the answer was another need: never twice the same */
        request_refuse(request, REASON_DNS_FAILED, partner, TEXT_NONE, "the answer came and is needed again");
        return;
    }
    struct buffer_pool *buffers = &request->worker->buffers;
    char *copy = buffer_take(buffers, message->octets.length);
    if (copy == NULL) {
        request_refuse(request, REASON_OVERLOADED, partner, TEXT_NONE, "no memory");
        return;
    }
    struct transaction *transaction = admit(request, partner, true);
    if (transaction == NULL) {
        buffer_give(buffers, copy, message->octets.length);
        return;
    }
    memcpy(copy, message->octets.at, message->octets.length);
    transaction->request = copy;
    transaction->request_length = message->octets.length;
    transaction->header_length = message->header_length;
    transaction_start_timer(request->worker->transactions, transaction, TIMER_PARK,
                            worker_now(request->worker));
    if (!may_ask(transaction, domain, partner)) {
        relay_refuse(transaction, REASON_OVERLOADED, "too many questions for discovered domains");
        return;
    }
    if (transaction->method == SIP_METHOD_INVITE) /* RFC 3261 17.2.1: within 200 ms, however long DNS takes */
        answer(request->session, message, 100, TEXT_NONE);
    transaction->question = records_ask(request->worker, partner, domain, answered, transaction);
    if (transaction->question == NULL)
        relay_refuse(transaction, REASON_OVERLOADED, "no memory for a DNS question");
}

bool request_records(struct request *request, const struct partner *partner, struct text domain,
                     const struct srv_record_set **records)
{
    if (request->records != NULL) {
        *records = request->records;
        return true;
    }
    return records_peek(request->worker, partner, domain, records);
}

/* ---- letting it cross ---- */

const struct partner *request_sender(const struct session *session)
{
    const struct peer *peer = session->peer;
    return peer->candidate != NULL ? peer->candidate : peer->partner;
}

/* Too many changes, or no memory. One that has just come is not stored yet, so it is answered from what came.
 */
static void refuse_uncomposed(struct request *request, struct transaction *transaction)
{
    static const char why[] = "the message cannot be written for the other side";

    if (request->parked != NULL) {
        relay_refuse(transaction, REASON_OVERLOADED, why);
        return;
    }
    int status = answer_refusal(request->session, request->message, REASON_OVERLOADED, transaction->partner,
                                TEXT_NONE);
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
    size_t parked_length = transaction->request_length;
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
    buffer_give(&worker->buffers, parked_octets, parked_length);
    relay_forward(transaction);
}

static struct message_facts facts_of(const struct request *request)
{
    const struct sip_message *message = request->message;
    const struct sip_uri *from = &message->from.uri;
    const struct route *route = &request->route;
    bool in_dialog = route->has_mark && message->to.has_tag;
    struct message_facts facts = {
        .direction = session_direction(request->session),
        .method = message->method,
        .from_domain = from->kind == SIP_URI_SIP || from->kind == SIP_URI_SIPS ? from->host : TEXT_NONE,
        .request_domain = route->request_uri.host,
        .maddr = sip_uri_maddr(&route->request_uri),
        .route_host = session_direction(request->session) == DIRECTION_INBOUND && route->next.text.length > 0
                          ? route_place(request->worker, message, route)
                          : route->next.host,
        .in_dialog = in_dialog,
        .dialog_domain = in_dialog ? route->mark.domain : TEXT_NONE,
        .dialog_direction = route->mark.direction,
        .names_us = route->names_us,
    };

    /* An unproven dialog of one of our own servers: where its Request-URI is a bare contact, To names the
     * partner. */
    if (facts.direction == DIRECTION_OUTBOUND && !in_dialog && message->to.has_tag &&
        route->own_entries > 0 &&
        partner_set_by_domain(request->worker->snapshot->settings->partners, facts.request_domain) == NULL)
        facts.dialog_domain = message->to.uri.host;
    return facts;
}

static struct message_verdict ask(struct request *request, const struct message_facts *facts,
                                  const struct srv_record_set **records)
{
    const struct policy *policy = &request->worker->snapshot->settings->policy;
    struct peer *peer = request->session->peer;
    int64_t now = worker_wall_clock();

    if (facts->direction == DIRECTION_OUTBOUND)
        return message_judge_outbound(policy, facts, now, NULL);
    struct message_verdict verdict = message_judge_inbound(policy, peer, facts, NULL, now, NULL);
    if (verdict.verdict == SPEAK_NEEDS_SRV &&
        request_records(request, verdict.partner, verdict.domain, records))
        verdict = message_judge_inbound(policy, peer, facts, &(*records)->answer, now, NULL);
    worker_ask_needs(request->worker);
    return verdict;
}

/* Where a request leads that does not lead inside. */
static struct text place_outside(const struct policy *policy, const struct message_facts *facts)
{
    if (!message_place_is_inside(policy, facts->route_host))
        return facts->route_host;
    return message_place_is_inside(policy, facts->maddr) ? facts->request_domain : facts->maddr;
}

/* The token says which check failed; this says what it saw. */
static void refuse_judged(struct request *request, const struct message_verdict *verdict,
                          const struct message_facts *facts, const struct srv_record_set *records)
{
    const struct partner *sender = request_sender(request->session);
    char detail[400] = "", of_records[RECORDS_DETAIL];

    if (records != NULL && records_detail(records, of_records)[0] != '\0')
        snprintf(detail, sizeof(detail), "%s", of_records);
    else if (verdict->reason == REASON_FROM_DOMAIN_NOT_AUTHORIZED && facts->direction == DIRECTION_INBOUND)
        snprintf(detail, sizeof(detail), "From is of %.*s, which belongs to %s; the session is of %s",
                 TEXT_ARGUMENTS(facts->from_domain),
                 verdict->partner == NULL ? "us or no one" : verdict->partner->name,
                 sender == NULL ? "a peer that only DNS can tell" : sender->name);
    else if (verdict->reason == REASON_FROM_DOMAIN_NOT_AUTHORIZED)
        snprintf(detail, sizeof(detail), "From is of %.*s, which is not among internal.domains",
                 TEXT_ARGUMENTS(facts->from_domain));
    else if (verdict->reason == REASON_NOT_OUR_DOMAIN)
        snprintf(detail, sizeof(detail), "leads to %.*s",
                 TEXT_ARGUMENTS(place_outside(&request->worker->snapshot->settings->policy, facts)));
    else if (verdict->reason == REASON_UNKNOWN_DOMAIN)
        snprintf(detail, sizeof(detail), "%.*s", TEXT_ARGUMENTS(verdict->domain));
    request_refuse(request, verdict->reason, verdict->partner, TEXT_NONE, detail);
}

/* For the gateway itself: it answers OPTIONS, and serves nothing else. */
static void serve(struct request *request, const struct partner *partner)
{
    if (request->message->method_kind != SIP_METHOD_OPTIONS) {
        request_refuse(request, REASON_METHOD_NOT_SUPPORTED, partner, TEXT_NONE, NULL);
        return;
    }
    int status = answer(request->session, request->message, 200, TEXT("Accept: */*\r\n"));
    audit_refusal(request->session, request->message, REASON_OK, status, partner, "answered by the gateway");
    if (request->parked != NULL)
        relay_free(request->parked);
}

/* Where DNS says who the servers of the partner are. */
static bool needs_records(const struct message_facts *facts, const struct partner *partner)
{
    return facts->direction == DIRECTION_OUTBOUND &&
           (partner->locate == LOCATE_SRV || identity_rule_needs_dns(partner->identity));
}

/* False: they have to be asked for, or nobody can be reached with them; that is dealt with. */
static bool take_records(struct request *request, const struct message_verdict *verdict,
                         const struct srv_record_set **records)
{
    char detail[RECORDS_DETAIL];

    if (!request_records(request, verdict->partner, verdict->domain, records)) {
        park(request, verdict->domain, verdict->partner);
        return false;
    }
    enum reason reason = records_reason(verdict->partner, *records);
    if (reason != REASON_OK)
        request_refuse(request, reason, verdict->partner, TEXT_NONE, records_detail(*records, detail));
    return reason == REASON_OK;
}

void request_judge(struct request *request)
{
    const struct srv_record_set *records = NULL;
    struct message_facts facts = facts_of(request);
    struct message_verdict verdict = ask(request, &facts, &records);

    if (verdict.verdict == SPEAK_NEEDS_SRV)
        park(request, verdict.domain, verdict.partner);
    else if (verdict.verdict != SPEAK_ALLOWED)
        refuse_judged(request, &verdict, &facts, records);
    else if (facts.direction == DIRECTION_INBOUND &&
             !request_is_within_bounds(request, verdict.partner, &facts))
        return;
    else if (facts.names_us)
        serve(request, verdict.partner);
    else if (!needs_records(&facts, verdict.partner) || take_records(request, &verdict, &records))
        cross(request, &verdict, records);
}
