/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/records.h"

#include <stdio.h>

static bool wants_tlsa(const struct partner *partner)
{
    return partner != NULL && partner->identity == IDENTITY_DANE;
}

bool records_peek(const struct worker *worker, const struct partner *partner, struct text domain,
                  const struct srv_record_set **records)
{
    return wants_tlsa(partner) ? resolver_peek_federation_tlsa(worker->resolver, domain, records)
                               : resolver_peek_federation_srv(worker->resolver, domain, records);
}

struct resolver_question *records_ask(struct worker *worker, const struct partner *partner,
                                      struct text domain,
                                      void (*answered)(void *context, const struct srv_record_set *records),
                                      void *context)
{
    return wants_tlsa(partner) ? resolver_federation_tlsa(worker->resolver, domain, answered, context)
                               : resolver_federation_srv(worker->resolver, domain, answered, context);
}

enum reason records_reason(const struct partner *partner, const struct srv_record_set *records)
{
    return identity_rule_needs_dns(partner->identity) ? identity_answer_reason(partner, &records->answer)
                                                      : records->answer.outcome;
}

bool records_failed(enum reason reason)
{
    return reason == REASON_DNS_FAILED || reason == REASON_OVERLOADED || reason == REASON_SHUTTING_DOWN;
}

bool records_allow_address(const struct settings *settings, const struct partner *partner, struct text host,
                           const union address *address)
{
    if (partner == NULL || !partner->is_discovered || settings->dns.allow_loopback ||
        address_is_global(address))
        return true;
    for (size_t i = 0; i < settings->dns.host_count; i++) {
        if (domain_equal(text_of(settings->dns.host[i].name), host))
            return true;
    }
    return false;
}

/* "edge.cloud.example:5061: its addresses are not DNSSEC-secure; ..." */
static void print_targets(const struct srv_answer *answer, char to[RECORDS_DETAIL])
{
    size_t used = 0;

    for (size_t i = 0; i < answer->target_count; i++) {
        const struct srv_target *target = &answer->target[i];
        int length =
            snprintf(to + used, RECORDS_DETAIL - used, "%s%.*s:%u: %s", used == 0 ? "" : "; ",
                     TEXT_ARGUMENTS(target->host), target->port,
                     target->tlsa == NULL || target->tlsa->detail == NULL ? "none of its TLSA records matches"
                                                                          : target->tlsa->detail);
        if (length < 0 || (size_t)length >= RECORDS_DETAIL - used)
            return;
        used += (size_t)length;
    }
}

const char *records_detail(const struct srv_record_set *records, char to[RECORDS_DETAIL])
{
    const struct srv_answer *answer = &records->answer;

    to[0] = '\0';
    if (records->detail != NULL)
        snprintf(to, RECORDS_DETAIL, "%s", records->detail);
    else if (answer->stale)
        snprintf(to, RECORDS_DETAIL, "its TTL is over, and the DNS does not answer");
    else if (answer->outcome == REASON_OK && answer->tlsa_known && answer->security == DNS_SECURE)
        print_targets(answer, to);
    return to;
}
