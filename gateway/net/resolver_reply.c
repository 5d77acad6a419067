/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a reply comes to, and whether DNSSEC may be believed in it.
 *
 * A resolver that validates answers SERVFAIL where validation fails, and where something else does. It may
 * say which (RFC 8914); one that does not is asked again with CD, that is, for the answer as it is: when that
 * succeeds, validation was what failed. Both are worth what the AD bit is worth, and are asked for only where
 * that is believed. */
#include "gateway/net/resolver_parts.h"

#include <string.h>

bool part_denies(const struct part *part)
{
    return part->result == DNS_ANSWER_NO_DATA || part->result == DNS_ANSWER_NO_NAME;
}

enum reason part_reason(const struct part *part)
{
    return part->bogus ? REASON_DNS_BOGUS : REASON_DNS_FAILED;
}

uint64_t failure_ttl(enum reason reason)
{
    return reason == REASON_DNS_BOGUS ? DNS_BOGUS_TTL_MS : DNS_FAILURE_TTL_MS;
}

static const char *failure_detail(enum dns_answer_result result, const struct dns_answer *answer)
{
    if (result == DNS_ANSWER_MALFORMED)
        return "the answer is malformed";
    if (result == DNS_ANSWER_TRUNCATED)
        return "the answer is truncated";
    return answer->rcode == DNS_RCODE_OK ? "the server refers to others" : "the server refuses to answer";
}

static bool is_known(enum dns_answer_result result)
{
    return result == DNS_ANSWER_RECORDS || result == DNS_ANSWER_NO_DATA || result == DNS_ANSWER_NO_NAME;
}

static void set_bogus(struct part *part, const char *detail)
{
    part->bogus = true;
    part->detail = detail;
}

/* True: what failed may have been the validation. */
static bool open_reply(const struct resolver *resolver, struct part *part, const struct dns_reply *reply,
                       const char *name, uint16_t type, struct dns_answer *answer)
{
    memset(part, 0, sizeof *part);
    part->result = DNS_ANSWER_FAILED;
    part->detail = reply->detail;
    if (reply->octets.length == 0) /* servers that refuse, one after the other, come to this as well */
        return resolver->trust_ad && !reply->timed_out;
    enum dns_answer_result result = dns_answer_open(reply->octets, text_of(name), type, answer);
    part->secure = resolver->trust_ad && answer->authenticated;
    part->ttl = answer->ttl;
    if (is_known(result)) {
        part->result = result;
        if (part->secure && answer->aliased)
            memcpy(part->canonical, answer->owner, sizeof part->canonical);
        return false;
    }
    part->detail = failure_detail(result, answer);
    if (!resolver->trust_ad || result != DNS_ANSWER_FAILED)
        return false;
    if (answer->bogus != NULL)
        set_bogus(part, answer->bogus);
    return !part->bogus && answer->rcode == DNS_RCODE_SERVER_FAILURE;
}

bool part_hear(struct lookup *lookup, size_t query, struct part *part, const struct dns_reply *reply,
               const char *name, uint16_t type, void (*again)(void *context, const struct dns_reply *reply),
               struct dns_answer *answer)
{
    lookup->query[query] = NULL;
    if (part->doubted) {
        part->doubted = false;
        if (reply->octets.length > 0 && is_known(dns_answer_open(reply->octets, text_of(name), type, answer)))
            set_bogus(part, "there is an answer, and its signatures do not hold");
        return true;
    }
    if (!open_reply(lookup->resolver, part, reply, name, type, answer))
        return true;
    lookup->query[query] =
        dns_channel_ask(lookup->resolver->channel, text_of(name), type, true, again, lookup);
    part->doubted = lookup->query[query] != NULL;
    return !part->doubted;
}
