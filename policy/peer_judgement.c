/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/peer_dane.h"

/* ---- our own servers ---- */

static bool listed_name(const struct policy *policy, const struct certificate *leaf, struct text *matched)
{
    enum certificate_name_kind kind =
        leaf->has_subject_alternative_name ? CERTIFICATE_NAME_DNS : CERTIFICATE_NAME_COMMON;
    for (size_t i = 0; i < leaf->name_count; i++) {
        if (leaf->names[i].kind == kind && policy_lists_server(policy, leaf->names[i].value)) {
            *matched = leaf->names[i].value;
            return true;
        }
    }
    return false;
}

/* The first path that may be used; with none, *reason is why. */
static size_t internal_path(const struct policy *policy, struct peer *peer, int64_t now, enum reason *reason)
{
    *reason = REASON_WRONG_KEY_USAGE;
    for (size_t i = 0; i < peer->path_count; i++) {
        if (!peer_usage_allows(&peer->path[i], peer->role, false))
            continue;
        enum reason found = peer_revocation_check(peer, i, policy->internal_revocation, now);
        if (*reason != REASON_CERTIFICATE_REVOKED || found == REASON_OK)
            *reason = found;
        if (found == REASON_OK)
            return i;
    }
    return 0;
}

struct peer_verdict peer_judge_internal(const struct policy *policy, const struct presented_chain *chain,
                                        enum peer_role role, int64_t now, const struct check_log *log,
                                        const struct trust_trace *trace, struct peer *peer)
{
    char names[200], shown[PEER_REVOCATION_SHOWN];

    *peer = (struct peer){.side = PEER_INTERNAL, .role = role, .chain = chain, .evidence = peer->evidence};
    if (chain->defect != REASON_OK)
        return peer_conclude(log, "certificate", chain->defect, "%s", reason_sentence(chain->defect));
    peer_print_names(chain->certificate[0], names, sizeof(names));
    check_log_add(log, "certificate", CHECK_PASSED, "names %s", names);

    enum reason reason = peer_collect_paths(peer, policy->internal_anchors, NULL, now, trace);
    if (reason != REASON_OK)
        return peer_refuse_chain(peer, policy->internal_anchors, NULL, reason, now, names, log);
    check_log_add(log, "path", CHECK_PASSED, "leads to %s", peer->path[0].anchor->subject);

    size_t path = internal_path(policy, peer, now, &reason);
    if (reason == REASON_WRONG_KEY_USAGE)
        return peer_conclude(log, "key-usage", reason, "%s%s; names %s", reason_sentence(reason),
                             peer_usage_lack(peer, reason), names);
    if (reason != REASON_OK)
        return peer_conclude(
            log, "revocation", reason, "%s%s; names %s", reason_sentence(reason),
            peer_revocation_refusal(peer, NULL, policy->internal_revocation, reason, now, shown), names);
    peer_revocation_log(log, peer, path, policy->internal_revocation, now);

    if (!listed_name(policy, chain->certificate[0], &peer->name))
        return peer_conclude(log, "server-listed", REASON_SERVER_NOT_LISTED,
                             "internal.servers lists none of: %s", names);
    return peer_conclude(log, "server-listed", REASON_OK, "%.*s%s", TEXT_ARGUMENTS(peer->name),
                         peer_revocation_note(peer, path, policy->internal_revocation, now, shown));
}

/* ---- partners that we go to ---- */

/* A chain that ends elsewhere: at another partner's anchor is worth telling apart from nowhere. */
static struct peer_verdict judge_foreign_chain(const struct policy *policy, const struct partner *partner,
                                               enum reason reason, const struct check_log *log,
                                               const char *names, int64_t now, struct peer *peer)
{
    struct peer elsewhere = {.chain = peer->chain};

    if (reason == REASON_UNTRUSTED_CHAIN &&
        peer_collect_paths(&elsewhere, partner_set_anchors_of(policy->partners), NULL, now, NULL) ==
            REASON_OK)
        return peer_conclude(log, "path", REASON_ANCHOR_OF_OTHER_PARTNER,
                             "the chain leads to %s, which partner %s does not list; names %s",
                             elsewhere.path[0].anchor->subject, partner->name, names);
    return peer_refuse_chain(peer, partner_set_anchors_of(policy->partners), partner, reason, now, names,
                             log);
}

struct peer_verdict peer_judge_outbound(const struct policy *policy, const struct partner *partner,
                                        struct text domain, const struct srv_answer *answer,
                                        const struct presented_chain *chain, int64_t now,
                                        const struct check_log *log, const struct trust_trace *trace,
                                        struct peer *peer)
{
    char names[200], shown[PEER_REVOCATION_SHOWN];

    *peer = (struct peer){.side = PEER_EXTERNAL,
                          .role = PEER_AS_SERVER,
                          .chain = chain,
                          .partner = partner,
                          .evidence = peer->evidence};
    enum reason state = partner_state(partner, now);
    if (state != REASON_OK)
        return peer_conclude(log, "partner-state", state, "partner %s: %s", partner->name,
                             reason_sentence(state));
    if (chain->defect != REASON_OK)
        return peer_conclude(log, "certificate", chain->defect, "%s", reason_sentence(chain->defect));
    peer_print_names(chain->certificate[0], names, sizeof(names));
    check_log_add(log, "certificate", CHECK_PASSED, "names %s", names);

    enum reason reason =
        peer_collect_paths(peer, partner_set_anchors_of(policy->partners), partner, now, trace);
    if (reason != REASON_OK && partner->identity != IDENTITY_DANE)
        return judge_foreign_chain(policy, partner, reason, log, names, now, peer);
    if (reason == REASON_OK)
        check_log_add(log, "path", CHECK_PASSED, "leads to %s", peer->path[0].anchor->subject);
    else
        check_log_add(log, "path", CHECK_SKIPPED, "none holds (%s), and rule dane may need none",
                      reason_token(reason));

    struct speak_result speak = peer_may_speak_for(peer, partner, domain, answer, now, log);
    if (speak.verdict == SPEAK_ALLOWED && speak.record != NULL) {
        char record[TLSA_SHOWN];
        peer->name = speak.matched;
        peer->valid_until = speak.path == NULL ? INT64_MAX : speak.path->valid_until;
        return peer_conclude(NULL, "identity", REASON_OK, "TLSA %s", tlsa_record_print(speak.record, record));
    }
    if (speak.verdict == SPEAK_ALLOWED) {
        peer->name = speak.matched;
        return peer_conclude(NULL, "identity", REASON_OK, "%.*s%s", TEXT_ARGUMENTS(speak.matched),
                             peer_revocation_note(peer, (size_t)(speak.path - peer->path),
                                                  partner_revocation_terms(partner), now, shown));
    }
    return peer_conclude(
        NULL, "identity", speak.reason, "partner %s, domain %.*s, rule %s: %s%s%s; names %s", partner->name,
        TEXT_ARGUMENTS(domain), identity_rule_word(partner->identity), reason_sentence(speak.reason),
        peer_usage_lack(peer, speak.reason),
        peer_revocation_refusal(peer, partner, partner_revocation_terms(partner), speak.reason, now, shown),
        names);
}

/* ---- speaking for a domain ---- */

struct speak_result peer_may_speak_for(struct peer *peer, const struct partner *partner, struct text domain,
                                       const struct srv_answer *answer, int64_t now,
                                       const struct check_log *log)
{
    enum reason reason;
    char shown[PEER_REVOCATION_SHOWN];
    if (partner->identity == IDENTITY_DANE)
        return peer_dane_may_speak_for(peer, partner, domain, answer, now, log);
    const struct trust_path *path = peer_path_for(peer, partner, now, &reason);

    if (path == NULL) {
        if (reason_is_about_revocation(reason))
            check_log_add(log, "anchor", CHECK_PASSED, "one of partner %s", partner->name);
        check_log_add(
            log, reason_is_about_revocation(reason) ? "revocation" : "anchor", CHECK_FAILED, "%s%s%s",
            reason_sentence(reason), peer_usage_lack(peer, reason),
            peer_revocation_refusal(peer, partner, partner_revocation_terms(partner), reason, now, shown));
        return (struct speak_result){.verdict = SPEAK_DENIED, .reason = reason};
    }
    check_log_add(log, "anchor", CHECK_PASSED, "%s of partner %s", path->anchor->subject, partner->name);
    peer_revocation_log(log, peer, (size_t)(path - peer->path), partner_revocation_terms(partner), now);

    struct identity_result identity = identity_check(partner, peer->chain->certificate[0], domain, answer);
    if (identity.verdict == IDENTITY_NEEDS_SRV) {
        check_log_add(log, "identity", CHECK_SKIPPED, "needs the SRV records of %.*s",
                      TEXT_ARGUMENTS(domain));
        return (struct speak_result){.verdict = SPEAK_NEEDS_SRV, .reason = REASON_DNS_FAILED};
    }
    if (identity.verdict == IDENTITY_REFUSED) {
        check_log_add(log, "identity", CHECK_FAILED, "rule %s: %s", identity_rule_word(partner->identity),
                      reason_sentence(identity.reason));
        return (struct speak_result){.verdict = SPEAK_DENIED, .reason = identity.reason};
    }
    check_log_add(log, "identity", CHECK_PASSED, "rule %s: %.*s", identity_rule_word(partner->identity),
                  TEXT_ARGUMENTS(identity.matched));
    return (struct speak_result){
        .verdict = SPEAK_ALLOWED, .reason = REASON_OK, .path = path, .matched = identity.matched};
}
