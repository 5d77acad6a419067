/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/discovered.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "gateway/relay/hash_key.h"
#include "gateway/relay/rate.h"
#include "gateway/relay/table.h"

struct discovered_peer {
    uint8_t certificate[32];
    _Atomic int64_t next_arrival_ns; /* as in struct partner_counters */
    int64_t used_ns;
    uint64_t *address; /* owned; an open table of keyed hashes, 0: free */
    size_t address_count, address_room;
    bool was_believed;                   /* a request of it was */
    bool was_told;                       /* that it has too many addresses */
    struct discovered_peer *prev, *next; /* the one used longest ago first */
    UT_hash_handle hh;
};

struct discovered {
    pthread_mutex_t lock; /* for all below */
    struct hash_key key;
    struct discovered_peer *table, *order;
};

struct discovered *discovered_create(void)
{
    struct discovered *discovered = calloc(1, sizeof(*discovered));

    if (discovered == NULL || !hash_key_random(&discovered->key)) {
        free(discovered);
        return NULL;
    }
    pthread_mutex_init(&discovered->lock, NULL);
    return discovered;
}

static void forget(struct discovered *discovered, struct discovered_peer *peer)
{
    HASH_DEL(discovered->table, peer);
    DL_DELETE(discovered->order, peer);
    free(peer->address);
    free(peer);
}

void discovered_destroy(struct discovered *discovered)
{
    if (discovered == NULL)
        return;
    while (discovered->order != NULL)
        forget(discovered, discovered->order);
    pthread_mutex_destroy(&discovered->lock);
    free(discovered);
}

/* NULL: no place, or no memory. */
static struct discovered_peer *meet(struct discovered *discovered, const uint8_t *certificate, int64_t now_ns)
{
    struct discovered_peer *oldest = discovered->order;

    if (HASH_COUNT(discovered->table) >= DISCOVERED_PEERS_MOST) {
        if (now_ns - oldest->used_ns < DISCOVERED_IDLE_NS)
            return NULL;
        forget(discovered, oldest);
    }
    struct discovered_peer *peer = calloc(1, sizeof(*peer));
    if (peer == NULL)
        return NULL;
    memcpy(peer->certificate, certificate, sizeof(peer->certificate));
    HASH_ADD(hh, discovered->table, certificate, sizeof(peer->certificate), peer);
    if (peer->hh.tbl == NULL) {
        free(peer);
        return NULL;
    }
    DL_APPEND(discovered->order, peer);
    return peer;
}

/* ---- the addresses that one peer wrote to ---- */

/* Where the hash is, or would be; the room is a power of two and never full. */
static uint64_t *place_of(uint64_t *table, size_t room, uint64_t hash)
{
    size_t at = hash & (room - 1);

    while (table[at] != 0 && table[at] != hash)
        at = (at + 1) & (room - 1);
    return &table[at];
}

static bool grow(struct discovered_peer *peer)
{
    size_t room = peer->address_room == 0 ? 16 : peer->address_room * 2;
    uint64_t *larger = calloc(room, sizeof(*larger));

    if (larger == NULL)
        return false;
    for (size_t i = 0; i < peer->address_room; i++) {
        if (peer->address[i] != 0)
            *place_of(larger, room, peer->address[i]) = peer->address[i];
    }
    free(peer->address);
    peer->address = larger;
    peer->address_room = room;
    return true;
}

static enum discovered_answer take_address(struct discovered_peer *peer, uint64_t hash, uint64_t most)
{
    if (peer->address_room > 0 && *place_of(peer->address, peer->address_room, hash) == hash)
        return DISCOVERED_ALLOWED;
    if (peer->address_count >= most)
        return DISCOVERED_TOO_MANY_ADDRESSES;
    if (peer->address_count * 2 >= peer->address_room && !grow(peer))
        return DISCOVERED_FULL;
    *place_of(peer->address, peer->address_room, hash) = hash;
    peer->address_count++;
    return DISCOVERED_ALLOWED;
}

/* ---- asked ---- */

/* The one that the certificate tells, now the one used last; made when new. NULL as from meet. */
static struct discovered_peer *peer_of(struct discovered *discovered, const uint8_t *certificate,
                                       int64_t now_ns)
{
    struct discovered_peer *peer;

    HASH_FIND(hh, discovered->table, certificate, sizeof(peer->certificate), peer);
    if (peer == NULL)
        peer = meet(discovered, certificate, now_ns);
    if (peer == NULL)
        return NULL;
    DL_DELETE(discovered->order, peer);
    DL_APPEND(discovered->order, peer);
    peer->used_ns = now_ns;
    return peer;
}

enum discovered_answer discovered_take_message(struct discovered *discovered, const struct limits *limits,
                                               const uint8_t *certificate, int64_t now_ns)
{
    uint32_t rate = (uint32_t)limits->discovered_rate;
    enum discovered_answer answer = DISCOVERED_FULL;

    pthread_mutex_lock(&discovered->lock);
    struct discovered_peer *peer = peer_of(discovered, certificate, now_ns);
    if (peer != NULL)
        answer = rate_passes(&peer->next_arrival_ns, rate, rate, now_ns) ? DISCOVERED_ALLOWED
                                                                         : DISCOVERED_TOO_FAST;
    pthread_mutex_unlock(&discovered->lock);
    return answer;
}

static enum discovered_answer take(struct discovered *discovered, struct discovered_peer *peer,
                                   const struct limits *limits, const struct discovered_request *request,
                                   bool *is_first)
{
    const struct text pieces[] = {request->user, request->host};

    *is_first = !peer->was_believed;
    peer->was_believed = true;
    if (request->user.length == 0)
        return DISCOVERED_ALLOWED;
    enum discovered_answer answer =
        take_address(peer, keyed_hash_pieces(&discovered->key, pieces, 2) | 1, limits->discovered_users);
    if (answer == DISCOVERED_TOO_MANY_ADDRESSES && !peer->was_told)
        *is_first = peer->was_told = true;
    return answer;
}

enum discovered_answer discovered_take_address(struct discovered *discovered, const struct limits *limits,
                                               const struct discovered_request *request, bool *is_first)
{
    enum discovered_answer answer = DISCOVERED_FULL;

    *is_first = false;
    pthread_mutex_lock(&discovered->lock);
    struct discovered_peer *peer = peer_of(discovered, request->certificate, request->now_ns);
    if (peer != NULL)
        answer = take(discovered, peer, limits, request, is_first);
    pthread_mutex_unlock(&discovered->lock);
    return answer;
}
