/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_DNS_CHANNEL_H
#define FEDGATE_NET_DNS_CHANNEL_H

/* c-ares on a libuv loop: sends single queries to the configured servers, over UDP and, for truncated
 * answers, TCP, with a window of queries in flight and a bounded line behind it. It knows nothing of caches
 * or of deadlines. */

#include "policy/partner.h"

#include <uv.h>

struct dns_channel;
struct dns_query; /* one that was asked and is not answered */

struct dns_reply {
    struct text octets; /* the answer, lives during the callback; empty: there is none */
    const char *detail; /* static: why not */
    bool timed_out;
};

struct dns_channel_options {        /* borrowed during dns_channel_create only */
    const struct host_port *server; /* none: those of /etc/resolv.conf */
    size_t server_count;
    uint32_t timeout_ms; /* a query that nobody answers is given up within this time */
    size_t in_flight_most, waiting_most;
};

/* NULL: `error` holds a sentence. */
struct dns_channel *dns_channel_create(uv_loop_t *loop, const struct dns_channel_options *options,
                                       char *error, size_t error_size) __attribute__((warn_unused_result));
/* Once. No query is answered any more. */
void dns_channel_close(struct dns_channel *channel, void (*on_closed)(void *context), void *context);

/* `name` must be one that dns_query_write can write; `unchecked` as DNS_QUERY_UNCHECKED. The callback comes
 * from the loop, never during the call. It may ask, abandon and close. NULL: the line is full, or no memory.
 */
struct dns_query *dns_channel_ask(struct dns_channel *channel, struct text name, uint16_t type,
                                  bool unchecked,
                                  void (*answered)(void *context, const struct dns_reply *reply),
                                  void *context) __attribute__((warn_unused_result));
void dns_query_abandon(struct dns_query *query); /* before its callback */

struct dns_channel_statistics {
    uint64_t queries, answers, failures, timeouts;
    size_t in_flight, waiting;
};
const struct dns_channel_statistics *dns_channel_statistics(const struct dns_channel *channel);

#endif
