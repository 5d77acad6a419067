/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The beginning of a resolver, and what stands in it from then on: the hosts of dns.hosts, and our own
 * addresses. */
#include "gateway/net/resolver_parts.h"

#include <stdio.h>
#include <stdlib.h>

static bool load_host(struct resolver *resolver, const struct dns_host *host)
{
    union address address[ADDRESSES_MOST];
    size_t count = 0;
    void *found;

    for (size_t i = 0; i < host->address_count && count < ADDRESSES_MOST; i++)
        count += address_read(text_of(host->address[i]), 0, &address[count]);
    struct address_set *set =
        address_set_join(count > 0 ? REASON_OK : REASON_ADDRESS_NOT_FOUND, NULL, address, count, NULL, 0);
    if (set == NULL)
        return false;
    set->expires = UINT64_MAX;
    set->security = DNS_SECURE; /* no DNS that could lie takes part */
    dns_cache_put(resolver->hosts, text_of(host->name), 0, set, UINT64_MAX, 0);
    return dns_cache_look(resolver->hosts, text_of(host->name), 0, &found) == DNS_CACHE_FRESH;
}

static bool load_hosts(struct resolver *resolver, const struct resolver_options *options)
{
    for (size_t i = 0; i < options->host_count; i++) {
        if (!load_host(resolver, &options->host[i]))
            return false;
    }
    return true;
}

/* An own address that stands for all of this machine's is joined by these. */
static bool load_interfaces(struct resolver *resolver)
{
    uv_interface_address_t *interface;
    int count;

    if (uv_interface_addresses(&interface, &count) != 0)
        return false;
    union address *grown = realloc(resolver->own, (resolver->own_count + (size_t)count) * sizeof *grown);
    if (grown == NULL && resolver->own_count + (size_t)count > 0) {
        uv_free_interface_addresses(interface, count);
        return false;
    }
    resolver->own = grown;
    for (int i = 0; i < count; i++) {
        const struct sockaddr *from = (const struct sockaddr *)&interface[i].address;
        resolver->own_count += address_from_socket(from, &resolver->own[resolver->own_count]);
    }
    uv_free_interface_addresses(interface, count);
    return true;
}

static bool load_own(struct resolver *resolver, const struct resolver_options *options)
{
    bool has_unspecified = false;

    if (options->own_count == 0)
        return true;
    resolver->own = calloc(options->own_count, sizeof *resolver->own);
    if (resolver->own == NULL)
        return false;
    for (size_t i = 0; i < options->own_count; i++) {
        resolver->own[i] = options->own[i];
        has_unspecified = has_unspecified || address_is_unspecified(&options->own[i]);
    }
    resolver->own_count = options->own_count;
    return !has_unspecified || load_interfaces(resolver);
}

bool resolver_allows(const struct resolver *resolver, const union address *address)
{
    if (resolver->allow_loopback)
        return true;
    for (size_t i = 0; i < resolver->own_count; i++) {
        if (address_equal_host(&resolver->own[i], address))
            return false;
    }
    return !address_is_refused(address);
}

void resolver_free(struct resolver *resolver)
{
    dns_cache_destroy(resolver->hosts);
    for (size_t i = 0; i < QUESTION_KINDS; i++)
        dns_cache_destroy(resolver->sets[i]);
    free(resolver->own);
    free(resolver);
}

static void release_srv(void *set)
{
    srv_record_set_release(set);
}

static void release_addresses(void *set)
{
    address_set_release(set);
}

static void release_tlsa(void *set)
{
    tlsa_set_release(set);
}

static bool create_caches(struct resolver *resolver, size_t hosts)
{
    void (*const release[QUESTION_KINDS])(void *) = {[QUESTION_SRV] = release_srv,
                                                     [QUESTION_ADDRESSES] = release_addresses,
                                                     [QUESTION_TLSA] = release_tlsa,
                                                     [QUESTION_PROOF] = release_srv};

    for (size_t i = 0; i < QUESTION_KINDS; i++) {
        resolver->sets[i] = dns_cache_create(RESOLVER_ENTRIES_MOST, release[i]);
        if (resolver->sets[i] == NULL)
            return false;
    }
    resolver->hosts = dns_cache_create(hosts, release_addresses);
    return resolver->hosts != NULL;
}

struct resolver *resolver_create(uv_loop_t *loop, const struct resolver_options *options, char *error,
                                 size_t error_size)
{
    const struct dns_channel_options channel = {.server = options->server,
                                                .server_count = options->server_count,
                                                .timeout_ms = options->timeout_ms,
                                                .in_flight_most = RESOLVER_QUERIES_MOST,
                                                .waiting_most = RESOLVER_WAITING_MOST};
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (resolver == NULL)
        goto no_memory;
    resolver->loop = loop;
    resolver->timeout_ms = options->timeout_ms;
    resolver->allow_loopback = options->allow_loopback;
    resolver->trust_ad = options->trust_ad;
    resolver->counts = options->counts != NULL ? options->counts : &resolver->own_counts;
    if (!create_caches(resolver, options->host_count) || !load_hosts(resolver, options) ||
        !load_own(resolver, options))
        goto no_memory;
    resolver->channel = dns_channel_create(loop, &channel, error, error_size);
    if (resolver->channel == NULL) {
        resolver_free(resolver);
        return NULL;
    }
    uv_idle_init(loop, &resolver->deliver);
    uv_timer_init(loop, &resolver->deadline);
    resolver->deliver.data = resolver->deadline.data = resolver;
    resolver->open_handles = 2;
    return resolver;

no_memory:
    snprintf(error, error_size, "no memory for the resolver");
    if (resolver != NULL)
        resolver_free(resolver);
    return NULL;
}
