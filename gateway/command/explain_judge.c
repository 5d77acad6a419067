/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/explain.h"

#include <stdarg.h>
#include <string.h>

#include "gateway/sip/message.h"

/* The order of `run`: who the session's peer is, then each request on it, then, outbound, where it goes and
 * who is there. The judging itself is the policy's. */

void explain_note(struct explanation *explanation, const char *name, enum check_result result,
                  const char *format, ...)
{
    va_list arguments;

    if (explanation->check_count == EXPLAIN_CHECKS_MOST)
        return;
    struct explain_check *check = &explanation->check[explanation->check_count++];
    check->stage = explanation->stage;
    check->result = result;
    snprintf(check->name, sizeof(check->name), "%s", name);
    va_start(arguments, format);
    vsnprintf(check->detail, sizeof(check->detail), format, arguments);
    va_end(arguments);
}

static void note(void *context, const char *name, enum check_result result, const char *detail)
{
    explain_note(context, name, result, "%s", detail);
}

/* Those of a column that come after the last one noted of it. */
static void note_not_reached(struct explanation *explanation, size_t since, const char *const *column)
{
    size_t next = 0;

    for (size_t i = 0; column[i] != NULL; i++) {
        for (size_t j = since; j < explanation->check_count; j++) {
            if (strcmp(explanation->check[j].name, column[i]) == 0)
                next = i + 1;
        }
    }
    for (; column[next] != NULL; next++)
        explain_note(explanation, column[next], CHECK_SKIPPED, "%s", EXPLAIN_NOT_REACHED);
}

static void deny(struct explanation *explanation, enum reason reason, const char *detail)
{
    explanation->outcome = EXPLAIN_DENY;
    explanation->reason = reason;
    snprintf(explanation->detail, sizeof(explanation->detail), "%s", detail);
}

static const struct partner *owner_of(const struct explanation *explanation, struct text domain)
{
    return policy_partner_of(&explanation->settings->policy, domain);
}

/* ---- who is there ---- */

static const char *const session_checks[] = {"certificate", "path", "identity", NULL};
static const char *const partner_checks[] = {"certificate", "path", "anchor", "revocation", "identity", NULL};

/* The session of a partner that came to us. False: it is refused at the handshake. */
static bool judge_session(struct explanation *explanation, const struct check_log *log)
{
    struct trust_trace trace = explain_trace(explanation);
    struct peer *peer = &explanation->peer;

    explanation->stage = STAGE_SESSION;
    if (explanation->chain == NULL) {
        explain_note(explanation, "certificate", CHECK_SKIPPED, "none was given (--certificate)");
        note_not_reached(explanation, 0, session_checks);
        return true;
    }
    struct peer_verdict verdict = peer_judge_inbound(&explanation->settings->policy, explanation->chain,
                                                     explanation->now, log, &trace, peer);
    explanation->has_peer = true;
    explain_keep_found_paths(explanation);
    if (verdict.reason == REASON_OK)
        return true;
    if (strcmp(explanation->check[explanation->check_count - 1].name, "partner-state") != 0 &&
        strcmp(explanation->check[explanation->check_count - 1].name, "partner-options") != 0 &&
        strcmp(explanation->check[explanation->check_count - 1].name, "revocation") != 0)
        note_not_reached(explanation, 0, session_checks);
    deny(explanation, verdict.reason, verdict.detail);
    if (peer->partner != NULL)
        explanation->partner = peer->partner;
    explanation->stage = STAGE_REQUEST;
    note_not_reached(explanation, explanation->check_count, message_checks_inbound);
    return false;
}

/* The partner's server that we came to. */
static void judge_partner(struct explanation *explanation, const struct check_log *log)
{
    struct trust_trace trace = explain_trace(explanation);
    size_t since = explanation->check_count;

    explanation->stage = STAGE_PARTNER;
    if (explanation->chain == NULL) {
        explain_note(explanation, "certificate", CHECK_SKIPPED,
                     "none was given; what the partner's server presents is judged at the handshake");
        return;
    }
    struct peer_verdict verdict = peer_judge_outbound(
        &explanation->settings->policy, explanation->partner, explanation->domain, explanation->answer,
        explanation->chain, explanation->now, log, &trace, &explanation->peer);
    explanation->has_peer = true;
    explain_keep_found_paths(explanation);
    if (verdict.reason != REASON_OK)
        deny(explanation, verdict.reason, verdict.detail);
    else
        explanation->accepted =
            peer_may_speak_for(&explanation->peer, explanation->partner, explanation->domain,
                               explanation->answer, explanation->now, NULL)
                .path;
    note_not_reached(explanation, since, partner_checks);
}

/* ---- what is asked ---- */

/* What `run` answers itself. True: it is one of those, and the verdict stands. */
static bool judge_own_request(struct explanation *explanation)
{
    if (!explanation->facts.names_us)
        return false;
    if (text_equal(explanation->facts.method, TEXT("OPTIONS"))) {
        explain_note(explanation, "own-request", CHECK_PASSED, "the gateway answers 200 itself");
        return true;
    }
    explain_note(explanation, "own-request", CHECK_FAILED, "%s",
                 reason_sentence(REASON_METHOD_NOT_SUPPORTED));
    deny(explanation, REASON_METHOD_NOT_SUPPORTED, "");
    return true;
}

static bool check_scheme(struct explanation *explanation)
{
    enum sip_uri_kind kind = explanation->to_uri.kind;

    explanation->stage = STAGE_REQUEST;
    if (kind == SIP_URI_SIP || kind == SIP_URI_SIPS)
        return true;
    explain_note(explanation, "request-uri", CHECK_FAILED, "%s",
                 reason_sentence(REASON_UNSUPPORTED_URI_SCHEME));
    deny(explanation, REASON_UNSUPPORTED_URI_SCHEME, "");
    return false;
}

static void take(struct explanation *explanation, const struct message_verdict *verdict)
{
    explanation->partner = verdict->partner;
    explanation->domain = verdict->domain;
    explanation->accepted = verdict->path;
    if (verdict->verdict == SPEAK_DENIED)
        deny(explanation, verdict->reason, "");
}

/* Nothing else denies, so only the sender is missing. */
static void need_certificate(struct explanation *explanation, const struct partner *partner)
{
    bool with_srv = identity_rule_needs_dns(partner->identity) && explanation->answer == NULL;

    explanation->outcome = EXPLAIN_NEED;
    explanation->reason = REASON_NO_CERTIFICATE;
    snprintf(explanation->need, sizeof(explanation->need),
             "the certificate chain that the sender presents: give --certificate CHAIN.pem%s%.*s%s",
             with_srv ? "; and, for the rule of this partner, the SRV records of " : "",
             with_srv ? (int)explanation->domain.length : 0, with_srv ? explanation->domain.at : "",
             with_srv ? " (--srv or --dns)" : "");
}

static void judge_inbound(struct explanation *explanation, const struct check_log *log)
{
    const struct policy *policy = &explanation->settings->policy;
    const struct message_facts *facts = &explanation->facts;
    struct peer *peer = explanation->chain == NULL ? NULL : &explanation->peer;

    explanation->domain = facts->from_domain;
    explanation->partner = owner_of(explanation, facts->from_domain);
    if (!judge_session(explanation, log) || !check_scheme(explanation))
        return;
    size_t since = explanation->check_count;
    struct message_verdict verdict = message_judge_inbound(policy, peer, facts, NULL, explanation->now, log);
    if (verdict.verdict == SPEAK_NEEDS_SRV) {
        explanation->check_count = since; /* asked again, with the answer */
        const struct srv_answer *answer = explain_srv(explanation, verdict.domain);
        size_t again = explanation->check_count;
        verdict = message_judge_inbound(policy, peer, facts, answer, explanation->now, log);
        since = again;
    }
    take(explanation, &verdict);
    note_not_reached(explanation, since, message_checks_inbound);
    if (verdict.verdict == SPEAK_NEEDS_SRV) {
        explanation->outcome = EXPLAIN_NEED;
        explanation->reason = REASON_DNS_FAILED;
    } else if (peer == NULL && verdict.verdict == SPEAK_DENIED && verdict.reason == REASON_NO_CERTIFICATE) {
        need_certificate(explanation, verdict.partner);
    } else if (verdict.verdict == SPEAK_ALLOWED) {
        judge_own_request(explanation);
    }
}

/* ---- where it goes ---- */

/* The gateway connects to none of them. Of rule dane the reason of the answer tells more. */
static bool all_lie_outside(const struct explanation *explanation, const struct srv_answer *answer)
{
    const struct partner *partner = explanation->partner;

    if (partner->identity != IDENTITY_SRV_TARGET || partner->locate == LOCATE_FIXED)
        return false;
    for (size_t i = 0; i < answer->target_count; i++) {
        if (identity_may_prove_target(partner, explanation->domain, &answer->target[i]))
            return false;
    }
    return answer->target_count > 0;
}

/* False: it cannot be said where, or nowhere. */
static bool judge_location(struct explanation *explanation)
{
    const struct partner *partner = explanation->partner;

    explanation->stage = STAGE_LOCATION;
    if (partner->locate == LOCATE_FIXED)
        explain_note(explanation, "locate", CHECK_PASSED, "fixed: %s:%u%s", partner->fixed[0].host,
                     partner->fixed[0].port, partner->fixed_count > 1 ? " and others" : "");
    if (partner->locate == LOCATE_SRV || identity_rule_needs_dns(partner->identity)) {
        const struct srv_answer *answer = explain_srv(explanation, explanation->domain);
        if (answer == NULL) {
            explain_note(explanation, "addresses", CHECK_SKIPPED, "%s", EXPLAIN_NOT_REACHED);
            explanation->outcome = EXPLAIN_NEED;
            explanation->reason = REASON_DNS_FAILED;
            return false;
        }
        enum reason why = identity_rule_needs_dns(partner->identity) ? identity_answer_reason(partner, answer)
                                                                     : answer->outcome;
        if (why == REASON_OK && all_lie_outside(explanation, answer))
            why = REASON_SRV_TARGET_OUTSIDE_DOMAIN;
        if (why != REASON_OK) {
            deny(explanation, why, "");
            return false;
        }
        if (partner->identity == IDENTITY_DANE && !answer->tlsa_known) {
            explanation->outcome = EXPLAIN_NEED;
            explanation->reason = REASON_DNS_FAILED;
            return false;
        }
    }
    enum reason reason = explain_addresses(explanation, partner);
    if (reason != REASON_OK)
        deny(explanation, reason, "");
    return reason == REASON_OK;
}

static void judge_outbound(struct explanation *explanation, const struct check_log *log)
{
    explanation->stage = STAGE_SESSION;
    explain_note(explanation, "server-listed", CHECK_SKIPPED,
                 "the sender is one of internal.servers, as its own handshake proves");
    explanation->domain = explanation->facts.request_domain;
    if (!check_scheme(explanation))
        return;
    size_t since = explanation->check_count;
    struct message_verdict verdict =
        message_judge_outbound(&explanation->settings->policy, &explanation->facts, explanation->now, log);
    take(explanation, &verdict);
    if (verdict.verdict == SPEAK_DENIED || judge_own_request(explanation)) {
        if (!explanation->facts.names_us)
            note_not_reached(explanation, since, message_checks_outbound);
        return;
    }
    if (judge_location(explanation))
        judge_partner(explanation, log);
}

static void judge_silently(void *context, struct peer *peer)
{
    const struct explanation *explanation = context;
    const struct policy *policy = &explanation->settings->policy;
    bool inbound = explanation->direction == DIRECTION_INBOUND;
    struct text domain = inbound ? explanation->facts.from_domain : explanation->facts.request_domain;
    const struct partner *partner = owner_of(explanation, domain);

    if (inbound)
        (void)peer_judge_inbound(policy, explanation->chain, explanation->now, NULL, NULL, peer);
    else if (partner != NULL)
        (void)peer_judge_outbound(policy, partner, domain, NULL, explanation->chain, explanation->now, NULL,
                                  NULL, peer);
    if (partner != NULL && peer->path_count > 0)
        (void)peer_may_speak_for(peer, partner, domain, NULL, explanation->now, NULL);
}

/* Nothing goes over the network: what `run` has kept of them. */
static void gather_evidence(struct explanation *explanation)
{
    if (explanation->chain == NULL)
        return;
    explanation->evidence =
        evidence_gather(explanation->settings, FETCHER_FOLDER, judge_silently, explanation);
    explanation->peer.evidence = (struct peer_evidence){.fetched = explanation->evidence};
}

void explain_judge(struct explanation *explanation)
{
    struct check_log log = {.check = note, .context = explanation};

    gather_evidence(explanation);

    explanation->outcome = EXPLAIN_ALLOW;
    explanation->reason = REASON_OK;
    if (explanation->direction == DIRECTION_INBOUND)
        judge_inbound(explanation, &log);
    else
        judge_outbound(explanation, &log);
}
