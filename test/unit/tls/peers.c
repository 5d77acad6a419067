/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/tls/peers.h"

#include <assert.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void octets_append(struct octets *octets, struct text more)
{
    if (octets->length + more.length > octets->room) {
        octets->room = (octets->length + more.length) * 2;
        octets->at = realloc(octets->at, octets->room);
        assert(octets->at != NULL);
    }
    if (more.length > 0) {
        memcpy(octets->at + octets->length, more.at, more.length);
    }
    octets->length += more.length;
}

struct text octets_text(const struct octets *octets)
{
    return (struct text){octets->at, octets->length};
}

static enum reason on_judge(void *owner, const struct text *ders, size_t count)
{
    struct peer *peer = owner;
    peer->judged++;
    peer->chain_count = count;
    for (size_t i = 0; i < count; i++) {
        peer->chain[i].length = 0;
        octets_append(&peer->chain[i], ders[i]);
    }
    return peer->decide != NULL ? peer->decide(peer->decide_context, ders, count) : peer->answer;
}

static void on_output(void *owner, struct text octets)
{
    struct peer *peer = owner;
    peer->outputs++;
    octets_append(&peer->out, octets);
}

static void on_established(void *owner)
{
    struct peer *peer = owner;
    peer->established++;
    if (peer->reply.length > 0) {
        peer_write(peer, peer->reply);
    }
}

static void on_data(void *owner, struct text octets)
{
    struct peer *peer = owner;
    assert(peer->established == 1);
    octets_append(&peer->got, octets);
    if (peer->shutdown_on_data) {
        tls_channel_shutdown(peer->channel);
    } else if (peer->echo) {
        peer_write(peer, octets);
    }
}

static const struct tls_channel_events events = {
    .judge = on_judge, .output = on_output, .established = on_established, .data = on_data};

struct peer *peer_of_channel(const struct tls_context *context, const char *server_name)
{
    struct peer *peer = calloc(1, sizeof *peer);
    assert(peer != NULL);
    peer->channel = tls_channel_create(context, text_of(server_name), &events, peer);
    assert(peer->channel != NULL);
    return peer;
}

SSL_CTX *openssl_context(enum tls_role role, const struct identity *identity, int version)
{
    SSL_CTX *ctx = SSL_CTX_new(role == TLS_SERVER ? TLS_server_method() : TLS_client_method());
    assert(ctx != NULL);
    SSL_CTX_set_min_proto_version(ctx, version);
    SSL_CTX_set_max_proto_version(ctx, version);
    SSL_CTX_set_security_level(ctx, 0);
    if (identity != NULL) {
        int loaded = SSL_CTX_use_PrivateKey(ctx, identity->key) == 1
                         ? SSL_CTX_use_certificate(ctx, identity->certificate)
                         : 0;
        assert(loaded == 1);
        (void)loaded;
    }
    return ctx;
}

static int believe(int preverified, X509_STORE_CTX *store)
{
    (void)preverified;
    (void)store;
    return 1;
}

struct peer *peer_of_openssl(SSL_CTX *ctx, enum tls_role role)
{
    struct peer *peer = calloc(1, sizeof *peer);
    assert(peer != NULL);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, believe);
    peer->ssl = SSL_new(ctx);
    SSL_set_bio(peer->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (role == TLS_SERVER) {
        SSL_set_accept_state(peer->ssl);
    } else {
        SSL_set_connect_state(peer->ssl);
    }
    return peer;
}

void peer_destroy(struct peer *peer)
{
    tls_channel_destroy(peer->channel);
    SSL_free(peer->ssl);
    free(peer->out.at);
    free(peer->got.at);
    for (size_t i = 0; i < TLS_CHAIN_MOST; i++) {
        free(peer->chain[i].at);
    }
    free(peer);
}

static void drain_openssl(struct peer *peer)
{
    char buffer[4096];
    int length;
    while ((length = BIO_read(SSL_get_wbio(peer->ssl), buffer, sizeof buffer)) > 0) {
        octets_append(&peer->out, (struct text){buffer, (size_t)length});
    }
}

static void drive_openssl(struct peer *peer)
{
    char buffer[16384];
    int result;
    ERR_clear_error();
    while ((result = SSL_read(peer->ssl, buffer, sizeof buffer)) > 0) {
        octets_append(&peer->got, (struct text){buffer, (size_t)result});
    }
    int error = SSL_get_error(peer->ssl, result);
    peer->closed = peer->closed || error == SSL_ERROR_ZERO_RETURN;
    peer->failed = peer->failed || error == SSL_ERROR_SSL;
    drain_openssl(peer);
}

void peer_feed(struct peer *peer, struct text octets)
{
    static char scratch[TLS_SCRATCH_OCTETS];
    if (peer->channel != NULL) {
        tls_channel_feed(peer->channel, octets, scratch, sizeof scratch);
        return;
    }
    BIO_write(SSL_get_rbio(peer->ssl), octets.at, (int)octets.length);
    drive_openssl(peer);
}

void peer_write(struct peer *peer, struct text octets)
{
    if (peer->channel != NULL) {
        bool written = tls_channel_write(peer->channel, octets);
        assert(written);
        (void)written;
        return;
    }
    int written = SSL_write(peer->ssl, octets.at, (int)octets.length);
    assert(written == (int)octets.length);
    (void)written;
    drain_openssl(peer);
}

static bool carry(struct peer *from, struct peer *to, size_t fragment)
{
    struct octets moving = from->out;
    from->out = (struct octets){0};
    for (size_t at = 0; at < moving.length; at += fragment) {
        size_t here = moving.length - at < fragment ? moving.length - at : fragment;
        /* A copy of its own, so that a sanitizer sees a reader that runs past it. */
        char *copy = malloc(here);
        assert(copy != NULL);
        memcpy(copy, moving.at + at, here);
        peer_feed(to, (struct text){copy, here});
        free(copy);
    }
    free(moving.at);
    return moving.length > 0;
}

void converse(struct peer *client, struct peer *server, size_t fragment)
{
    if (client->channel != NULL) {
        tls_channel_start(client->channel);
    } else {
        drive_openssl(client);
    }
    while (carry(client, server, fragment) || carry(server, client, fragment)) {
    }
}

const char *peer_detail(const struct peer *peer)
{
    static char detail[128];
    tls_channel_detail(peer->channel, detail, sizeof detail);
    return detail;
}
