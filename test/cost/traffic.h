/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_COST_TRAFFIC_H
#define FEDGATE_TEST_COST_TRAFFIC_H

/* Requests that cross from sessions that were accepted to sessions that we opened, and their answers back,
 * through the real session, relay, policy and audit log. Plaintext goes in where TLS would give it, one
 * message at a time, and comes out where TLS would take it, at the end of a loop turn; DNS is not asked. */

#include "test/unit/relay/relay_fixture.h"

struct traffic {
    size_t inbound;  /* 1: from a partner to our servers; 0: from our servers to a partner */
    size_t sessions; /* that requests come on */
    size_t window;   /* requests outstanding on each */
    size_t body;     /* octets of each request */
    size_t headers;  /* header fields that are passed on unseen */
    size_t partners; /* at least 2 */
};

#define TRAFFIC_DEEP ((struct traffic){.inbound = 1, .sessions = 8, .window = 16, .body = 512, .partners = 2})
#define TRAFFIC_REARS 4u /* sessions that requests go out on */

/* A worker with all that; `folder`: where the audit log goes. */
void traffic_set_up(const struct traffic *traffic, const char *folder);

/* A message that comes in. */
struct heard {
    struct session *session;
    size_t at, length; /* of traffic_octets */
};
extern char *traffic_octets;

/* All requests of one window cross, and so do their answers: 2 * sessions * window messages. `play` is to let
 * them come in, in order, and end the loop turn once in a while and at the end, as traffic_play does; it is
 * called once for the requests and once for the answers. Asserted: every request arrives, and every answer
 * does. */
void traffic_round(void (*play)(const struct heard *heard, size_t count));
void traffic_play(const struct heard *heard, size_t count);
void traffic_tear_down(void);

#define TRAFFIC_TURN 128u /* messages that come in one loop turn */

#endif
