/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_HOP_H
#define FEDGATE_RELAY_HOP_H

/* A next server: a host and port of one partner (or of our own side), the sessions that we opened to it, and
 * the requests that wait for one. Reused by partner and proven domain only (RFC 5923 9.3: never a session
 * that was proven for one domain for another that its certificate does not carry).
 *
 * The happy path of a request that finds no session: wait -> ask for addresses -> connect to the first -> TLS
 * -> the peer is judged -> relay_hop_ready. It can fail at each step; the next address is tried, then every
 * waiting request hears relay_hop_failed with the reason of the last. After a failure the hop rests, longer
 * each time: other targets are preferred meanwhile, and it is tried at most once in HOP_REST_LEAST_MS. */

#include "gateway/relay/session.h"
#include "gateway/relay/table.h"
#include "policy/domain.h"

#define HOP_REST_LEAST_MS 250u
#define HOP_REST_MOST_MS 30000u
#define HOP_SESSION_BUSY 128u      /* requests outstanding on each session before another is opened */
#define HOP_AFFINITIES 16384u      /* Call-IDs of a worker whose session is remembered; a power of two */
#define HOP_SESSIONS_INSIDE 4u     /* to one of our own servers, a worker */
#define HOP_SESSIONS_DISCOVERED 4u /* likewise, to a server of a discovered domain */
#define HOP_ADDRESSES_MOST 20u     /* addresses of one host that are tried: a Lync pool has up to 20 */

/* Which session a Call-ID was last sent on. */
struct affinity {
    uint64_t key;                                     /* of hop and Call-ID, hashed with a secret */
    struct session *session;                          /* NULL: empty */
    struct affinity *session_previous, *session_next; /* session->affinities */
};

struct hop {
    char *key; /* owned: partner, blank, host, two octets of port */
    UT_hash_handle hh;
    struct worker *worker;
    char *partner; /* owned; name, NULL for our own side (the partner itself is looked up in the snapshot in
                      force) */
    char *host;    /* owned */
    uint16_t port;
    struct session *sessions; /* open ones, and the one that is being opened */
    size_t session_count;
    struct transaction *waiting;
    size_t waiting_count;
    struct transaction *waiting_next; /* see hop_waiting_first */

    struct resolver_question *question; /* addresses, under way; NULL otherwise */
    struct session *connecting;         /* its handshake is not over; NULL otherwise */
    union address address[HOP_ADDRESSES_MOST];
    size_t address_count, address_next, address_tries;
    bool has_begun; /* an attempt is under way */
    char domain[DOMAIN_LONGEST +
                1]; /* what the attempt under way is to be proven for; empty on our own side */
    const struct srv_record_set
        *records; /* held: what DNS said of that domain; NULL where the rule needs none */

    unsigned failures; /* in a row */
    uint64_t next_attempt_ms, rest_until_ms;
    enum reason last_failure;
};

/* Finds or makes it. NULL: no memory. */
struct hop *hop_find(struct worker *worker, const struct partner *partner, struct text host, uint16_t port);
bool hop_is_resting(const struct hop *hop, uint64_t now); /* it failed lately, and has no open session */
/* An open session that is proven for the transaction's domain; NULL when there is none. Requests of one
 * dialog keep their order (RFC 3261 12.2.2), so a Call-ID stays on the session that it was last sent on, as
 * long as that lives and the Call-ID is among the HOP_AFFINITIES of late; otherwise it is drawn by a hash of
 * the Call-ID. Where all are busy, another is begun. */
struct session *hop_session(struct hop *hop, struct transaction *transaction);
/* The transaction's request went out on the session. */
void hop_remember(struct session *session, struct transaction *transaction);
/* The transaction waits for a session (see relay_hop_ready, relay_hop_failed: called later, never from
 * inside). */
void hop_wait(struct hop *hop, struct transaction *transaction);
void hop_leave(struct transaction *transaction);

/* From the session: */
void hop_session_opened(struct session *session);
/* The peer has accepted us, too: with TLS 1.3 that is known from its first octets on. Only this ends a row of
 * failures. */
void hop_session_proven(struct session *session);
/* It ended, before or after it was open; `reason` is why. */
void hop_session_ended(struct session *session, enum reason reason);

/* Each tick: attempts whose time has come begin; hops without sessions, waiters and rest are forgotten.
 * `end`: the worker ends, and no session is left; all are freed. */
void hops_tick(struct worker *worker, bool end);

#endif
