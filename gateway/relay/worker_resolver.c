/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "gateway/net/listener.h"
#include "gateway/relay/worker.h"

/* A worker's resolver, and what a reload means for it: where the dns section changed, a new one takes all new
 * questions, and the old one stays until its questions have been answered. */

static bool same_hosts(const struct settings *a, const struct settings *b)
{
    if (a->dns.host_count != b->dns.host_count)
        return false;
    for (size_t i = 0; i < a->dns.host_count; i++) {
        const struct dns_host *one = &a->dns.host[i], *other = &b->dns.host[i];
        if (strcmp(one->name, other->name) != 0 || one->address_count != other->address_count)
            return false;
        for (size_t j = 0; j < one->address_count; j++) {
            if (strcmp(one->address[j], other->address[j]) != 0)
                return false;
        }
    }
    return true;
}

static bool same_servers(const struct settings *a, const struct settings *b)
{
    if (a->dns.server_count != b->dns.server_count)
        return false;
    for (size_t i = 0; i < a->dns.server_count; i++) {
        if (a->dns.server[i].port != b->dns.server[i].port ||
            strcmp(a->dns.server[i].host, b->dns.server[i].host) != 0)
            return false;
    }
    return true;
}

static bool same_dns(const struct settings *a, const struct settings *b)
{
    return a->dns.timeout_ms == b->dns.timeout_ms && a->dns.allow_loopback == b->dns.allow_loopback &&
           a->dns.trust_ad == b->dns.trust_ad && same_servers(a, b) && same_hosts(a, b);
}

struct resolver *worker_resolver_create(struct worker *worker, char *why, size_t size)
{
    const struct settings *settings = worker->snapshot->settings;
    union address own[2 * LISTENERS_MOST];
    size_t count = 0;

    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < worker->listener_count[side]; i++)
            own[count++] = *listener_address(worker->listener[side][i]);
    }
    struct resolver_options options = {
        .server = settings->dns.server,
        .server_count = settings->dns.server_count,
        .timeout_ms = settings->dns.timeout_ms,
        .host = settings->dns.host,
        .host_count = settings->dns.host_count,
        .own = own,
        .own_count = count,
        .allow_loopback = settings->dns.allow_loopback,
        .trust_ad = settings->dns.trust_ad,
        .counts = &worker->dns_counts,
    };
    return resolver_create(&worker->loop, &options, why, size);
}

static void retire(struct worker *worker, struct resolver *old, uint32_t timeout_ms)
{
    size_t slot = worker->retired_next++ % RETIRED_RESOLVERS_MOST;

    if (worker->retired[slot] != NULL) /* its last questions end as shutting-down */
        resolver_close(worker->retired[slot], NULL, NULL);
    worker->retired[slot] = old;
    worker->retired_until_ms[slot] = worker_now(worker) + timeout_ms + 1000;
}

void worker_resolver_follow(struct worker *worker, const struct settings *before)
{
    char why[RESOLVER_ERROR_SIZE];

    if (same_dns(before, worker->snapshot->settings))
        return;
    struct resolver *resolver = worker_resolver_create(worker, why, sizeof(why));
    if (resolver == NULL) {
        operation_log(worker->shared->log, LOG_LEVEL_ERROR, "dns-settings-not-followed", "worker=%u why=%s",
                      worker->index, why);
        return;
    }
    retire(worker, worker->resolver, before->dns.timeout_ms);
    worker->resolver = resolver;
}

void worker_resolver_tick(struct worker *worker, uint64_t now, bool end)
{
    for (size_t i = 0; i < RETIRED_RESOLVERS_MOST; i++) {
        if (worker->retired[i] == NULL || (!end && now < worker->retired_until_ms[i]))
            continue;
        resolver_close(worker->retired[i], NULL, NULL);
        worker->retired[i] = NULL;
    }
}
