/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/answer.h"
#include "gateway/relay/request.h"

static void take_cancel(struct request *request, struct transaction *invite)
{
    if (invite == NULL || invite->method != SIP_METHOD_INVITE) {
        request_refuse(request, REASON_NO_TRANSACTION, NULL, TEXT_NONE, NULL);
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

void request_cancel(struct request *request, struct transaction *invite)
{
    const struct sip_uri *from = &request->message->from.uri;
    const struct policy *policy = &request->worker->snapshot->settings->policy;
    bool inbound = session_direction(request->session) == DIRECTION_INBOUND;
    struct text domain = from->kind == SIP_URI_SIP || from->kind == SIP_URI_SIPS ? from->host : TEXT_NONE;

    if (inbound) {
        const struct srv_record_set *records = NULL;
        struct message_facts facts = {
            .direction = DIRECTION_INBOUND, .method = request->message->method, .from_domain = domain};
        bool known =
            request_records(request, policy_partner_of(policy, domain), domain, &records);
        struct message_verdict verdict =
            message_judge_inbound(policy, request->session->peer, &facts, known ? &records->answer : NULL,
                                  worker_wall_clock(), NULL);
        worker_ask_needs(request->worker);
        /* A need is no refusal: the INVITE itself waits for the same answer. */
        if (verdict.verdict == SPEAK_DENIED) {
            request_refuse(request, verdict.reason, verdict.partner, TEXT_NONE, NULL);
            return;
        }
    } else if (!policy_is_own_domain(policy, domain)) {
        request_refuse(request, REASON_FROM_DOMAIN_NOT_AUTHORIZED, NULL, TEXT_NONE, NULL);
        return;
    }
    take_cancel(request, invite);
}
