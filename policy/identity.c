/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/identity.h"

#include "policy/domain.h"

static bool has_name(const struct certificate *leaf, enum certificate_name_kind kind, struct text name,
                     struct text *matched)
{
    for (size_t i = 0; i < leaf->name_count; i++) {
        /* Whole, by length: a NUL inside a name makes it another name. */
        if (leaf->names[i].kind == kind && domain_equal(leaf->names[i].value, name)) {
            *matched = leaf->names[i].value;
            return true;
        }
    }
    return false;
}

static bool has_kind(const struct certificate *leaf, enum certificate_name_kind kind)
{
    for (size_t i = 0; i < leaf->name_count; i++) {
        if (leaf->names[i].kind == kind)
            return true;
    }
    return false;
}

bool identity_names_dns(const struct certificate *leaf, struct text name, struct text *matched)
{
    return has_name(leaf, CERTIFICATE_NAME_DNS, name, matched);
}

bool identity_names_host(const struct certificate *leaf, struct text name)
{
    struct text matched;
    if (leaf->has_subject_alternative_name)
        return has_name(leaf, CERTIFICATE_NAME_DNS, name, &matched);
    return has_name(leaf, CERTIFICATE_NAME_COMMON, name, &matched);
}

/* RFC 5922 7.1: a sip URI displaces DNS names, and any SAN displaces the CN. */
bool identity_names_domain(const struct certificate *leaf, struct text domain, struct text *matched)
{
    if (has_kind(leaf, CERTIFICATE_NAME_SIP))
        return has_name(leaf, CERTIFICATE_NAME_SIP, domain, matched);
    if (leaf->has_subject_alternative_name)
        return has_name(leaf, CERTIFICATE_NAME_DNS, domain, matched);
    return has_name(leaf, CERTIFICATE_NAME_COMMON, domain, matched);
}

bool identity_names_target(const struct certificate *leaf, struct text host, struct text *matched)
{
    if (leaf->has_subject_alternative_name)
        return has_name(leaf, CERTIFICATE_NAME_DNS, host, matched) ||
               has_name(leaf, CERTIFICATE_NAME_SIP, host, matched);
    return has_name(leaf, CERTIFICATE_NAME_COMMON, host, matched);
}

static struct identity_result proven(struct text matched, const struct srv_target *target)
{
    return (struct identity_result){
        .verdict = IDENTITY_PROVEN, .reason = REASON_OK, .matched = matched, .target = target};
}

static struct identity_result refused(enum reason reason)
{
    return (struct identity_result){.verdict = IDENTITY_REFUSED, .reason = reason};
}

static struct identity_result check_names(const struct partner *partner, const struct certificate *leaf)
{
    struct text matched;
    for (size_t i = 0; i < partner->identity_name_count; i++) {
        if (identity_names_dns(leaf, text_of(partner->identity_names[i]), &matched))
            return proven(matched, NULL);
    }
    return refused(REASON_IDENTITY_MISMATCH);
}

bool identity_may_prove_target(const struct partner *partner, struct text domain,
                               const struct srv_target *target)
{
    if (partner->identity == IDENTITY_DANE)
        return tlsa_answer_reason(target->tlsa) == REASON_OK;
    return partner->identity != IDENTITY_SRV_TARGET || domain_is_within(target->host, domain);
}

/* The Lync rule: DNS may be lied to, but only towards another certified host inside the same domain. */
static struct identity_result check_srv_target(const struct certificate *leaf, struct text domain,
                                               const struct srv_answer *answer)
{
    bool outside_named = false, any_inside = false;
    struct text matched;

    for (size_t i = 0; i < answer->target_count; i++) {
        const struct srv_target *target = &answer->target[i];
        bool inside = domain_is_within(target->host, domain);
        any_inside = any_inside || inside;
        if (!identity_names_target(leaf, target->host, &matched))
            continue;
        if (inside)
            return proven(matched, target);
        outside_named = true;
    }
    return refused(outside_named || !any_inside ? REASON_SRV_TARGET_OUTSIDE_DOMAIN
                                                : REASON_IDENTITY_MISMATCH);
}

/* RFC 7673 4.1: with a secure SRV answer both the domain and its targets are reference identifiers. */
static struct identity_result check_secure_srv(const struct certificate *leaf, struct text domain,
                                               const struct srv_answer *answer)
{
    struct text matched;

    if (identity_names_domain(leaf, domain, &matched))
        return proven(matched, NULL);
    for (size_t i = 0; i < answer->target_count; i++) {
        if (identity_names_target(leaf, answer->target[i].host, &matched))
            return proven(matched, &answer->target[i]);
    }
    return refused(REASON_IDENTITY_MISMATCH);
}

/* ---- the answer ---- */

/* No target can be proven: why not? What may pass comes first. */
static enum reason targets_reason(const struct srv_answer *answer)
{
    static const enum reason order[] = {REASON_OK, REASON_OVERLOADED, REASON_DNS_FAILED, REASON_DNS_BOGUS};

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        for (size_t j = 0; j < answer->target_count; j++) {
            if (tlsa_answer_reason(answer->target[j].tlsa) == order[i])
                return order[i];
        }
    }
    return answer->target_count == 0 ? REASON_TLSA_MISMATCH : tlsa_answer_reason(answer->target[0].tlsa);
}

enum reason identity_answer_reason(const struct partner *partner, const struct srv_answer *answer)
{
    if (answer->outcome != REASON_OK)
        return answer->outcome;
    if (answer->security == DNS_BOGUS)
        return REASON_DNS_BOGUS;
    if (!identity_rule_needs_dnssec(partner->identity))
        return REASON_OK;
    /* A record that was withdrawn must not live on because the DNS is kept from telling so. */
    if (answer->stale)
        return REASON_DNS_FAILED;
    if (answer->security != DNS_SECURE)
        return REASON_SRV_NOT_SECURE;
    return partner->identity == IDENTITY_DANE && answer->tlsa_known ? targets_reason(answer) : REASON_OK;
}

struct srv_answer identity_answer_of_server(const struct partner *partner, const struct srv_answer *answer,
                                            struct text host, uint16_t port)
{
    struct srv_answer narrow = *answer;

    if (partner->identity != IDENTITY_DANE || partner->locate == LOCATE_FIXED)
        return narrow;
    narrow.target_count = 0;
    for (size_t i = 0; i < answer->target_count && narrow.target_count == 0; i++) {
        if (answer->target[i].port == port && domain_equal(answer->target[i].host, host)) {
            narrow.target = &answer->target[i];
            narrow.target_count = 1;
        }
    }
    return narrow;
}

struct text identity_server_name(const struct partner *partner, const struct srv_answer *answer,
                                 struct text domain, struct text host, uint16_t port)
{
    if (partner->identity == IDENTITY_DOMAIN || partner->identity == IDENTITY_SECURE_SRV)
        return domain;
    if (partner->identity == IDENTITY_DANE && answer != NULL) {
        const struct srv_answer server = identity_answer_of_server(partner, answer, host, port);
        const struct tlsa_answer *tlsa = server.target_count == 1 ? server.target[0].tlsa : NULL;
        if (tlsa != NULL && tlsa->base.length > 0)
            return tlsa->base;
    }
    return domain_is_address(host) ? TEXT_NONE : host;
}

struct identity_result identity_check(const struct partner *partner, const struct certificate *leaf,
                                      struct text domain, const struct srv_answer *answer)
{
    struct text matched;

    if (partner->identity == IDENTITY_DOMAIN)
        return identity_names_domain(leaf, domain, &matched) ? proven(matched, NULL)
                                                             : refused(REASON_IDENTITY_MISMATCH);
    if (partner->identity == IDENTITY_NAMES)
        return check_names(partner, leaf);
    if (answer == NULL)
        return (struct identity_result){.verdict = IDENTITY_NEEDS_SRV, .reason = REASON_DNS_FAILED};
    enum reason reason = identity_answer_reason(partner, answer);
    if (reason != REASON_OK)
        return refused(reason);
    if (partner->identity == IDENTITY_SRV_TARGET)
        return check_srv_target(leaf, domain, answer);
    if (partner->identity == IDENTITY_SECURE_SRV)
        return check_secure_srv(leaf, domain, answer);
    return refused(REASON_TLSA_MISMATCH); /* IDENTITY_DANE: no name proves it */
}
