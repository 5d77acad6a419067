/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The happy path of an SRV lookup: the first service name is asked for and answers. When it is denied the
 * second one is asked for, under the same deadline. Of an address lookup: AAAA and A are asked for together,
 * and when both have come to something, what is left of them is joined.
 *
 * A failure (no answer, SERVFAIL, garbage) is never taken for a denial. */
#include "gateway/net/resolver_parts.h"

#include <stdio.h>
#include <string.h>

#define REPAIR_TTL_MS 30000u /* an answer of which one half failed: that half is asked for again soon */

static const char *const services[] = {"_sipfederationtls._tcp",
                                       "_sips._tcp"}; /* in the order of contract 8.14 */

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static enum dns_security security_of(bool secure)
{
    return secure ? DNS_SECURE : DNS_INSECURE;
}

/* ---- SRV ---- */

static size_t service_name(const struct lookup *lookup, char to[DNS_NAME_SIZE])
{
    int length = snprintf(to, DNS_NAME_SIZE, "%s.%s", services[lookup->service], lookup->name);
    return length < 0 || length > DOMAIN_LONGEST ? 0 : (size_t)length;
}

static void srv_answered(void *context, const struct dns_reply *reply);

static bool ask_srv(struct lookup *lookup)
{
    char name[DNS_NAME_SIZE];
    size_t length = service_name(lookup, name);

    if (length > 0)
        lookup->query[0] = dns_channel_ask(lookup->resolver->channel, (struct text){name, length},
                                           DNS_TYPE_SRV, false, srv_answered, lookup);
    return length > 0 && lookup->query[0] != NULL;
}

static void srv_failed(struct lookup *lookup, enum reason reason, const char *detail)
{
    struct srv_record_set *set = srv_record_set_empty(reason, detail);

    if (set != NULL && reason == REASON_DNS_BOGUS)
        set->answer.security = DNS_BOGUS;
    resolver_finish(lookup, set, reason, failure_ttl(reason), 0);
}

/* `denied` is the part of the first name when the second one answers. */
static void srv_found(struct lookup *lookup, struct dns_answer *answer, const struct part *last,
                      const struct part *denied)
{
    struct srv_record_set *set = part_denies(last) ? srv_record_set_empty(REASON_SRV_NOT_FOUND, NULL)
                                                   : srv_record_set_read(answer, services[lookup->service]);
    uint64_t ttl = part_denies(last) ? dns_ttl_negative(last->ttl) : dns_ttl_positive(last->ttl);

    if (denied != NULL)
        ttl = lesser(ttl, dns_ttl_negative(denied->ttl));
    if (set == NULL) {
        resolver_finish(lookup, NULL, REASON_OVERLOADED, 0, 0);
        return;
    }
    set->answer.security = security_of(last->secure && (denied == NULL || denied->secure));
    enum reason outcome = set->answer.outcome;
    resolver_finish(lookup, set, outcome, ttl, outcome == REASON_OK ? DNS_STALE_MOST_MS : 0);
}

static void srv_answered(void *context, const struct dns_reply *reply)
{
    struct lookup *lookup = context;
    struct part *part = &lookup->part[lookup->service];
    struct dns_answer answer;
    char name[DNS_NAME_SIZE];

    service_name(lookup, name);
    if (!part_hear(lookup, 0, part, reply, name, DNS_TYPE_SRV, srv_answered, &answer))
        return;
    if (part->result == DNS_ANSWER_FAILED) {
        srv_failed(lookup, part_reason(part), part->detail);
        return;
    }
    if (part_denies(part) && lookup->service == 0) {
        lookup->service = 1;
        if (!ask_srv(lookup))
            srv_failed(lookup, REASON_DNS_FAILED, "too many questions");
        return;
    }
    srv_found(lookup, &answer, part, lookup->service == 0 ? NULL : &lookup->part[0]);
}

/* ---- addresses ---- */

static void read_addresses(const struct resolver *resolver, struct dns_answer *answer, struct part *part)
{
    struct dns_record record;
    union address address;

    while (dns_answer_next(answer, &record) && part->address_count < PART_ADDRESSES_MOST) {
        memset(&address, 0, sizeof address);
        if (answer->type == DNS_TYPE_A) {
            address.v4.sin_family = AF_INET;
            memcpy(&address.v4.sin_addr, record.address, 4);
        } else {
            address.v6.sin6_family = AF_INET6;
            memcpy(&address.v6.sin6_addr, record.address, 16);
        }
        if (resolver_allows(resolver, &address))
            part->address[part->address_count++] = address;
        else
            part->refused_count++;
    }
}

/* How long an answer of both parts may be believed. */
static uint64_t joined_ttl(const struct lookup *lookup)
{
    uint64_t ttl = DNS_TTL_MOST_MS;

    for (size_t i = 0; i < PART_COUNT; i++) {
        const struct part *part = &lookup->part[i];
        if (part_denies(part))
            ttl = lesser(ttl, dns_ttl_negative(part->ttl));
        else
            ttl =
                lesser(ttl, part->result == DNS_ANSWER_RECORDS ? dns_ttl_positive(part->ttl) : REPAIR_TTL_MS);
    }
    return ttl;
}

static enum reason joined_outcome(const struct lookup *lookup)
{
    const struct part *v6 = &lookup->part[PART_AAAA], *v4 = &lookup->part[PART_A];

    if (v6->address_count + v4->address_count > 0)
        return REASON_OK;
    if (v6->bogus || v4->bogus)
        return REASON_DNS_BOGUS;
    if (v6->result == DNS_ANSWER_FAILED || v4->result == DNS_ANSWER_FAILED)
        return REASON_DNS_FAILED;
    return v6->refused_count + v4->refused_count > 0 ? REASON_ADDRESS_REFUSED : REASON_ADDRESS_NOT_FOUND;
}

/* A half that failed takes nothing from the other; a bogus one is a warning (RFC 7673 3.2). */
static enum dns_security joined_security(const struct lookup *lookup)
{
    bool secure = false, insecure = false;

    for (size_t i = 0; i < PART_COUNT; i++) {
        const struct part *part = &lookup->part[i];
        if (part->bogus)
            return DNS_BOGUS;
        secure = secure || (part->result != DNS_ANSWER_FAILED && part->secure);
        insecure = insecure || (part->result != DNS_ANSWER_FAILED && !part->secure);
    }
    return security_of(secure && !insecure);
}

static const char *joined_canonical(const struct lookup *lookup)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (lookup->part[i].result == DNS_ANSWER_RECORDS && lookup->part[i].canonical[0] != '\0')
            return lookup->part[i].canonical;
    }
    return NULL;
}

static void join_addresses(struct lookup *lookup)
{
    const struct part *v6 = &lookup->part[PART_AAAA], *v4 = &lookup->part[PART_A];
    enum reason outcome = joined_outcome(lookup);
    struct address_set *set = address_set_join(outcome, joined_canonical(lookup), v6->address,
                                               v6->address_count, v4->address, v4->address_count);
    uint64_t ttl = joined_ttl(lookup), stale = outcome == REASON_OK ? DNS_STALE_MOST_MS : 0;

    if (set == NULL) {
        resolver_finish(lookup, NULL, REASON_OVERLOADED, 0, 0);
        return;
    }
    set->security = joined_security(lookup);
    set->detail = v4->detail != NULL ? v4->detail : v6->detail;
    if (outcome == REASON_DNS_FAILED || outcome == REASON_DNS_BOGUS)
        ttl = failure_ttl(outcome);
    else if (outcome == REASON_ADDRESS_REFUSED)
        ttl = lesser(ttl, DNS_NEGATIVE_TTL_MOST_MS); /* whoever repairs it is not kept waiting */
    resolver_finish(lookup, set, outcome, ttl, stale);
}

static void part_answered(struct lookup *lookup, size_t index, uint16_t type,
                          void (*again)(void *context, const struct dns_reply *reply),
                          const struct dns_reply *reply)
{
    struct part *part = &lookup->part[index];
    struct dns_answer answer;

    if (part_hear(lookup, index, part, reply, lookup->name, type, again, &answer) &&
        part->result == DNS_ANSWER_RECORDS)
        read_addresses(lookup->resolver, &answer, part);
    if (lookup->query[PART_AAAA] == NULL && lookup->query[PART_A] == NULL)
        join_addresses(lookup);
}

static void aaaa_answered(void *context, const struct dns_reply *reply)
{
    part_answered(context, PART_AAAA, DNS_TYPE_AAAA, aaaa_answered, reply);
}

static void a_answered(void *context, const struct dns_reply *reply)
{
    part_answered(context, PART_A, DNS_TYPE_A, a_answered, reply);
}

static bool ask_addresses(struct lookup *lookup)
{
    struct dns_channel *channel = lookup->resolver->channel;
    struct text name = {lookup->name, lookup->name_length};

    lookup->query[PART_AAAA] = dns_channel_ask(channel, name, DNS_TYPE_AAAA, false, aaaa_answered, lookup);
    if (lookup->query[PART_AAAA] == NULL)
        return false;
    lookup->query[PART_A] = dns_channel_ask(channel, name, DNS_TYPE_A, false, a_answered, lookup);
    if (lookup->query[PART_A] != NULL)
        return true;
    dns_query_abandon(lookup->query[PART_AAAA]);
    lookup->query[PART_AAAA] = NULL;
    return false;
}

/* ---- TLSA ---- */

static void tlsa_failed(struct lookup *lookup, enum reason reason, const char *detail)
{
    struct tlsa_set *set = tlsa_set_empty(reason, detail);

    if (set != NULL && reason == REASON_DNS_BOGUS)
        set->answer.security = DNS_BOGUS;
    resolver_finish(lookup, set, reason, failure_ttl(reason), 0);
}

/* No stale time: a record that was withdrawn is not to live on. */
static void tlsa_answered(void *context, const struct dns_reply *reply)
{
    struct lookup *lookup = context;
    struct part *part = &lookup->part[0];
    struct dns_answer answer;

    if (!part_hear(lookup, 0, part, reply, lookup->name, DNS_TYPE_TLSA, tlsa_answered, &answer))
        return;
    if (part->result == DNS_ANSWER_FAILED) {
        tlsa_failed(lookup, part_reason(part), part->detail);
        return;
    }
    struct tlsa_set *set = part_denies(part) ? tlsa_set_empty(REASON_TLSA_MISMATCH, "it has no TLSA record")
                                             : tlsa_set_read(&answer);
    if (set == NULL) {
        resolver_finish(lookup, NULL, REASON_OVERLOADED, 0, 0);
        return;
    }
    set->answer.security = security_of(part->secure);
    resolver_finish(lookup, set, set->answer.outcome,
                    part_denies(part) ? dns_ttl_negative(part->ttl) : dns_ttl_positive(part->ttl), 0);
}

static bool ask_tlsa(struct lookup *lookup)
{
    lookup->query[0] =
        dns_channel_ask(lookup->resolver->channel, (struct text){lookup->name, lookup->name_length},
                        DNS_TYPE_TLSA, false, tlsa_answered, lookup);
    return lookup->query[0] != NULL;
}

/* ---- all of them ---- */

bool lookup_start(struct lookup *lookup)
{
    if (lookup->kind == QUESTION_SRV)
        return ask_srv(lookup);
    if (lookup->kind == QUESTION_ADDRESSES)
        return ask_addresses(lookup);
    return lookup->kind == QUESTION_TLSA ? ask_tlsa(lookup) : proof_start(lookup);
}

void lookup_abandon(struct lookup *lookup)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (lookup->query[i] != NULL)
            dns_query_abandon(lookup->query[i]);
        lookup->query[i] = NULL;
    }
    proof_free(lookup->proof);
    lookup->proof = NULL;
}

void lookup_give_up(struct lookup *lookup, const char *detail)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (lookup->query[i] == NULL)
            continue;
        dns_query_abandon(lookup->query[i]);
        lookup->query[i] = NULL;
        if (lookup->part[i].doubted)
            continue; /* it failed before; why will not be known */
        lookup->part[i].result = DNS_ANSWER_FAILED;
        lookup->part[i].detail = detail;
    }
    if (lookup->kind == QUESTION_SRV)
        srv_failed(lookup, REASON_DNS_FAILED, detail);
    else if (lookup->kind == QUESTION_ADDRESSES)
        join_addresses(lookup);
    else if (lookup->kind == QUESTION_TLSA)
        tlsa_failed(lookup, REASON_DNS_FAILED, detail);
    else
        proof_give_up(lookup, detail);
}
