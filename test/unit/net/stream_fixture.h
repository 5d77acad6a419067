/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_NET_STREAM_FIXTURE_H
#define FEDGATE_TEST_NET_STREAM_FIXTURE_H

/* One stream under test against a plain socket, over 127.0.0.1. */

#include "test/unit/net/test_loop.h"

#include "gateway/net/stream.h"

struct stream_fixture {
    struct test_loop test;
    struct stream_home home;
    struct stream *stream;
    int listening, peer;   /* plain sockets; -1: none */
    union address address; /* of `listening` */
    unsigned connected, failed, ended, drained, data, closed;
    char why[80]; /* of failed and ended; empty: in good order */
    size_t octets;
    size_t waiting_when_drained;
    size_t peer_octets;                               /* that the plain socket has read */
    bool in_order;                                    /* octet n of all that came is n modulo 251 */
    void (*on_event)(struct stream_fixture *fixture); /* in connected, data and ended; may be NULL */
};

int stream_fixture_begin(void **state);
int stream_fixture_end(void **state);
extern const struct stream_events stream_fixture_events;

void fixture_deafen(struct stream_fixture *fixture);        /* nobody listens any more */
void fixture_connect(struct stream_fixture *fixture);       /* starts connecting to `listening` */
void fixture_connect_whole(struct stream_fixture *fixture); /* until both ends are there */
void fixture_accept(struct stream_fixture *fixture); /* the plain socket connects, the stream is accepted */
void fixture_close(struct stream_fixture *fixture);  /* stream_close, until it is closed */
void fixture_closed(void *owner);                    /* on_closed */

void peer_send(struct stream_fixture *fixture, size_t count);
void peer_reset(struct stream_fixture *fixture);
/* Reads what comes while the loop runs, until `count` more octets or the end (returned: how many); checks
 * their order. */
size_t peer_read(struct stream_fixture *fixture, size_t count);
/* The octets n, n+1, ... modulo 251 of a stream. */
void fill_in_order(char *to, size_t count, size_t first);

#endif
