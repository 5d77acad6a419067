/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_TLS_PEERS_H
#define FEDGATE_TEST_TLS_PEERS_H

/* The two ends of a session in memory: a channel of ours, or OpenSSL. */

#include "gateway/tls/channel.h"
#include "test/unit/tls/identity.h"

#include <openssl/ssl.h>

struct octets {
    char *at;
    size_t length, room;
};

void octets_append(struct octets *octets, struct text more);
struct text octets_text(const struct octets *octets);

struct peer {
    struct tls_channel *channel; /* one of these two */
    SSL *ssl;
    struct octets out; /* ciphertext for the other end */
    struct octets got; /* plaintext */
    /* Of a channel: what its judge answers, and what it saw. */
    enum reason answer;
    /* Judges instead of `answer`, where it is set. */
    enum reason (*decide)(const void *context, const struct text *ders, size_t count);
    const void *decide_context;
    unsigned judged, established, outputs;
    struct octets chain[TLS_CHAIN_MOST];
    size_t chain_count;
    struct text reply; /* what `established` writes */
    bool echo;         /* data is written back from within the callback */
    bool shutdown_on_data;
    /* Of OpenSSL. */
    bool closed; /* close_notify came */
    bool failed;
};

struct peer *peer_of_channel(const struct tls_context *context, const char *server_name);
/* `identity` may be NULL: no certificate. `version`: TLS1_2_VERSION or TLS1_3_VERSION, the only one it
 * speaks. The settings of `ctx` may be changed before peer_of_openssl. */
SSL_CTX *openssl_context(enum tls_role role, const struct identity *identity, int version);
struct peer *peer_of_openssl(SSL_CTX *ctx, enum tls_role role);
void peer_destroy(struct peer *peer);

void peer_feed(struct peer *peer, struct text octets);
void peer_write(struct peer *peer, struct text octets);
/* Carries octets to and fro, at most `fragment` at a time, until both are silent. The client starts. */
void converse(struct peer *client, struct peer *server, size_t fragment);

const char *peer_detail(const struct peer *peer); /* of a channel; static */

#endif
