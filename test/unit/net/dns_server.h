/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_NET_DNS_SERVER_H
#define FEDGATE_TEST_NET_DNS_SERVER_H

/* A DNS server for tests, on the loop of the test, over UDP and TCP on one port of 127.0.0.1. What it answers
 * is the test's. */

#include "test/unit/net/dns_message.h"
#include "test/unit/net/test_loop.h"

struct dns_exchange {
    uint16_t id;
    char name[DNS_NAME_SIZE]; /* as it was asked */
    uint16_t type;
    bool over_tcp, with_edns, asks_for_ad, is_unchecked; /* AD, CD */
    struct dns_message reply; /* begun with the question and DNS_FLAG_ANSWER; length 0: silence */
    uint64_t delay_ms;        /* before the reply is sent; UDP only */
};

struct dns_server {
    struct test_loop *test;
    uv_udp_t udp;
    uv_tcp_t tcp;
    uint16_t port;
    void (*answer)(void *context, struct dns_exchange *exchange);
    void *context;
    unsigned queries, tcp_queries, closed, open_handles;
    struct dns_exchange exchange;
    uint8_t buffer[4096];
};

void dns_server_begin(struct dns_server *server, struct test_loop *test,
                      void (*answer)(void *context, struct dns_exchange *exchange), void *context);
void dns_server_end(struct dns_server *server);

#endif
