/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trap of the TLS library: a resumed session, or one made with a shared key, carries an identity that
 * nobody judged. Whatever the other end offers, each session is judged or does not come to be. */
#include "test/unit/tls/fixture.h"
#include "test/unit/tls/library_facts.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* A client of OpenSSL's that offers this session (NULL: none) to `server`. */
static struct peer *client_offering(SSL_CTX *ctx, SSL_SESSION *session, struct peer *server)
{
    struct peer *client = peer_of_openssl(ctx, TLS_CLIENT);
    if (session != NULL) {
        assert_int_equal(SSL_set_session(client->ssl, session), 1);
    }
    converse(client, server, ANY_FRAGMENT);
    return client;
}

static struct peer *our_server(const struct fixture *fixture, enum reason answer)
{
    struct peer *server = peer_of_channel(fixture->server, NULL);
    server->answer = answer;
    server->reply = TEXT("x");
    return server;
}

/* The packaged library fails a TLS 1.2 handshake that offers a ticket of more than 256 octets. */
static bool chokes_on(const SSL_SESSION *session)
{
    return !library_is_bundled() && session != NULL && SSL_SESSION_has_ticket(session) &&
           SSL_SESSION_get_protocol_version(session) == TLS1_2_VERSION;
}

/* What comes of the offer: with the client's own certificate a session that was judged, and not where the
 * judge says no; without one, none. */
static void assert_offer_is_worth_nothing(const struct fixture *fixture, SSL_CTX *with_certificate,
                                          SSL_CTX *without, SSL_SESSION *session)
{
    struct peer *server = our_server(fixture, REASON_OK),
                *client = client_offering(with_certificate, session, server);
    if (chokes_on(session) && tls_channel_reason(server->channel) == REASON_TLS_FAILED) {
        assert_int_equal(server->judged + server->established, 0);
        peer_destroy(client);
        peer_destroy(server);
        return;
    }
    assert_int_equal(server->judged, 1);
    assert_int_equal(tls_channel_state(server->channel), TLS_ESTABLISHED);
    assert_false(SSL_session_reused(client->ssl));
    peer_destroy(client);
    peer_destroy(server);

    server = our_server(fixture, REASON_UNTRUSTED_CHAIN);
    client = client_offering(with_certificate, session, server);
    assert_int_equal(server->judged, 1);
    assert_int_equal(server->established, 0);
    assert_int_equal(tls_channel_reason(server->channel), REASON_UNTRUSTED_CHAIN);
    peer_destroy(client);
    peer_destroy(server);

    server = our_server(fixture, REASON_OK);
    client = client_offering(without, session, server);
    assert_int_equal(server->established, 0);
    assert_int_equal(tls_channel_reason(server->channel), REASON_NO_CERTIFICATE);
    peer_destroy(client);
    peer_destroy(server);
}

/* What our server itself has given out: a session id in TLS 1.2, and no ticket in either version. */
static void a_session_of_ours_is_never_resumed(void **state)
{
    struct fixture *fixture = *state;
    for (size_t v = 0; v < 2; v++) {
        SSL_CTX *ctx = openssl_context(TLS_CLIENT, fixture->leaf, versions[v]);
        SSL_CTX *without = openssl_context(TLS_CLIENT, NULL, versions[v]);
        struct peer *server = our_server(fixture, REASON_OK), *client = client_offering(ctx, NULL, server);
        assert_int_equal(tls_channel_state(server->channel), TLS_ESTABLISHED);
        SSL_SESSION *session = SSL_get1_session(client->ssl);
        assert_false(SSL_SESSION_has_ticket(session));
        SSL_shutdown(client->ssl);
        peer_destroy(client);
        peer_destroy(server);
        assert_offer_is_worth_nothing(fixture, ctx, without, session);
        SSL_SESSION_free(session);
        SSL_CTX_free(without);
        SSL_CTX_free(ctx);
    }
}

/* A session that a server of somebody else's gave out: by ticket, or in TLS 1.2 by id alone. */
static SSL_SESSION *session_of_another(const struct fixture *fixture, SSL_CTX *client_ctx, int version,
                                       bool ticket)
{
    SSL_CTX *ctx = openssl_context(TLS_SERVER, fixture->leaf, version);
    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"x", 1);
    if (!ticket) {
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    }
    struct peer *server = peer_of_openssl(ctx, TLS_SERVER),
                *client = client_offering(client_ctx, NULL, server);
    SSL_SESSION *session = SSL_get1_session(client->ssl);
    assert_int_equal(SSL_SESSION_has_ticket(session), ticket);
    assert_int_equal(SSL_SESSION_is_resumable(session), 1);
    SSL_shutdown(client->ssl);
    peer_destroy(client);
    peer_destroy(server);
    SSL_CTX_free(ctx);
    return session;
}

static void offer_session_of_another(const struct fixture *fixture, int version, bool ticket)
{
    SSL_CTX *ctx = openssl_context(TLS_CLIENT, fixture->leaf, version);
    SSL_CTX *without = openssl_context(TLS_CLIENT, NULL, version);
    SSL_SESSION *session = session_of_another(fixture, ctx, version, ticket);
    assert_offer_is_worth_nothing(fixture, ctx, without, session);
    SSL_SESSION_free(session);
    SSL_CTX_free(without);
    SSL_CTX_free(ctx);
}

static void a_session_id_is_worth_nothing(void **state)
{
    offer_session_of_another(*state, TLS1_2_VERSION, false);
}

static void a_ticket_is_worth_nothing(void **state)
{
    offer_session_of_another(*state, TLS1_2_VERSION, true);
    offer_session_of_another(*state, TLS1_3_VERSION, true);
}

/* ---- shared keys ---- */

static const unsigned char shared_key[32] = "a key that both ends know before";

static unsigned key_of_tls12(SSL *ssl, const char *hint, char *identity, unsigned identity_size,
                             unsigned char *key, unsigned key_size)
{
    (void)ssl;
    (void)hint;
    assert_true(identity_size > 8 && key_size >= sizeof shared_key);
    snprintf(identity, identity_size, "fedgate");
    memcpy(key, shared_key, sizeof shared_key);
    return sizeof shared_key;
}

static int key_of_tls13(SSL *ssl, const EVP_MD *digest, const unsigned char **id, size_t *id_length,
                        SSL_SESSION **session)
{
    static const unsigned char aes_128_gcm_sha256[] = {0x13, 0x01};
    (void)digest;
    *session = SSL_SESSION_new();
    SSL_SESSION_set1_master_key(*session, shared_key, sizeof shared_key);
    SSL_SESSION_set_cipher(*session, SSL_CIPHER_find(ssl, aes_128_gcm_sha256));
    SSL_SESSION_set_protocol_version(*session, TLS1_3_VERSION);
    *id = (const unsigned char *)"fedgate";
    *id_length = 7;
    return 1;
}

static void a_shared_key_is_worth_nothing(void **state)
{
    struct fixture *fixture = *state;
    SSL_CTX *ctx = openssl_context(TLS_CLIENT, fixture->leaf, TLS1_3_VERSION);
    SSL_CTX *without = openssl_context(TLS_CLIENT, NULL, TLS1_3_VERSION);
    SSL_CTX_set_psk_use_session_callback(ctx, key_of_tls13);
    SSL_CTX_set_psk_use_session_callback(without, key_of_tls13);
    assert_offer_is_worth_nothing(fixture, ctx, without, NULL);
    SSL_CTX_free(without);
    SSL_CTX_free(ctx);

    SSL_CTX *old = openssl_context(TLS_CLIENT, fixture->leaf, TLS1_2_VERSION);
    SSL_CTX_set_psk_client_callback(old, key_of_tls12);
    assert_int_equal(SSL_CTX_set_cipher_list(old, "PSK"), 1);
    struct peer *server = our_server(fixture, REASON_OK), *client = client_offering(old, NULL, server);
    assert_int_equal(server->judged, 0);
    assert_int_equal(server->established, 0);
    assert_int_equal(tls_channel_reason(server->channel), REASON_TLS_FAILED);
    peer_destroy(client);
    peer_destroy(server);
    SSL_CTX_free(old);
}

/* ---- as a client ---- */

/* A server that gives out tickets and ids, and would take them back. */
static void our_client_asks_for_nothing_back(void **state)
{
    struct fixture *fixture = *state;
    for (size_t v = 0; v < 2; v++) {
        SSL_CTX *ctx = openssl_context(TLS_SERVER, fixture->leaf, versions[v]);
        SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"x", 1);
        SSL_CTX_add1_chain_cert(ctx, fixture->intermediate->certificate);
        for (int round = 0; round < 3; round++) {
            struct peer *server = peer_of_openssl(ctx, TLS_SERVER),
                        *client = peer_of_channel(fixture->client, "sip.corp.example");
            client->reply = TEXT("x");
            converse(client, server, ANY_FRAGMENT);
            peer_write(server, TEXT("y"));
            converse(client, server, ANY_FRAGMENT);
            assert_int_equal(tls_channel_state(client->channel), TLS_ESTABLISHED);
            assert_int_equal(client->judged, 1);
            assert_false(SSL_session_reused(server->ssl));
            tls_channel_shutdown(client->channel);
            SSL_shutdown(server->ssl);
            peer_destroy(client);
            peer_destroy(server);
        }
        SSL_CTX_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_of_ours_is_never_resumed), cmocka_unit_test(a_session_id_is_worth_nothing),
        cmocka_unit_test(a_ticket_is_worth_nothing),          cmocka_unit_test(a_shared_key_is_worth_nothing),
        cmocka_unit_test(our_client_asks_for_nothing_back),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
