/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/message_judgement.h"

#include "policy/domain.h"

const char *const message_checks_inbound[] = {
    "from",          "blocked",   "partner", "anchor",      "revocation", "identity",
    "partner-state", "direction", "method",  "destination", NULL};
const char *const message_checks_outbound[] = {"from",      "blocked", "partner", "partner-state",
                                               "direction", "method",  NULL};

static struct message_verdict deny(const struct check_log *log, const char *check, enum reason reason,
                                   const struct partner *partner, struct text domain)
{
    check_log_add(log, check, CHECK_FAILED, "%s", reason_sentence(reason));
    return (struct message_verdict){
        .verdict = SPEAK_DENIED, .reason = reason, .partner = partner, .domain = domain};
}

bool method_is_governed(struct text method)
{
    return !text_equal(method, TEXT("ACK")) && !text_equal(method, TEXT("CANCEL")) &&
           !text_equal(method, TEXT("PRACK")) && !text_equal(method, TEXT("UPDATE")) &&
           !text_equal(method, TEXT("BYE"));
}

static bool is_cancel(const struct message_facts *facts)
{
    return text_equal(facts->method, TEXT("CANCEL"));
}

/* A mark proves a dialog with one partner, or one discovered domain; it is of no use to another. */
static bool continues_dialog(const struct partner *partner, const struct message_facts *facts)
{
    if (!facts->in_dialog || !partner->is_discovered)
        return facts->in_dialog && partner_owns_domain(partner, facts->dialog_domain);
    return facts->direction == DIRECTION_OUTBOUND || domain_equal(facts->from_domain, facts->dialog_domain);
}

/* A dialog may go on both ways where its first request could have crossed. */
static bool direction_is_allowed(const struct partner *partner, const struct message_facts *facts,
                                 enum direction direction)
{
    enum direction first = continues_dialog(partner, facts) ? facts->dialog_direction : direction;
    uint32_t wanted = first == DIRECTION_INBOUND ? PARTNER_DIRECTION_INBOUND : PARTNER_DIRECTION_OUTBOUND;
    return is_cancel(facts) || (partner->direction & wanted) != 0;
}

/* What both directions ask of the partner itself: its state, and what its file allows. */
static enum reason check_partner(const struct partner *partner, const struct message_facts *facts,
                                 enum direction direction, int64_t now, const struct check_log *log)
{
    enum reason state = partner_state(partner, now);
    if (state != REASON_OK) {
        check_log_add(log, "partner-state", CHECK_FAILED, "%s", reason_sentence(state));
        return state;
    }
    check_log_add(log, "partner-state", CHECK_PASSED, "%s is in force", partner->name);
    if (!direction_is_allowed(partner, facts, direction)) {
        check_log_add(log, "direction", CHECK_FAILED, "%s", reason_sentence(REASON_DIRECTION_NOT_ALLOWED));
        return REASON_DIRECTION_NOT_ALLOWED;
    }
    check_log_add(log, "direction", CHECK_PASSED, "%s",
                  continues_dialog(partner, facts) ? "within a dialog" : "allowed");
    if (method_is_governed(facts->method) && !partner_allows_method(partner, facts->method)) {
        check_log_add(log, "method", CHECK_FAILED, "%s", reason_sentence(REASON_METHOD_NOT_ALLOWED));
        return REASON_METHOD_NOT_ALLOWED;
    }
    check_log_add(log, "method", CHECK_PASSED, "%.*s", TEXT_ARGUMENTS(facts->method));
    return REASON_OK;
}

/* At the message a name that proves another domain of the same peer is a matter of the sender, not of the
 * session. */
static enum reason sender_reason(const struct partner *partner, enum reason reason)
{
    if (reason == REASON_UNTRUSTED_CHAIN)
        return REASON_FROM_DOMAIN_NOT_AUTHORIZED;
    if (reason == REASON_IDENTITY_MISMATCH && !identity_rule_needs_dns(partner->identity))
        return REASON_FROM_DOMAIN_NOT_AUTHORIZED;
    return reason;
}

bool message_place_is_inside(const struct policy *policy, struct text host)
{
    return host.length == 0 || policy_is_own_domain(policy, host) || policy_lists_server(policy, host);
}

static bool leads_inside(const struct policy *policy, const struct partner *partner,
                         const struct message_facts *facts)
{
    if (facts->names_us || is_cancel(facts) || continues_dialog(partner, facts))
        return true;
    if (!message_place_is_inside(policy, facts->route_host) || !message_place_is_inside(policy, facts->maddr))
        return false;
    return policy_is_own_domain(policy, facts->request_domain);
}

/* Nobody is known: for explain, which may be asked without a certificate. */
static struct speak_result nobody_may_speak(const struct check_log *log)
{
    check_log_add(log, "anchor", CHECK_SKIPPED, "no certificate was given");
    check_log_add(log, "revocation", CHECK_SKIPPED, "no certificate was given");
    check_log_add(log, "identity", CHECK_SKIPPED, "no certificate was given");
    return (struct speak_result){.verdict = SPEAK_DENIED, .reason = REASON_NO_CERTIFICATE};
}

struct message_verdict message_judge_inbound(const struct policy *policy, struct peer *peer,
                                             const struct message_facts *facts,
                                             const struct srv_answer *answer, int64_t now,
                                             const struct check_log *log)
{
    struct text domain = facts->from_domain;

    if (domain.length == 0 || policy_is_own_domain(policy, domain))
        return deny(log, "from", REASON_FROM_DOMAIN_NOT_AUTHORIZED, NULL, domain);
    check_log_add(log, "from", CHECK_PASSED, "%.*s is not ours", TEXT_ARGUMENTS(domain));
    if (policy_is_blocked(policy, domain))
        return deny(log, "blocked", REASON_DOMAIN_BLOCKED, policy_partner_of(policy, domain), domain);
    check_log_add(log, "blocked", CHECK_PASSED, "%.*s is not blocked", TEXT_ARGUMENTS(domain));

    const struct partner *partner = policy_partner_of(policy, domain);
    if (partner == NULL)
        return deny(log, "partner", REASON_UNKNOWN_DOMAIN, NULL, domain);
    check_log_add(log, "partner", CHECK_PASSED, "%.*s belongs to %s", TEXT_ARGUMENTS(domain), partner->name);

    struct speak_result speak =
        peer == NULL ? nobody_may_speak(log) : peer_may_speak_for(peer, partner, domain, answer, now, log);
    if (speak.verdict == SPEAK_DENIED && peer != NULL)
        return deny(NULL, "sender", sender_reason(partner, speak.reason), partner, domain);
    if (speak.verdict == SPEAK_NEEDS_SRV)
        return (struct message_verdict){.verdict = SPEAK_NEEDS_SRV, .partner = partner, .domain = domain};

    enum reason reason = check_partner(partner, facts, DIRECTION_INBOUND, now, log);
    if (reason != REASON_OK)
        return deny(NULL, "partner", reason, partner, domain);
    if (!leads_inside(policy, partner, facts))
        return deny(log, "destination", REASON_NOT_OUR_DOMAIN, partner, domain);
    check_log_add(log, "destination", CHECK_PASSED, "leads to one of our domains");
    if (speak.verdict != SPEAK_ALLOWED)
        return deny(NULL, "sender", speak.reason, partner, domain);
    return (struct message_verdict){.verdict = SPEAK_ALLOWED,
                                    .reason = REASON_OK,
                                    .partner = partner,
                                    .domain = domain,
                                    .path = speak.path};
}

struct message_verdict message_judge_outbound(const struct policy *policy, const struct message_facts *facts,
                                              int64_t now, const struct check_log *log)
{
    struct text domain = facts->dialog_domain.length > 0 ? facts->dialog_domain : facts->request_domain;

    if (facts->names_us)
        return (struct message_verdict){.verdict = SPEAK_ALLOWED, .reason = REASON_OK};
    if (!policy_is_own_domain(policy, facts->from_domain))
        return deny(log, "from", REASON_FROM_DOMAIN_NOT_AUTHORIZED, NULL, facts->from_domain);
    check_log_add(log, "from", CHECK_PASSED, "%.*s is ours", TEXT_ARGUMENTS(facts->from_domain));

    const struct partner *partner = policy_partner_of(policy, domain);
    if (policy_is_blocked(policy, domain))
        return deny(log, "blocked", REASON_DOMAIN_BLOCKED, partner, domain);
    check_log_add(log, "blocked", CHECK_PASSED, "%.*s is not blocked", TEXT_ARGUMENTS(domain));
    if (partner == NULL)
        return deny(log, "partner", REASON_UNKNOWN_DOMAIN, NULL, domain);
    check_log_add(log, "partner", CHECK_PASSED, "%.*s belongs to %s", TEXT_ARGUMENTS(domain), partner->name);

    enum reason reason = check_partner(partner, facts, DIRECTION_OUTBOUND, now, log);
    if (reason != REASON_OK)
        return deny(NULL, "partner", reason, partner, domain);
    return (struct message_verdict){
        .verdict = SPEAK_ALLOWED, .reason = REASON_OK, .partner = partner, .domain = domain};
}
