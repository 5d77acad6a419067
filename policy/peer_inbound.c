/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/peer_dane.h"

/* Partners that come to us: which of them can this be? */

/* What the search for a partner among the names and anchors of a chain has seen so far. */
struct candidate {
    const struct partner *accepted; /* may stand */
    size_t path;                    /* the one that it is accepted through */
    struct text matched;
    bool is_named; /* a name in the certificate led to it; otherwise an anchor that many may share */
    const struct partner *refused; /* named by the certificate, but its own options refuse */
    enum reason refused_reason;
    const struct partner *other; /* named by the certificate, but its anchors are others */
};

static void consider(struct candidate *candidate, struct peer *peer, const struct partner *partner,
                     struct text name, int64_t now)
{
    enum reason reason;

    if (candidate->accepted != NULL)
        return;
    /* Each partner has CRLs of its own, and the peer has not proven a key yet. */
    if (reason_is_about_revocation(candidate->refused_reason) &&
        peer->revocations.asked >= PEER_REVOCATIONS_MOST)
        return;
    const struct trust_path *path = peer_path_for(peer, partner, now, &reason);
    if (path == NULL && reason == REASON_UNTRUSTED_CHAIN) {
        candidate->other = candidate->other == NULL ? partner : candidate->other;
        return;
    }
    enum reason state = partner_state(partner, now);
    if (path != NULL && state == REASON_OK) {
        candidate->accepted = partner;
        candidate->path = (size_t)(path - peer->path);
        candidate->matched = name;
        return;
    }
    if (candidate->refused == NULL) {
        candidate->refused = partner;
        candidate->refused_reason = state != REASON_OK ? state : reason;
    }
}

static bool reaches(const struct peer *peer, const struct partner *partner)
{
    for (size_t i = 0; i < peer->path_count; i++) {
        if (partner_lists_anchor(partner, peer->path[i].anchor))
            return true;
    }
    return false;
}

static void consider_name(struct candidate *candidate, const struct policy *policy, struct peer *peer,
                          const struct certificate_name *name, int64_t now)
{
    struct text matched;
    size_t count = 0;

    const struct partner *owner = partner_owning_name(policy, name->value);
    if (owner != NULL && !reaches(peer, owner))
        candidate->other = candidate->other == NULL ? owner : candidate->other;
    else if (owner != NULL && identity_rule_needs_dns(owner->identity))
        consider(candidate, peer, owner, name->value, now);
    else if (owner != NULL && owner->identity == IDENTITY_DOMAIN && partner_owns_domain(owner, name->value) &&
             identity_names_domain(peer->chain->certificate[0], name->value, &matched))
        consider(candidate, peer, owner, matched, now);

    const struct partner *const *partners = NULL;
    if (name->kind == CERTIFICATE_NAME_DNS)
        partners = partner_set_by_identity_name(policy->partners, name->value, &count);
    for (size_t i = 0; i < count; i++)
        consider(candidate, peer, partners[i], name->value, now);
}

/* The owners of the names in the certificate: rule `domain` by domain, rule `names` by host name, those that
 * only DNS can answer by any name within a domain. */
static void consider_names(struct candidate *candidate, const struct policy *policy, struct peer *peer,
                           int64_t now)
{
    const struct certificate *leaf = peer->chain->certificate[0];

    for (size_t i = 0; i < leaf->name_count; i++) {
        enum certificate_name_kind kind = leaf->names[i].kind;
        if (kind == CERTIFICATE_NAME_DNS || kind == CERTIFICATE_NAME_SIP ||
            (kind == CERTIFICATE_NAME_COMMON && !leaf->has_subject_alternative_name))
            consider_name(candidate, policy, peer, &leaf->names[i], now);
    }
}

static void consider_by_anchor(struct candidate *candidate, const struct policy *policy, struct peer *peer,
                               bool by_target, int64_t now)
{
    for (size_t i = 0; i < peer->path_count && candidate->accepted == NULL; i++) {
        size_t count;
        const struct partner *const *partners =
            partner_set_by_anchor_needing_dns(policy->partners, peer->path[i].anchor, &count);
        for (size_t j = 0; j < count && candidate->accepted == NULL; j++) {
            if ((partners[j]->identity == IDENTITY_SRV_TARGET) == by_target && !partners[j]->is_discovered)
                consider(candidate, peer, partners[j], TEXT_NONE, now);
        }
    }
}

/* Those whose rule only DNS can answer may stay until their first request tells the From domain. Rule
 * srv-target comes last: a certificate whose names lie in nobody's domains is far likelier a discovered
 * peer's, and one whose names lie in another's domains names no target within theirs. */
static void consider_dns_rules(struct candidate *candidate, const struct policy *policy, struct peer *peer,
                               int64_t now)
{
    const struct partner *discovered = partner_set_discovered(policy->partners);
    bool is_anothers = candidate->other != NULL || candidate->refused != NULL;

    consider_by_anchor(candidate, policy, peer, false, now);
    if (is_anothers)
        return;
    if (discovered != NULL && reaches(peer, discovered))
        consider(candidate, peer, discovered, TEXT_NONE, now);
    consider_by_anchor(candidate, policy, peer, true, now);
}

/* When every partner behind the reached anchors is off, its own token says so. */
static const struct partner *first_that_is_off(const struct policy *policy, const struct peer *peer,
                                               int64_t now)
{
    const struct partner *off = NULL;
    for (size_t i = 0; i < peer->path_count; i++) {
        size_t count;
        const struct partner *const *partners =
            partner_set_by_anchor(policy->partners, peer->path[i].anchor, &count);
        for (size_t j = 0; j < count; j++) {
            if (partner_state(partners[j], now) == REASON_OK)
                return NULL;
            off = off == NULL ? partners[j] : off;
        }
    }
    return off;
}

static struct peer_verdict judge_candidate(const struct policy *policy, struct peer *peer,
                                           const struct candidate *candidate, int64_t now, const char *names,
                                           const struct check_log *log)
{
    char shown[PEER_REVOCATION_SHOWN];

    if (candidate->accepted != NULL) {
        peer->name = candidate->matched;
        bool is_known = candidate->is_named ||
                        (candidate->accepted->is_discovered && !peer_may_be_dane(policy, peer, now));
        peer->candidate = is_known ? candidate->accepted : NULL;
        if (!identity_rule_needs_dns(candidate->accepted->identity))
            peer->partner = candidate->accepted;
        return peer_conclude(log, "identity", REASON_OK, "%s by rule %s%s", candidate->accepted->name,
                             identity_rule_word(candidate->accepted->identity),
                             peer_revocation_note(peer, candidate->path,
                                                  partner_revocation_terms(candidate->accepted), now, shown));
    }
    const struct partner *off = first_that_is_off(policy, peer, now);
    if (off != NULL) {
        peer->partner = off;
        return peer_conclude(log, "partner-state", partner_state(off, now), "partner %s: %s", off->name,
                             reason_sentence(partner_state(off, now)));
    }
    if (candidate->refused != NULL) {
        peer->partner = candidate->refused;
        return peer_conclude(
            log, reason_is_about_revocation(candidate->refused_reason) ? "revocation" : "partner-options",
            candidate->refused_reason, "partner %s: %s%s%s; names %s", candidate->refused->name,
            reason_sentence(candidate->refused_reason), peer_usage_lack(peer, candidate->refused_reason),
            peer_revocation_refusal(peer, candidate->refused, partner_revocation_terms(candidate->refused),
                                    candidate->refused_reason, now, shown),
            names);
    }
    if (candidate->other != NULL)
        return peer_conclude(
            log, "identity", REASON_ANCHOR_OF_OTHER_PARTNER,
            "names belong to %s, but the chain leads to %s, which that partner does not list; names %s",
            candidate->other->name, peer->path[0].anchor->subject, names);
    return peer_conclude(log, "identity", REASON_IDENTITY_MISMATCH,
                         "no identity rule of the partners behind %s accepts the names %s",
                         peer->path[0].anchor->subject, names);
}

/* Nothing but a TLSA record can prove it, and whose that would be the first request tells. It is a stranger
 * until then. */
static struct peer_verdict let_in_unproven(struct peer *peer, const char *names, const struct check_log *log)
{
    peer->valid_until = INT64_MAX;
    return peer_conclude(log, "identity", REASON_OK,
                         "unproven: only the TLSA records of the From domain can tell; names %s", names);
}

struct peer_verdict peer_judge_inbound(const struct policy *policy, const struct presented_chain *chain,
                                       int64_t now, const struct check_log *log,
                                       const struct trust_trace *trace, struct peer *peer)
{
    struct candidate candidate = {0};
    char names[200];

    *peer = (struct peer){
        .side = PEER_EXTERNAL, .role = PEER_AS_CLIENT, .chain = chain, .evidence = peer->evidence};
    if (chain->defect != REASON_OK)
        return peer_conclude(log, "certificate", chain->defect, "%s", reason_sentence(chain->defect));
    peer_print_names(chain->certificate[0], names, sizeof(names));
    check_log_add(log, "certificate", CHECK_PASSED, "names %s", names);

    enum reason reason = peer_collect_paths(peer, partner_set_anchors_of(policy->partners), NULL, now, trace);
    if (reason != REASON_OK && peer_may_be_dane(policy, peer, now)) {
        check_log_add(log, "path", CHECK_SKIPPED, "none holds (%s), and rule dane may need none",
                      reason_token(reason));
        return let_in_unproven(peer, names, log);
    }
    if (reason != REASON_OK)
        return peer_refuse_chain(peer, partner_set_anchors_of(policy->partners), NULL, reason, now, names,
                                 log);
    check_log_add(log, "path", CHECK_PASSED, "leads to %s", peer->path[0].anchor->subject);

    consider_names(&candidate, policy, peer, now);
    candidate.is_named = candidate.accepted != NULL;
    consider_dns_rules(&candidate, policy, peer, now);
    if (candidate.accepted == NULL && peer_may_be_dane(policy, peer, now))
        return let_in_unproven(peer, names, log);
    return judge_candidate(policy, peer, &candidate, now, names, log);
}
