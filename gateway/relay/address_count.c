/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/address_count.h"

#include <stdlib.h>
#include <string.h>

struct address_count {
    uint8_t host[16]; /* IPv4 as mapped IPv6 */
    uint64_t count;
    UT_hash_handle hh;
};

static void host_of(const union address *address, uint8_t host[16])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    if (address->any.sa_family == AF_INET6) {
        memcpy(host, &address->v6.sin6_addr, 16);
        if (!IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr))
            memset(host + 8, 0, 8); /* one network is one stranger: it owns all addresses of its /64 */
        return;
    }
    memcpy(host, mapped, 12);
    memcpy(host + 12, &address->v4.sin_addr, 4);
}

bool address_count_take(struct worker *worker, struct session *session, const union address *peer)
{
    const struct limits *limits = &worker->snapshot->settings->limits;
    uint8_t host[16];
    struct address_count *entry;

    if (atomic_load(&worker->shared->strangers) >= rate_share(limits->sessions, 4) * 3)
        return false;
    host_of(peer, host);
    HASH_FIND(hh, worker->addresses, host, sizeof(host), entry);
    if (entry == NULL) {
        entry = calloc(1, sizeof(*entry));
        if (entry == NULL)
            return false;
        memcpy(entry->host, host, sizeof(host));
        HASH_ADD(hh, worker->addresses, host, sizeof(entry->host), entry);
    }
    if (entry->count >= limits->sessions_per_address)
        return false;
    entry->count++;
    atomic_fetch_add(&worker->shared->strangers, 1);
    session->address_entry = entry;
    return true;
}

void address_count_release(struct worker *worker, struct session *session)
{
    struct address_count *entry = session->address_entry;

    if (entry == NULL)
        return;
    session->address_entry = NULL;
    atomic_fetch_sub(&worker->shared->strangers, 1);
    if (--entry->count > 0)
        return;
    HASH_DEL(worker->addresses, entry);
    free(entry);
}
