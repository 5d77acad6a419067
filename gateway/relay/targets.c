/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/relay.h"

#include "policy/domain.h"

/* Which servers a request is tried on, and in what order. */

static void add_target(struct transaction *transaction, struct text host, uint16_t port)
{
    for (size_t i = 0; i < transaction->target_count; i++) {
        if (transaction->target[i].port == port && domain_equal(transaction->target[i].host, host))
            return;
    }
    if (transaction->target_count < TRANSACTION_TARGETS_MOST)
        transaction->target[transaction->target_count++] =
            (struct located_target){.host = host, .port = port};
}

/* The server that the next Route (or, within a dialog, the Request-URI) names goes first: it may hold the
 * dialog. */
static const struct sip_uri *wanted(const struct route *route)
{
    return route->next.text.length > 0 ? &route->next : &route->request_uri;
}

/* A partner chooses the port in a Route; only ports that our servers are known by are connected to. */
static bool is_server_port(const struct settings *settings, uint16_t port)
{
    for (size_t i = 0; i < settings->next_hop_count; i++) {
        if (settings->next_hop[i].port == port)
            return true;
    }
    return port == SIP_TLS_PORT;
}

void relay_target_servers(struct transaction *transaction, const struct route *route)
{
    const struct settings *settings = transaction->snapshot->settings;
    const struct sip_uri *uri = wanted(route);
    uint16_t port = uri->has_port ? uri->port : SIP_TLS_PORT;

    for (size_t i = 0; i < settings->next_hop_count; i++) {
        if (domain_equal(uri->host, text_of(settings->next_hop[i].host)) &&
            (!uri->has_port || port == settings->next_hop[i].port))
            add_target(transaction, text_of(settings->next_hop[i].host), settings->next_hop[i].port);
    }
    for (size_t i = 0; i < settings->server_count && is_server_port(settings, port); i++) {
        if (domain_equal(uri->host, text_of(settings->servers[i])))
            add_target(transaction, text_of(settings->servers[i]), port);
    }
    for (size_t i = 0; i < settings->next_hop_count; i++)
        add_target(transaction, text_of(settings->next_hop[i].host), settings->next_hop[i].port);
}

/* Without those that cannot be proven. */
static size_t locate_proven(const struct partner *partner, struct text domain,
                            const struct srv_answer *answer, struct located_target located[SRV_TARGETS_MOST])
{
    struct srv_target target[SRV_TARGETS_MOST];
    struct srv_answer usable = *answer;

    usable.target = target;
    usable.target_count = 0;
    for (size_t i = 0; i < answer->target_count && usable.target_count < SRV_TARGETS_MOST; i++) {
        if (identity_may_prove_target(partner, domain, &answer->target[i]))
            target[usable.target_count++] = answer->target[i];
    }
    return locate_srv(&usable, &locate_random_system, located);
}

static size_t locate_servers(const struct transaction *transaction, const struct srv_answer *answer,
                             struct located_target located[SRV_TARGETS_MOST])
{
    const struct partner *partner = transaction->partner;
    struct text domain = {transaction->domain, transaction->domain_length};

    if (partner->identity != IDENTITY_DANE && partner->identity != IDENTITY_SRV_TARGET)
        return locate_srv(answer, &locate_random_system, located);
    return locate_proven(partner, domain, answer, located);
}

void relay_target_partner(struct transaction *transaction, const struct route *route,
                          const struct srv_record_set *records)
{
    const struct partner *partner = transaction->partner;
    struct located_target located[SRV_TARGETS_MOST];
    const struct sip_uri *uri = wanted(route);
    size_t count;

    if (records !=
        NULL) /* also with fixed targets: the identity rule may ask for them, and a TTL of 0 is in no cache */
        transaction->records = srv_record_set_hold(records);
    if (partner->locate == LOCATE_FIXED) {
        count = locate_fixed(partner->fixed, partner->fixed_count, located);
    } else {
        count = locate_servers(transaction, &records->answer, located);
        if (count == 0 && partner->identity == IDENTITY_SRV_TARGET && records->answer.target_count > 0)
            transaction->failure = REASON_SRV_TARGET_OUTSIDE_DOMAIN;
    }
    for (size_t i = 0; i < count && route->has_mark; i++) {
        if (domain_equal(uri->host, located[i].host) && (!uri->has_port || uri->port == located[i].port))
            add_target(transaction, located[i].host, located[i].port);
    }
    for (size_t i = 0; i < count; i++)
        add_target(transaction, located[i].host, located[i].port);
}
