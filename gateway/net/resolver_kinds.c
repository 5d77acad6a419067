/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs by the kind of a question: its sets, and what is known without a query. */
#include "gateway/net/resolver_parts.h"

static bool is_srv(enum question_kind kind)
{
    return kind == QUESTION_SRV || kind == QUESTION_PROOF;
}

const void *set_hold(enum question_kind kind, const void *set)
{
    if (is_srv(kind))
        return srv_record_set_hold(set);
    return kind == QUESTION_TLSA ? (const void *)tlsa_set_hold(set) : (const void *)address_set_hold(set);
}

void set_release(enum question_kind kind, const void *set)
{
    if (is_srv(kind))
        srv_record_set_release(set);
    else if (kind == QUESTION_TLSA)
        tlsa_set_release(set);
    else
        address_set_release(set);
}

const void *set_static(enum question_kind kind, enum reason outcome)
{
    if (is_srv(kind))
        return srv_record_set_static(outcome);
    return kind == QUESTION_TLSA ? (const void *)tlsa_set_static(outcome)
                                 : (const void *)address_set_static(outcome);
}

void set_note_times(enum question_kind kind, void *set, uint64_t expires, bool stale)
{
    struct srv_record_set *srv = set;
    struct address_set *addresses = set;
    struct tlsa_set *tlsa = set;

    if (is_srv(kind)) {
        srv->expires = expires;
        srv->answer.stale =
            stale || (kind == QUESTION_PROOF && srv->answer.stale); /* of a stale SRV answer */
    } else if (kind == QUESTION_TLSA) {
        tlsa->expires = expires;
    } else {
        addresses->expires = expires;
        addresses->stale = stale;
    }
}

void question_answer(struct resolver_question *question)
{
    if (is_srv(question->kind))
        question->answered.srv(question->context, question->answer);
    else if (question->kind == QUESTION_TLSA)
        question->answered.tlsa(question->context, question->answer);
    else
        question->answered.addresses(question->context, question->answer);
}

/* ---- what is known ---- */

/* An address is its own answer. */
static const struct address_set *literal_set(struct resolver *resolver, struct text host, uint64_t now)
{
    union address address;

    if (!address_read(host, 0, &address))
        return address_set_static(REASON_ADDRESS_NOT_FOUND);
    struct address_set *set = address_set_join(REASON_OK, NULL, &address, 1, NULL, 0);
    if (set == NULL)
        return address_set_static(REASON_OVERLOADED);
    set->expires = now + DNS_TTL_MOST_MS;
    address_set_hold(set);
    dns_cache_put(resolver->sets[QUESTION_ADDRESSES], host, now, set, DNS_TTL_MOST_MS, 0);
    bool is_kept = set->references > 1; /* the cache may not have had the memory */
    address_set_release(set);
    return is_kept ? set : address_set_static(REASON_OVERLOADED);
}

/* A name that nobody has to be asked about: there is no such one. */
static const void *impossible(enum question_kind kind, struct text name)
{
    static const size_t service_length = sizeof "_sipfederationtls._tcp." - 1;

    if (kind == QUESTION_TLSA) /* made of a name that was in an answer */
        return name.length > DOMAIN_LONGEST ? set_static(kind, REASON_TLSA_MISMATCH) : NULL;
    if (kind == QUESTION_ADDRESSES)
        return domain_is_valid(name) ? NULL : set_static(kind, REASON_ADDRESS_NOT_FOUND);
    return domain_is_valid(name) && name.length + service_length <= DOMAIN_LONGEST
               ? NULL
               : set_static(kind, REASON_SRV_NOT_FOUND);
}

const void *known_answer(struct resolver *resolver, enum question_kind kind, struct text name)
{
    uint64_t now = uv_now(resolver->loop);
    void *set;

    if (kind == QUESTION_ADDRESSES && dns_cache_look(resolver->hosts, name, now, &set) == DNS_CACHE_FRESH)
        return set;
    if (dns_cache_look(resolver->sets[kind], name, now, &set) == DNS_CACHE_FRESH) {
        resolver_count_add(&resolver->counts->hits[kind], 1);
        return set;
    }
    if (kind == QUESTION_ADDRESSES && domain_is_address(name))
        return literal_set(resolver, name, now);
    return impossible(kind, name);
}

static const void *peek(struct resolver *resolver, enum question_kind kind, struct text name)
{
    return known_answer(resolver, kind, domain_without_dot(name));
}

bool resolver_peek_federation_srv(struct resolver *resolver, struct text domain,
                                  const struct srv_record_set **answer)
{
    const void *known = peek(resolver, QUESTION_SRV, domain);
    if (known != NULL)
        *answer = known;
    return known != NULL;
}

bool resolver_peek_federation_tlsa(struct resolver *resolver, struct text domain,
                                   const struct srv_record_set **answer)
{
    const void *known = peek(resolver, QUESTION_PROOF, domain);
    if (known != NULL)
        *answer = known;
    return known != NULL;
}

bool resolver_peek_addresses(struct resolver *resolver, struct text host, const struct address_set **answer)
{
    const void *known = peek(resolver, QUESTION_ADDRESSES, host);
    if (known != NULL)
        *answer = known;
    return known != NULL;
}
