/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LIMITS_H
#define FEDGATE_LIMITS_H

/* Every number that bounds a peer, its key under `limits:` of gateway.yaml, its default, and why. Per-partner
 * bounds are in policy/partner.h. */

#include <stddef.h>
#include <stdint.h>

/* X(field, key, kind, default, least, most, what it bounds) ; kind: COUNT, SIZE (octets) or DURATION
 * (milliseconds) */
#define LIMITS(X)                                                                                            \
    X(sessions, "sessions", COUNT, 20000, 1, 1000000,                                                        \
      "sessions of the whole gateway, both sides (connection-limit)")                                        \
    X(sessions_per_address, "sessions-per-address", COUNT, 64, 1, 100000,                                    \
      "sessions from one external address that have not finished their handshake (connection-limit)")        \
    X(handshake_timeout_ms, "handshake-timeout", DURATION, 10000, 100, 300000,                               \
      "from accept or connect to the end of the TLS handshake (handshake-timeout)")                          \
    X(connect_timeout_ms, "connect-timeout", DURATION, 5000, 100, 60000,                                     \
      "from connect to its success, for each address (connect-failed)")                                      \
    X(idle_timeout_ms, "idle-timeout", DURATION, 1200000, 1000, 86400000,                                    \
      "without an octet on a session that has no transaction (idle-timeout)")                                \
    X(message_timeout_ms, "message-timeout", DURATION, 30000, 100, 600000,                                   \
      "from the first octet of a message to its last (timed-out)")                                           \
    X(message_size, "message-size", SIZE, 262144, 1024, 16777216, "a whole message (message-too-large)")     \
    X(header_size, "header-size", SIZE, 65536, 1024, 1048576,                                                \
      "start line and header of a message together (message-too-large)")                                     \
    X(header_count, "header-count", COUNT, 256, 16, 1024, "header fields of a message (message-too-large)")  \
    X(in_flight, "in-flight", COUNT, 100000, 1, 10000000, "requests without a final answer (overloaded)")    \
    X(parked, "parked", COUNT, 4096, 1, 1000000,                                                             \
      "messages that wait for DNS or for a connection (overloaded)")                                         \
    X(park_timeout_ms, "park-timeout", DURATION, 10000, 100, 60000,                                          \
      "how long a message waits for DNS or for a connection (dns-failed, connect-failed)")                   \
    X(waiting_bytes, "waiting-bytes", SIZE, 4194304, 65536, 268435456,                                       \
      "octets waiting to be written on one session (overloaded)")                                            \
    X(discovered_rate, "discovered-rate", COUNT, 20, 1, 100000,                                              \
      "messages a second from one discovered peer, told by its certificate (rate-limited)")                  \
    X(discovered_users, "discovered-users", COUNT, 1000, 1, 100000,                                          \
      "addresses of ours that one discovered peer may write to (rate-limited)")                              \
    X(drain_ms, "drain", DURATION, 30000, 0, 600000,                                                         \
      "how long stopping waits for what is in flight (shutting-down)")

struct limits {
#define X(field, key, kind, standard, least, most, what) uint64_t field;
    LIMITS(X)
#undef X
};

/* Bounds that no key moves. */
#define WORKERS_MOST 64u
#define KEEP_ALIVE_OCTETS_MOST 4096u  /* CR and LF between two messages, without a message */
#define TRANSACTION_TIMER_B_MS 32000u /* 64*T1: no answer at all (RFC 3261 17.1.1.2); timer F is the same */
#define TRANSACTION_TIMER_C_MS                                                                               \
    185000u /* over three minutes since the last provisional answer (RFC 3261 16.6) */
#define MAX_FORWARDS_DEFAULT 70u
#define MAX_BREADTH_DEFAULT 60u /* RFC 5393 5.3.3 */

void limits_set_defaults(struct limits *limits);

#endif
