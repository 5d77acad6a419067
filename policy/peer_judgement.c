/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/peer_judgement.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct peer_verdict verdict(const struct check_log *log, const char *check, enum reason reason,
                                   const char *format, ...) __attribute__((format(printf, 4, 5)));

static struct peer_verdict verdict(const struct check_log *log, const char *check, enum reason reason,
                                   const char *format, ...)
{
    struct peer_verdict result = {.reason = reason};
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(result.detail, sizeof(result.detail), format, arguments);
    va_end(arguments);
    check_log_add(log, check, reason == REASON_OK ? CHECK_PASSED : CHECK_FAILED, "%s", result.detail);
    return result;
}

/* The names of the leaf, for a refusal that an administrator can act on. */
static const char *names_of(const struct certificate *leaf, char *to, size_t size)
{
    char name[160];
    size_t used = 0;

    snprintf(to, size, "none at all");
    for (size_t i = 0; i < leaf->name_count; i++) {
        certificate_name_print(&leaf->names[i], name, sizeof(name));
        int length = snprintf(to + used, size - used, "%s%s", i == 0 ? "" : " ", name);
        if (length < 0 || (size_t)length >= size - used) {
            snprintf(to + (size - 4), 4, "..."); /* more than fit */
            break;
        }
        used += (size_t)length;
    }
    return to;
}

/* ---- paths ---- */

struct collection {
    struct peer *peer;
    const struct partner *partner; /* only its anchors count; NULL: every anchor */
};

static bool accepts_anchor(void *context, const struct trust_anchor *anchor)
{
    const struct collection *collection = context;
    return collection->partner == NULL || partner_lists_anchor(collection->partner, anchor);
}

static bool keep_path(void *context, const struct trust_path *path)
{
    struct peer *peer = ((struct collection *)context)->peer;

    /* Also a second way to the same anchor: usage, pins and revocation may tell the two apart. */
    peer->path[peer->path_count++] = *path;
    return peer->path_count < PEER_PATHS_MOST;
}

static enum reason collect_paths(struct peer *peer, const struct trust_anchors *anchors,
                                 const struct partner *partner, int64_t now, const struct trust_trace *trace)
{
    struct collection collection = {.peer = peer, .partner = partner};
    struct trust_search search = {
        .chain = peer->chain,
        .anchors = anchors,
        .now = now,
        .accepts = accepts_anchor,
        .found = keep_path,
        .context = &collection,
        .trace = trace,
    };
    enum reason reason = trust_path_search(&search);
    if (peer->path_count > 0)
        peer->valid_until = peer->path[0].valid_until;
    return reason;
}

/* A refused chain is searched once more, to tell which certificate broke the path and how. */
struct broken_path {
    enum reason reason;
    char text[160];
};

static void note_broken(void *context, const struct trust_path *so_far, const struct certificate *at,
                        enum reason why, const char *detail)
{
    struct broken_path *broken = context;
    char subject[80];

    (void)so_far;
    if (why != broken->reason || broken->text[0] != '\0' || detail == NULL || at == NULL)
        return;
    certificate_subject_print(at->subject, subject, sizeof(subject));
    snprintf(broken->text, sizeof(broken->text), "%s: %s",
             subject[0] == '\0' ? "a certificate without a subject" : subject, detail);
}

static struct peer_verdict refuse_chain(const struct peer *peer, const struct trust_anchors *anchors,
                                        const struct partner *partner, enum reason reason, int64_t now,
                                        const char *names, const struct check_log *log)
{
    struct broken_path broken = {.reason = reason};
    struct trust_trace trace = {.broke = note_broken, .context = &broken};
    struct peer again = {.chain = peer->chain};

    (void)collect_paths(&again, anchors, partner, now, &trace);
    return verdict(log, "path", reason, "%s%s%s%s%s; names %s", partner == NULL ? "" : partner->name,
                   partner == NULL ? "" : ": ", reason_sentence(reason), broken.text[0] == '\0' ? "" : ": ",
                   broken.text, names);
}

/* ---- what a path may be used for ---- */

static bool usage_allows(const struct trust_path *path, enum peer_role role, bool lenient)
{
    uint32_t wanted = role == PEER_AS_CLIENT ? CERTIFICATE_EKU_CLIENT : CERTIFICATE_EKU_SERVER;
    if (lenient)
        wanted |= CERTIFICATE_EKU_SERVER | CERTIFICATE_EKU_SIP_DOMAIN;
    return (path->extended_key_usage & (wanted | CERTIFICATE_EKU_ANY)) != 0;
}

static bool pins_match(const struct partner *partner, const struct trust_path *path)
{
    for (size_t i = 0; i < partner->pin_count; i++) {
        for (size_t j = 0; j < path->count; j++) {
            if (memcmp(partner->pins[i].sha256, path->certificate[j]->key_sha256, 32) == 0)
                return true;
        }
    }
    return partner->pin_count == 0;
}

static struct revocation_terms terms_of(const struct partner *partner)
{
    return (struct revocation_terms){partner->revocation, partner->crl_store};
}

static bool is_about_revocation(enum reason reason)
{
    return reason == REASON_CERTIFICATE_REVOKED || reason == REASON_REVOCATION_UNKNOWN;
}

/* Do a partner's options accept one of its paths? */
static enum reason path_reason(struct peer *peer, size_t index, const struct partner *partner, int64_t now)
{
    const struct trust_path *path = &peer->path[index];

    if (path->valid_until < now)
        return REASON_CERTIFICATE_EXPIRED;
    if (!usage_allows(path, peer->role, partner->client_eku_lenient))
        return REASON_WRONG_KEY_USAGE;
    if (!pins_match(partner, path))
        return REASON_PIN_MISMATCH;
    return peer_revocation_check(peer, index, terms_of(partner), now);
}

/* The path that a partner's options accept; NULL with *reason set. REASON_UNTRUSTED_CHAIN: none leads to its
 * anchors. */
static const struct trust_path *path_for(struct peer *peer, const struct partner *partner, int64_t now,
                                         enum reason *reason)
{
    *reason = REASON_UNTRUSTED_CHAIN;
    for (size_t i = 0; i < peer->path_count; i++) {
        if (!partner_lists_anchor(partner, peer->path[i].anchor))
            continue;
        enum reason found = path_reason(peer, i, partner, now);
        if (found == REASON_OK)
            return &peer->path[i];
        if (*reason != REASON_CERTIFICATE_REVOKED) /* what another way lacks is the lesser trouble */
            *reason = found;
    }
    return NULL;
}

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
        if (!usage_allows(&peer->path[i], peer->role, false))
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

    *peer = (struct peer){.side = PEER_INTERNAL, .role = role, .chain = chain};
    if (chain->defect != REASON_OK)
        return verdict(log, "certificate", chain->defect, "%s", reason_sentence(chain->defect));
    names_of(chain->certificate[0], names, sizeof(names));
    check_log_add(log, "certificate", CHECK_PASSED, "names %s", names);

    enum reason reason = collect_paths(peer, policy->internal_anchors, NULL, now, trace);
    if (reason != REASON_OK)
        return refuse_chain(peer, policy->internal_anchors, NULL, reason, now, names, log);
    check_log_add(log, "path", CHECK_PASSED, "leads to %s", peer->path[0].anchor->subject);

    size_t path = internal_path(policy, peer, now, &reason);
    if (reason == REASON_WRONG_KEY_USAGE)
        return verdict(log, "key-usage", reason, "extendedKeyUsage lacks %s; names %s",
                       role == PEER_AS_CLIENT ? "clientAuth" : "serverAuth", names);
    if (reason != REASON_OK)
        return verdict(log, "revocation", reason, "%s%s; names %s", reason_sentence(reason),
                       peer_revocation_refusal(peer, NULL, policy->internal_revocation, reason, now, shown),
                       names);
    peer_revocation_log(log, peer, path, policy->internal_revocation, now);

    if (!listed_name(policy, chain->certificate[0], &peer->name))
        return verdict(log, "server-listed", REASON_SERVER_NOT_LISTED, "internal.servers lists none of: %s",
                       names);
    return verdict(log, "server-listed", REASON_OK, "%.*s%s", TEXT_ARGUMENTS(peer->name),
                   peer_revocation_note(peer, path, policy->internal_revocation, now, shown));
}

/* ---- partners that come to us ---- */

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
    if (is_about_revocation(candidate->refused_reason) && peer->revocations.asked >= PEER_REVOCATIONS_MOST)
        return;
    const struct trust_path *path = path_for(peer, partner, now, &reason);
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

/* The partner whose domain a name is, or lies in: only to tell whose name a stranger carries. */
static const struct partner *owner_of(const struct policy *policy, struct text name)
{
    const struct partner *owner = partner_set_by_domain(policy->partners, name);
    const char *dot = text_find(name, '.');

    while (owner == NULL && dot != NULL) {
        name = text_from(dot + 1, name.at + name.length);
        owner = partner_set_by_domain(policy->partners, name);
        dot = text_find(name, '.');
    }
    return owner;
}

static void consider_name(struct candidate *candidate, const struct policy *policy, struct peer *peer,
                          const struct certificate_name *name, int64_t now)
{
    struct text matched;
    size_t count = 0;

    const struct partner *owner = owner_of(policy, name->value);
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

/* Those whose rule only DNS can answer may stay until their first request tells the From domain. */
static void consider_dns_rules(struct candidate *candidate, const struct policy *policy, struct peer *peer,
                               int64_t now)
{
    for (size_t i = 0; i < peer->path_count && candidate->accepted == NULL; i++) {
        size_t count;
        const struct partner *const *partners =
            partner_set_by_anchor_needing_dns(policy->partners, peer->path[i].anchor, &count);
        for (size_t j = 0; j < count && candidate->accepted == NULL; j++) {
            /* A certificate whose names lie in another's domains names no target within this one's. */
            bool is_anothers = candidate->other != NULL || candidate->refused != NULL;
            if (partners[j]->identity != IDENTITY_SRV_TARGET || !is_anothers)
                consider(candidate, peer, partners[j], TEXT_NONE, now);
        }
    }
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
        peer->candidate = candidate->is_named ? candidate->accepted : NULL;
        if (!identity_rule_needs_dns(candidate->accepted->identity))
            peer->partner = candidate->accepted;
        return verdict(
            log, "identity", REASON_OK, "%s by rule %s%s", candidate->accepted->name,
            identity_rule_word(candidate->accepted->identity),
            peer_revocation_note(peer, candidate->path, terms_of(candidate->accepted), now, shown));
    }
    const struct partner *off = first_that_is_off(policy, peer, now);
    if (off != NULL) {
        peer->partner = off;
        return verdict(log, "partner-state", partner_state(off, now), "partner %s: %s", off->name,
                       reason_sentence(partner_state(off, now)));
    }
    if (candidate->refused != NULL) {
        peer->partner = candidate->refused;
        return verdict(log, is_about_revocation(candidate->refused_reason) ? "revocation" : "partner-options",
                       candidate->refused_reason, "partner %s: %s%s; names %s", candidate->refused->name,
                       reason_sentence(candidate->refused_reason),
                       peer_revocation_refusal(peer, candidate->refused, terms_of(candidate->refused),
                                               candidate->refused_reason, now, shown),
                       names);
    }
    if (candidate->other != NULL)
        return verdict(
            log, "identity", REASON_ANCHOR_OF_OTHER_PARTNER,
            "names belong to %s, but the chain leads to %s, which that partner does not list; names %s",
            candidate->other->name, peer->path[0].anchor->subject, names);
    return verdict(log, "identity", REASON_IDENTITY_MISMATCH,
                   "no identity rule of the partners behind %s accepts the names %s",
                   peer->path[0].anchor->subject, names);
}

struct peer_verdict peer_judge_inbound(const struct policy *policy, const struct presented_chain *chain,
                                       int64_t now, const struct check_log *log,
                                       const struct trust_trace *trace, struct peer *peer)
{
    struct candidate candidate = {0};
    char names[200];

    *peer = (struct peer){.side = PEER_EXTERNAL, .role = PEER_AS_CLIENT, .chain = chain};
    if (chain->defect != REASON_OK)
        return verdict(log, "certificate", chain->defect, "%s", reason_sentence(chain->defect));
    names_of(chain->certificate[0], names, sizeof(names));
    check_log_add(log, "certificate", CHECK_PASSED, "names %s", names);

    enum reason reason = collect_paths(peer, partner_set_anchors_of(policy->partners), NULL, now, trace);
    if (reason != REASON_OK)
        return refuse_chain(peer, partner_set_anchors_of(policy->partners), NULL, reason, now, names, log);
    check_log_add(log, "path", CHECK_PASSED, "leads to %s", peer->path[0].anchor->subject);

    consider_names(&candidate, policy, peer, now);
    candidate.is_named = candidate.accepted != NULL;
    consider_dns_rules(&candidate, policy, peer, now);
    return judge_candidate(policy, peer, &candidate, now, names, log);
}

/* ---- partners that we go to ---- */

/* A chain that ends elsewhere: at another partner's anchor is worth telling apart from nowhere. */
static struct peer_verdict judge_foreign_chain(const struct policy *policy, const struct partner *partner,
                                               enum reason reason, const struct check_log *log,
                                               const char *names, int64_t now, struct peer *peer)
{
    struct peer elsewhere = {.chain = peer->chain};

    if (reason == REASON_UNTRUSTED_CHAIN &&
        collect_paths(&elsewhere, partner_set_anchors_of(policy->partners), NULL, now, NULL) == REASON_OK)
        return verdict(log, "path", REASON_ANCHOR_OF_OTHER_PARTNER,
                       "the chain leads to %s, which partner %s does not list; names %s",
                       elsewhere.path[0].anchor->subject, partner->name, names);
    return refuse_chain(peer, partner_set_anchors_of(policy->partners), partner, reason, now, names, log);
}

struct peer_verdict peer_judge_outbound(const struct policy *policy, const struct partner *partner,
                                        struct text domain, const struct srv_answer *answer,
                                        const struct presented_chain *chain, int64_t now,
                                        const struct check_log *log, const struct trust_trace *trace,
                                        struct peer *peer)
{
    char names[200], shown[PEER_REVOCATION_SHOWN];

    *peer = (struct peer){.side = PEER_EXTERNAL, .role = PEER_AS_SERVER, .chain = chain, .partner = partner};
    enum reason state = partner_state(partner, now);
    if (state != REASON_OK)
        return verdict(log, "partner-state", state, "partner %s: %s", partner->name, reason_sentence(state));
    if (chain->defect != REASON_OK)
        return verdict(log, "certificate", chain->defect, "%s", reason_sentence(chain->defect));
    names_of(chain->certificate[0], names, sizeof(names));
    check_log_add(log, "certificate", CHECK_PASSED, "names %s", names);

    enum reason reason = collect_paths(peer, partner_set_anchors_of(policy->partners), partner, now, trace);
    if (reason != REASON_OK)
        return judge_foreign_chain(policy, partner, reason, log, names, now, peer);
    check_log_add(log, "path", CHECK_PASSED, "leads to %s", peer->path[0].anchor->subject);

    struct speak_result speak = peer_may_speak_for(peer, partner, domain, answer, now, log);
    if (speak.verdict == SPEAK_ALLOWED) {
        peer->name = speak.matched;
        return verdict(
            NULL, "identity", REASON_OK, "%.*s%s", TEXT_ARGUMENTS(speak.matched),
            peer_revocation_note(peer, (size_t)(speak.path - peer->path), terms_of(partner), now, shown));
    }
    return verdict(
        NULL, "identity", speak.reason, "partner %s, domain %.*s, rule %s: %s%s; names %s", partner->name,
        TEXT_ARGUMENTS(domain), identity_rule_word(partner->identity), reason_sentence(speak.reason),
        peer_revocation_refusal(peer, partner, terms_of(partner), speak.reason, now, shown), names);
}

/* ---- speaking for a domain ---- */

struct speak_result peer_may_speak_for(struct peer *peer, const struct partner *partner, struct text domain,
                                       const struct srv_answer *answer, int64_t now,
                                       const struct check_log *log)
{
    enum reason reason;
    char shown[PEER_REVOCATION_SHOWN];
    const struct trust_path *path = path_for(peer, partner, now, &reason);

    if (path == NULL) {
        if (is_about_revocation(reason))
            check_log_add(log, "anchor", CHECK_PASSED, "one of partner %s", partner->name);
        check_log_add(log, is_about_revocation(reason) ? "revocation" : "anchor", CHECK_FAILED, "%s%s",
                      reason_sentence(reason),
                      peer_revocation_refusal(peer, partner, terms_of(partner), reason, now, shown));
        return (struct speak_result){.verdict = SPEAK_DENIED, .reason = reason};
    }
    check_log_add(log, "anchor", CHECK_PASSED, "%s of partner %s", path->anchor->subject, partner->name);
    peer_revocation_log(log, peer, (size_t)(path - peer->path), terms_of(partner), now);

    struct identity_result identity = identity_check(partner, peer->chain->certificate[0], domain, answer);
    if (identity.verdict == IDENTITY_NEEDS_SRV || identity.verdict == IDENTITY_NEEDS_TLSA) {
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
