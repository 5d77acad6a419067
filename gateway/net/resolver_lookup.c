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

static bool denies(const struct part *part)
{
    return part->result == DNS_ANSWER_NO_DATA || part->result == DNS_ANSWER_NO_NAME;
}

static enum dns_security security_of(bool secure)
{
    return secure ? DNS_SECURE : DNS_INSECURE;
}

static const char *failure_detail(enum dns_answer_result result, const struct dns_answer *answer)
{
    if (result == DNS_ANSWER_MALFORMED)
        return "the answer is malformed";
    if (result == DNS_ANSWER_TRUNCATED)
        return "the answer is truncated";
    return answer->rcode == DNS_RCODE_OK ? "the server refers to others" : "the server refuses to answer";
}

/* Opens a reply and notes in the part what it came to; the records are still to be read. */
static void open_reply(const struct lookup *lookup, struct part *part, const struct dns_reply *reply,
                       const char *name, uint16_t type, struct dns_answer *answer)
{
    memset(part, 0, sizeof *part);
    part->result = DNS_ANSWER_FAILED;
    part->detail = reply->detail;
    if (reply->octets.length == 0)
        return;
    enum dns_answer_result result = dns_answer_open(reply->octets, text_of(name), type, answer);
    part->secure = lookup->resolver->trust_ad && answer->authenticated;
    part->ttl = answer->ttl;
    if (result == DNS_ANSWER_RECORDS || result == DNS_ANSWER_NO_DATA || result == DNS_ANSWER_NO_NAME)
        part->result = result;
    else
        part->detail = failure_detail(result, answer);
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
                                           DNS_TYPE_SRV, srv_answered, lookup);
    return length > 0 && lookup->query[0] != NULL;
}

static void srv_failed(struct lookup *lookup, const char *detail)
{
    resolver_finish(lookup, srv_record_set_empty(REASON_DNS_FAILED, detail), REASON_DNS_FAILED,
                    DNS_FAILURE_TTL_MS, 0);
}

/* `denied` is the part of the first name when the second one answers. */
static void srv_found(struct lookup *lookup, struct dns_answer *answer, const struct part *last,
                      const struct part *denied)
{
    struct srv_record_set *set = denies(last) ? srv_record_set_empty(REASON_SRV_NOT_FOUND, NULL)
                                              : srv_record_set_read(answer, services[lookup->service]);
    uint64_t ttl = denies(last) ? dns_ttl_negative(last->ttl) : dns_ttl_positive(last->ttl);

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

    lookup->query[0] = NULL;
    service_name(lookup, name);
    open_reply(lookup, part, reply, name, DNS_TYPE_SRV, &answer);
    if (part->result == DNS_ANSWER_FAILED) {
        srv_failed(lookup, part->detail);
        return;
    }
    if (denies(part) && lookup->service == 0) {
        lookup->service = 1;
        if (!ask_srv(lookup))
            srv_failed(lookup, "too many questions");
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
        if (denies(part))
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
    if (v6->result == DNS_ANSWER_FAILED || v4->result == DNS_ANSWER_FAILED)
        return REASON_DNS_FAILED;
    return v6->refused_count + v4->refused_count > 0 ? REASON_ADDRESS_REFUSED : REASON_ADDRESS_NOT_FOUND;
}

static void join_addresses(struct lookup *lookup)
{
    const struct part *v6 = &lookup->part[PART_AAAA], *v4 = &lookup->part[PART_A];
    enum reason outcome = joined_outcome(lookup);
    struct address_set *set =
        address_set_join(outcome, v6->address, v6->address_count, v4->address, v4->address_count);
    uint64_t ttl = joined_ttl(lookup), stale = outcome == REASON_OK ? DNS_STALE_MOST_MS : 0;

    if (set == NULL) {
        resolver_finish(lookup, NULL, REASON_OVERLOADED, 0, 0);
        return;
    }
    set->security = security_of(v6->secure && v4->secure);
    set->detail = v4->detail != NULL ? v4->detail : v6->detail;
    if (outcome == REASON_DNS_FAILED)
        ttl = DNS_FAILURE_TTL_MS;
    else if (outcome == REASON_ADDRESS_REFUSED)
        ttl = lesser(ttl, DNS_NEGATIVE_TTL_MOST_MS); /* whoever repairs it is not kept waiting */
    resolver_finish(lookup, set, outcome, ttl, stale);
}

static void part_answered(struct lookup *lookup, size_t index, uint16_t type, const struct dns_reply *reply)
{
    struct part *part = &lookup->part[index];
    struct dns_answer answer;

    lookup->query[index] = NULL;
    open_reply(lookup, part, reply, lookup->name, type, &answer);
    if (part->result == DNS_ANSWER_RECORDS)
        read_addresses(lookup->resolver, &answer, part);
    if (lookup->query[PART_AAAA] == NULL && lookup->query[PART_A] == NULL)
        join_addresses(lookup);
}

static void aaaa_answered(void *context, const struct dns_reply *reply)
{
    part_answered(context, PART_AAAA, DNS_TYPE_AAAA, reply);
}

static void a_answered(void *context, const struct dns_reply *reply)
{
    part_answered(context, PART_A, DNS_TYPE_A, reply);
}

static bool ask_addresses(struct lookup *lookup)
{
    struct dns_channel *channel = lookup->resolver->channel;
    struct text name = {lookup->name, lookup->name_length};

    lookup->query[PART_AAAA] = dns_channel_ask(channel, name, DNS_TYPE_AAAA, aaaa_answered, lookup);
    if (lookup->query[PART_AAAA] == NULL)
        return false;
    lookup->query[PART_A] = dns_channel_ask(channel, name, DNS_TYPE_A, a_answered, lookup);
    if (lookup->query[PART_A] != NULL)
        return true;
    dns_query_abandon(lookup->query[PART_AAAA]);
    lookup->query[PART_AAAA] = NULL;
    return false;
}

/* ---- both ---- */

bool lookup_start(struct lookup *lookup)
{
    return lookup->kind == QUESTION_SRV ? ask_srv(lookup) : ask_addresses(lookup);
}

void lookup_give_up(struct lookup *lookup, const char *detail)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (lookup->query[i] == NULL)
            continue;
        dns_query_abandon(lookup->query[i]);
        lookup->query[i] = NULL;
        lookup->part[i].result = DNS_ANSWER_FAILED;
        lookup->part[i].detail = detail;
    }
    if (lookup->kind == QUESTION_SRV)
        srv_failed(lookup, detail);
    else
        join_addresses(lookup);
}
