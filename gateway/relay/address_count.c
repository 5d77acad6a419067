/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/address_count.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/relay/table.h"

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

/* NULL: the bound is reached, or no memory. */
static struct address_count *count_one(struct address_count **table, const union address *peer, uint64_t most)
{
    uint8_t host[16];
    struct address_count *entry;

    host_of(peer, host);
    HASH_FIND(hh, *table, host, sizeof(host), entry);
    if (entry == NULL) {
        entry = calloc(1, sizeof(*entry));
        if (entry == NULL)
            return NULL;
        memcpy(entry->host, host, sizeof(host));
        HASH_ADD(hh, *table, host, sizeof(entry->host), entry);
        if (entry->hh.tbl == NULL) {
            free(entry);
            return NULL;
        }
    }
    if (entry->count >= most)
        return NULL;
    entry->count++;
    return entry;
}

bool address_count_take(struct worker *worker, struct session *session, const union address *peer)
{
    const struct limits *limits = &worker->snapshot->settings->limits;
    struct shared *shared = worker->shared;

    if (atomic_load(&shared->strangers) >= rate_share(limits->sessions, 4) * 3)
        return false;
    uv_mutex_lock(&shared->address_lock);
    session->address_entry = count_one(&shared->addresses, peer, limits->sessions_per_address);
    uv_mutex_unlock(&shared->address_lock);
    if (session->address_entry == NULL)
        return false;
    atomic_fetch_add(&shared->strangers, 1);
    return true;
}

void address_count_release(struct worker *worker, struct session *session)
{
    struct address_count *entry = session->address_entry;

    if (entry == NULL)
        return;
    session->address_entry = NULL;
    atomic_fetch_sub(&worker->shared->strangers, 1);
    uv_mutex_lock(&worker->shared->address_lock);
    if (--entry->count == 0) {
        HASH_DEL(worker->shared->addresses, entry);
        free(entry);
    }
    uv_mutex_unlock(&worker->shared->address_lock);
}
