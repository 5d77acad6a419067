/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/lookup.h"

#include <stdio.h>
#include <stdlib.h>

#define OWN_ADDRESSES_MOST 32u

struct lookup {
    uv_loop_t loop;
    struct resolver *resolver; /* owned */
    bool is_closed;
    const struct srv_record_set *records;
    const struct address_set *addresses;
};

/* Our own listeners: no answer may lead there, as in `run`. */
static size_t own_addresses(const struct settings *settings, union address *own)
{
    const struct side_settings *sides[] = {&settings->internal, &settings->external};
    size_t count = 0;

    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < sides[side]->listen_count && count < OWN_ADDRESSES_MOST; i++) {
            if (address_read(text_of(sides[side]->listen[i].host), sides[side]->listen[i].port, &own[count]))
                count++;
        }
    }
    return count;
}

struct lookup *lookup_create(const struct settings *settings, char *why, size_t size)
{
    union address own[OWN_ADDRESSES_MOST];
    struct lookup *lookup = calloc(1, sizeof(*lookup));

    if (lookup == NULL || uv_loop_init(&lookup->loop) != 0) {
        snprintf(why, size, "no memory for a loop");
        free(lookup);
        return NULL;
    }
    struct resolver_options options = {
        .server = settings->dns.server,
        .server_count = settings->dns.server_count,
        .timeout_ms = settings->dns.timeout_ms,
        .host = settings->dns.host,
        .host_count = settings->dns.host_count,
        .own = own,
        .own_count = own_addresses(settings, own),
        .allow_loopback = settings->dns.allow_loopback,
        .trust_ad = settings->dns.trust_ad,
    };
    lookup->resolver = resolver_create(&lookup->loop, &options, why, size);
    if (lookup->resolver != NULL)
        return lookup;
    uv_loop_close(&lookup->loop);
    free(lookup);
    return NULL;
}

static void closed(void *context)
{
    ((struct lookup *)context)->is_closed = true;
}

void lookup_destroy(struct lookup *lookup)
{
    if (lookup == NULL)
        return;
    resolver_close(lookup->resolver, closed, lookup);
    while (!lookup->is_closed && uv_run(&lookup->loop, UV_RUN_ONCE) != 0)
        ;
    uv_run(&lookup->loop, UV_RUN_DEFAULT);
    uv_loop_close(&lookup->loop);
    free(lookup);
}

uv_loop_t *lookup_loop(struct lookup *lookup)
{
    return &lookup->loop;
}

static void srv_answered(void *context, const struct srv_record_set *answer)
{
    ((struct lookup *)context)->records = srv_record_set_hold(answer);
}

static void addresses_answered(void *context, const struct address_set *answer)
{
    ((struct lookup *)context)->addresses = address_set_hold(answer);
}

const struct srv_record_set *lookup_srv(struct lookup *lookup, const struct partner *partner,
                                        struct text domain)
{
    bool with_tlsa = partner != NULL && partner->identity == IDENTITY_DANE;

    lookup->records = NULL;
    if ((with_tlsa ? resolver_federation_tlsa(lookup->resolver, domain, srv_answered, lookup)
                   : resolver_federation_srv(lookup->resolver, domain, srv_answered, lookup)) == NULL)
        return srv_record_set_static(REASON_OVERLOADED);
    while (lookup->records == NULL)
        uv_run(&lookup->loop, UV_RUN_ONCE);
    return lookup->records;
}

const struct address_set *lookup_addresses(struct lookup *lookup, struct text host)
{
    lookup->addresses = NULL;
    if (resolver_addresses(lookup->resolver, host, addresses_answered, lookup) == NULL)
        return address_set_static(REASON_OVERLOADED);
    while (lookup->addresses == NULL)
        uv_run(&lookup->loop, UV_RUN_ONCE);
    return lookup->addresses;
}
