/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every record of every target is tried, those of usage 3 first: they need nothing but the leaf. The others
 * name a certificate on a path, which then has to hold, and to be acceptable to the partner's options, as
 * under any other rule: usages 0 and 1 a path to the partner's own anchors, usage 2 one that ends at the
 * presented CA that the record names. */
#include "policy/peer_dane.h"

#include <stdio.h>

#include "policy/domain.h"

/* Strangers' certificates are full of names. */
#define LABELS_BELOW_MOST 16u

struct question {
    struct peer *peer;
    const struct partner *partner;
    struct text domain;
    int64_t now;
};

/* The best that was found. */
struct match {
    enum reason reason; /* REASON_OK: proven; REASON_TLSA_MISMATCH: no record names anything that was shown */
    const struct trust_path *path;
    const struct srv_target *target;
    const struct tlsa_record *record;
    struct text name;
};

static void note(struct match *match, enum reason reason)
{
    if (match->reason == REASON_TLSA_MISMATCH || reason == REASON_CERTIFICATE_REVOKED)
        match->reason = reason;
}

/* RFC 7671 5.1: neither path, validity nor names count, only that the peer has the key. What we ask besides:
 * that it is a strong one, in a certificate that can be read, and a pinned one where there are pins. */
static enum reason leaf_reason(const struct question *question)
{
    const struct certificate *leaf = question->peer->chain->certificate[0];

    if (leaf->defect != REASON_OK)
        return leaf->defect;
    return peer_pins_match(question->partner, &leaf, 1) ? REASON_OK : REASON_PIN_MISMATCH;
}

/* RFC 7673 4.1: the service domain and the target are reference identifiers, since both are secure; RFC 7671
 * 7: where the target is an alias, the name that it stands for is one as well. */
static bool names_match(const struct certificate *leaf, const struct question *question,
                        const struct srv_target *target, struct text *matched)
{
    return identity_names_domain(leaf, question->domain, matched) ||
           identity_names_target(leaf, target->host, matched) ||
           (target->tlsa->base.length > 0 && identity_names_target(leaf, target->tlsa->base, matched));
}

static void try_path(struct match *match, const struct question *question, size_t index,
                     const struct srv_target *target, const struct tlsa_record *record)
{
    enum reason reason = peer_path_reason(question->peer, index, question->partner, question->now);
    struct text name = TEXT_NONE;

    if (reason == REASON_OK && !names_match(question->peer->chain->certificate[0], question, target, &name))
        reason = REASON_IDENTITY_MISMATCH;
    note(match, reason);
    if (reason == REASON_OK)
        *match = (struct match){REASON_OK, &question->peer->path[index], target, record, name};
}

/* Does the record name one of these certificates? */
static bool names_any(const struct tlsa_record *record, const struct certificate *const *certificate,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (tlsa_record_matches(record, certificate[i]))
            return true;
    }
    return false;
}

/* Usages 0 and 1: on a path to the partner's own anchors. */
static void try_anchored(struct match *match, const struct question *question,
                         const struct srv_target *target, const struct tlsa_record *record)
{
    const struct peer *peer = question->peer;
    const struct certificate *leaf = peer->chain->certificate[0];
    bool leaf_matches = record->usage == TLSA_PKIX_EE && tlsa_record_matches(record, leaf);

    for (size_t i = 0; i < peer->path_count && match->reason != REASON_OK; i++) {
        const struct trust_path *path = &peer->path[i];
        if (!partner_lists_anchor(question->partner, path->anchor))
            continue;
        if (leaf_matches ||
            (record->usage == TLSA_PKIX_TA && names_any(record, path->certificate + 1, path->count - 1)))
            try_path(match, question, i, target, record);
    }
    if (leaf_matches && match->reason == REASON_TLSA_MISMATCH)
        note(match, REASON_UNTRUSTED_CHAIN);
}

/* Usage 2: on a path that ends at what the record names, which the peer must have presented (RFC 7671 5.2.2).
 */
static void try_presented(struct match *match, const struct question *question,
                          const struct srv_target *target, const struct tlsa_record *record)
{
    struct peer *peer = question->peer;
    const struct presented_chain *chain = peer->chain;

    if (!names_any(record, (const struct certificate *const *)chain->certificate + 1, chain->count - 1))
        return;
    peer_collect_presented(peer, question->now);
    for (size_t i = 0; i < peer->presented_count && match->reason != REASON_OK; i++) {
        const struct trust_path *path = &peer->path[PEER_PATHS_MOST + i];
        if (tlsa_record_matches(record, path->certificate[path->count - 1]))
            try_path(match, question, PEER_PATHS_MOST + i, target, record);
    }
    if (match->reason == REASON_TLSA_MISMATCH)
        note(match, peer->presented_reason == REASON_OK ? REASON_UNTRUSTED_CHAIN : peer->presented_reason);
}

static void try_leaf(struct match *match, const struct question *question, const struct srv_target *target,
                     const struct tlsa_record *record)
{
    if (!tlsa_record_matches(record, question->peer->chain->certificate[0]))
        return;
    enum reason reason = leaf_reason(question);
    note(match, reason);
    if (reason == REASON_OK)
        *match = (struct match){.reason = REASON_OK, .target = target, .record = record};
}

static void try_target(struct match *match, const struct question *question, const struct srv_target *target,
                       bool leaves)
{
    if (tlsa_answer_reason(target->tlsa) != REASON_OK)
        return;
    for (size_t i = 0; i < target->tlsa->count && match->reason != REASON_OK; i++) {
        const struct tlsa_record *record = &target->tlsa->record[i];
        if ((record->usage == TLSA_DANE_EE) != leaves || !tlsa_record_counts(target->tlsa, i))
            continue;
        if (leaves)
            try_leaf(match, question, target, record);
        else if (record->usage == TLSA_DANE_TA)
            try_presented(match, question, target, record);
        else
            try_anchored(match, question, target, record);
    }
}

/* The peer may be a server whose records could not be had: then a mismatch with the others says nothing. */
static enum reason unknown_target(const struct srv_answer *answer)
{
    for (size_t i = 0; i < answer->target_count; i++) {
        enum reason reason = tlsa_answer_reason(answer->target[i].tlsa);
        if (reason == REASON_DNS_FAILED || reason == REASON_DNS_BOGUS || reason == REASON_OVERLOADED)
            return reason;
    }
    return REASON_TLSA_MISMATCH;
}

static struct match find_match(const struct question *question, const struct srv_answer *answer)
{
    struct match match = {.reason = identity_answer_reason(question->partner, answer)};

    if (match.reason != REASON_OK)
        return match;
    match.reason = REASON_TLSA_MISMATCH;
    for (int leaves = 1; leaves >= 0; leaves--) {
        for (size_t i = 0; i < answer->target_count && match.reason != REASON_OK; i++)
            try_target(&match, question, &answer->target[i], leaves == 1);
    }
    if (match.reason == REASON_TLSA_MISMATCH)
        match.reason = unknown_target(answer);
    return match;
}

/* ---- told ---- */

static const char *anchor_of(const struct trust_path *path, char *to, size_t size)
{
    if (path->anchor != NULL)
        return path->anchor->subject;
    certificate_subject_print(path->certificate[path->count - 1]->subject, to, size);
    return to;
}

static void tell_proven(const struct question *question, const struct match *match,
                        const struct check_log *log)
{
    const struct trust_path *path = match->path;
    char shown[TLSA_SHOWN], anchor[200];

    if (log == NULL)
        return;
    if (path == NULL) {
        check_log_add(log, "anchor", CHECK_SKIPPED, "a TLSA record of usage 3 needs none");
        check_log_add(log, "revocation", CHECK_SKIPPED, "who revokes the key takes the TLSA record away");
    } else {
        check_log_add(log, "anchor", CHECK_PASSED, "%s %s", anchor_of(path, anchor, sizeof(anchor)),
                      path->anchor == NULL ? "as the TLSA record says" : "of the partner");
        peer_revocation_log(log, question->peer, (size_t)(path - question->peer->path),
                            partner_revocation_terms(question->partner), question->now);
    }
    check_log_add(log, "identity", CHECK_PASSED, "rule dane: TLSA %s of _%u._tcp.%.*s%s%.*s",
                  tlsa_record_print(match->record, shown), match->target->port,
                  TEXT_ARGUMENTS(match->target->tlsa->base.length > 0 ? match->target->tlsa->base
                                                                      : match->target->host),
                  match->name.length > 0 ? ", names " : "", TEXT_ARGUMENTS(match->name));
}

struct speak_result peer_dane_may_speak_for(struct peer *peer, const struct partner *partner,
                                            struct text domain, const struct srv_answer *answer, int64_t now,
                                            const struct check_log *log)
{
    const struct question question = {peer, partner, domain, now};

    if (answer == NULL || (answer->outcome == REASON_OK && !answer->tlsa_known)) {
        check_log_add(log, "identity", CHECK_SKIPPED, "needs the SRV and TLSA records of %.*s",
                      TEXT_ARGUMENTS(domain));
        return (struct speak_result){.verdict = SPEAK_NEEDS_SRV, .reason = REASON_DNS_FAILED};
    }
    struct match match = find_match(&question, answer);
    if (match.reason != REASON_OK) {
        check_log_add(log, reason_is_about_revocation(match.reason) ? "revocation" : "identity", CHECK_FAILED,
                      "rule dane: %s", reason_sentence(match.reason));
        return (struct speak_result){.verdict = SPEAK_DENIED, .reason = match.reason};
    }
    tell_proven(&question, &match, log);
    return (struct speak_result){.verdict = SPEAK_ALLOWED,
                                 .reason = REASON_OK,
                                 .path = match.path,
                                 .matched = match.name,
                                 .record = match.record};
}

/* ---- strangers that may be meant ---- */

const struct partner *partner_owning_name(const struct policy *policy, struct text name)
{
    const struct partner *owner = NULL;

    if (name.length > DOMAIN_LONGEST + 1) /* whole, with its dot */
        return NULL;
    owner = partner_set_by_domain(policy->partners, name);
    const char *dot = text_find(name, '.');
    for (size_t i = 0; i < LABELS_BELOW_MOST && owner == NULL && dot != NULL; i++) {
        name = text_from(dot + 1, name.at + name.length);
        owner = partner_set_by_domain(policy->partners, name);
        dot = text_find(name, '.');
    }
    return owner;
}

bool peer_may_be_dane(const struct policy *policy, const struct peer *peer, int64_t now)
{
    const struct certificate *leaf = peer->chain->certificate[0];
    bool is_anothers = false;
    size_t count = 0;

    for (size_t i = 0; i < leaf->name_count && leaf->defect == REASON_OK; i++) {
        enum certificate_name_kind kind = leaf->names[i].kind;
        if (kind != CERTIFICATE_NAME_DNS && kind != CERTIFICATE_NAME_SIP &&
            (kind != CERTIFICATE_NAME_COMMON || leaf->has_subject_alternative_name))
            continue;
        const struct partner *owner = partner_owning_name(policy, leaf->names[i].value);
        if (owner != NULL && owner->identity == IDENTITY_DANE && partner_state(owner, now) == REASON_OK)
            return true;
        if (owner == NULL)
            (void)partner_set_by_identity_name(policy->partners, leaf->names[i].value, &count);
        is_anothers = is_anothers || owner != NULL || count > 0;
    }
    const struct partner *const *partners = partner_set_with_dane(policy->partners, &count);
    for (size_t i = 0; i < count && !is_anothers && leaf->defect == REASON_OK; i++) {
        if (partner_state(partners[i], now) == REASON_OK)
            return true;
    }
    return false;
}
