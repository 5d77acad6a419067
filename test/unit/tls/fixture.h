/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_TLS_FIXTURE_H
#define FEDGATE_TEST_TLS_FIXTURE_H

/* What most tests begin with: a small tree of certificates, and our two contexts. */

#include "test/unit/tls/peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct identity *root, *intermediate;
    struct identity *leaf;               /* P-256, presented with the intermediate */
    struct identity *other_root;         /* of somebody else */
    struct tls_context *server, *client; /* both present the leaf */
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

struct tls_context *context_of(enum tls_role role, const struct identity *identity);
/* A session of two channels, through the handshake. */
void make_session(const struct fixture *fixture, struct peer **client, struct peer **server);
/* A fresh leaf under the fixture's intermediate. */
struct identity *leaf_of_kind(const struct fixture *fixture, enum key_kind kind);

#define ANY_FRAGMENT 100000u

#endif
