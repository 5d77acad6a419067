/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do both sides know, and prove, who they talk to, in every version and with every kind of key? */
#include "test/unit/tls/fixture.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void assert_chain(const struct peer *peer, const struct identity *leaf, const struct identity *second)
{
    const struct identity *expected[] = {leaf, second};
    assert_int_equal(peer->judged, 1);
    assert_int_equal(peer->chain_count, 2);
    for (size_t i = 0; i < 2; i++) {
        struct text der = identity_der(expected[i]);
        assert_int_equal(der.length, peer->chain[i].length);
        assert_memory_equal(der.at, peer->chain[i].at, der.length);
        free((void *)der.at);
    }
}

static void two_channels_judge_each_other(void **state)
{
    struct fixture *fixture = *state;
    for (size_t fragment = 1; fragment <= ANY_FRAGMENT; fragment = fragment == 1 ? 7 : fragment * 100) {
        struct peer *client = peer_of_channel(fixture->client, "sip.corp.example");
        struct peer *server = peer_of_channel(fixture->server, NULL);
        server->reply = TEXT("welcome");
        converse(client, server, fragment);
        assert_int_equal(tls_channel_state(client->channel), TLS_ESTABLISHED);
        assert_int_equal(tls_channel_state(server->channel), TLS_ESTABLISHED);
        assert_chain(client, fixture->leaf, fixture->intermediate);
        assert_chain(server, fixture->leaf, fixture->intermediate);
        assert_int_equal(client->established, 1);
        assert_int_equal(server->established, 1);
        assert_memory_equal(tls_channel_protocol(client->channel), "TLSv1.3 TLS_", 12);
        assert_string_equal(tls_channel_protocol(client->channel), tls_channel_protocol(server->channel));
        assert_true(text_equal(octets_text(&client->got), TEXT("welcome")));
        assert_int_equal(tls_channel_reason(client->channel), REASON_OK);
        assert_string_equal(peer_detail(server), "");
        peer_destroy(client);
        peer_destroy(server);
    }
}

static void run_against_openssl(const struct fixture *fixture, enum tls_role our_role, int version,
                                enum key_kind ours, enum key_kind theirs)
{
    struct identity *our_leaf = leaf_of_kind(fixture, ours), *their_leaf = leaf_of_kind(fixture, theirs);
    struct tls_context *context = context_of(our_role, our_leaf);
    enum tls_role their_role = our_role == TLS_SERVER ? TLS_CLIENT : TLS_SERVER;
    SSL_CTX *ctx = openssl_context(their_role, their_leaf, version);
    SSL_CTX_add1_chain_cert(ctx, fixture->intermediate->certificate);
    struct peer *we = peer_of_channel(context, our_role == TLS_CLIENT ? "sip.corp.example" : NULL);
    struct peer *they = peer_of_openssl(ctx, their_role);
    we->reply = TEXT("hello");
    converse(our_role == TLS_CLIENT ? we : they, our_role == TLS_CLIENT ? they : we, 7);
    if (tls_channel_state(we->channel) != TLS_ESTABLISHED) {
        fail_msg("role %d version %x keys %d %d: %s", our_role, (unsigned)version, ours, theirs,
                 peer_detail(we));
    }
    peer_write(they, TEXT("answer"));
    converse(our_role == TLS_CLIENT ? we : they, our_role == TLS_CLIENT ? they : we, 7);
    assert_chain(we, their_leaf, fixture->intermediate);
    assert_true(text_equal(octets_text(&they->got), TEXT("hello")));
    assert_true(text_equal(octets_text(&we->got), TEXT("answer")));
    assert_true(tls_channel_proven(we->channel));
    const char *start = version == TLS1_2_VERSION ? "TLSv1.2 TLS_ECDHE_" : "TLSv1.3 TLS_";
    assert_memory_equal(tls_channel_protocol(we->channel), start, strlen(start));
    X509 *seen = SSL_get0_peer_certificate(they->ssl);
    assert_int_equal(X509_cmp(seen, our_leaf->certificate), 0);
    assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(they->ssl)),
                     our_role == TLS_SERVER ? 2 : 1 + 1 - (their_role == TLS_SERVER));
    if (our_role == TLS_CLIENT) {
        assert_string_equal(SSL_get_servername(they->ssl, TLSEXT_NAMETYPE_host_name), "sip.corp.example");
    }
    peer_destroy(we);
    peer_destroy(they);
    tls_context_destroy(context);
    SSL_CTX_free(ctx);
    identity_destroy(our_leaf);
    identity_destroy(their_leaf);
}

static void every_kind_of_key_works_in_both_roles_and_versions(void **state)
{
    static const enum key_kind kinds[] = {KEY_P256, KEY_P384, KEY_RSA, KEY_ED25519};
    for (size_t v = 0; v < 2; v++) {
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            for (int role = TLS_SERVER; role <= TLS_CLIENT; role++) {
                run_against_openssl(*state, (enum tls_role)role, versions[v], kinds[i], KEY_P256);
                run_against_openssl(*state, (enum tls_role)role, versions[v], KEY_P256, kinds[i]);
            }
        }
    }
}

static void a_client_without_certificate_is_refused(void **state)
{
    struct fixture *fixture = *state;
    for (size_t v = 0; v < 2; v++) {
        SSL_CTX *ctx = openssl_context(TLS_CLIENT, NULL, versions[v]);
        struct peer *server = peer_of_channel(fixture->server, NULL),
                    *client = peer_of_openssl(ctx, TLS_CLIENT);
        converse(client, server, ANY_FRAGMENT);
        assert_int_equal(tls_channel_state(server->channel), TLS_FAILED);
        assert_int_equal(tls_channel_reason(server->channel), REASON_NO_CERTIFICATE);
        assert_int_equal(server->judged, 0);
        assert_int_equal(server->established, 0);
        assert_true(client->failed); /* it was told */
        peer_destroy(server);
        peer_destroy(client);
        SSL_CTX_free(ctx);
    }
}

static void what_the_judge_says_is_what_happens(void **state)
{
    struct fixture *fixture = *state;
    for (size_t v = 0; v < 2; v++) {
        for (int role = TLS_SERVER; role <= TLS_CLIENT; role++) {
            enum tls_role their_role = role == TLS_SERVER ? TLS_CLIENT : TLS_SERVER;
            SSL_CTX *ctx = openssl_context(their_role, fixture->leaf, versions[v]);
            SSL_CTX_add1_chain_cert(ctx, fixture->intermediate->certificate);
            struct peer *we = peer_of_channel(role == TLS_SERVER ? fixture->server : fixture->client, NULL);
            struct peer *they = peer_of_openssl(ctx, their_role);
            we->answer = REASON_IDENTITY_MISMATCH;
            converse(role == TLS_CLIENT ? we : they, role == TLS_CLIENT ? they : we, ANY_FRAGMENT);
            assert_int_equal(tls_channel_state(we->channel), TLS_FAILED);
            assert_int_equal(tls_channel_reason(we->channel), REASON_IDENTITY_MISMATCH);
            assert_int_equal(we->judged, 1);
            assert_int_equal(we->established, 0);
            assert_true(they->failed);
            assert_false(tls_channel_write(we->channel, TEXT("x")));
            peer_destroy(we);
            peer_destroy(they);
            SSL_CTX_free(ctx);
        }
    }
}

/* RFC 8446 4.4.2.4: the client is through before the server has looked at its certificate. */
static void a_refused_client_learns_it_late(void **state)
{
    struct fixture *fixture = *state;
    struct peer *client = peer_of_channel(fixture->client, NULL),
                *server = peer_of_channel(fixture->server, NULL);
    server->answer = REASON_UNTRUSTED_CHAIN;
    converse(client, server, ANY_FRAGMENT);
    assert_int_equal(client->established, 1);
    assert_false(tls_channel_proven(client->channel));
    assert_int_equal(tls_channel_state(client->channel), TLS_FAILED);
    assert_int_equal(tls_channel_reason(client->channel), REASON_TLS_FAILED);
    assert_non_null(strstr(peer_detail(client), "the peer's alert: "));
    peer_destroy(client);
    peer_destroy(server);
}

static void a_context_may_go_while_its_sessions_live(void **state)
{
    struct fixture *fixture = *state;
    struct tls_context *server_context = context_of(TLS_SERVER, fixture->leaf);
    struct tls_context *client_context = context_of(TLS_CLIENT, fixture->leaf);
    struct peer *client = peer_of_channel(client_context, NULL),
                *server = peer_of_channel(server_context, NULL);
    tls_channel_start(client->channel);
    tls_context_destroy(server_context);
    tls_context_destroy(client_context);
    converse(client, server, ANY_FRAGMENT);
    server->echo = true;
    peer_write(client, TEXT("still here"));
    converse(client, server, ANY_FRAGMENT);
    assert_true(text_equal(octets_text(&client->got), TEXT("still here")));
    peer_destroy(client);
    peer_destroy(server);
}

static void bad_chains_and_keys_make_no_context(void **state)
{
    struct fixture *fixture = *state;
    struct identity *rsa = leaf_of_kind(fixture, KEY_RSA), *other_rsa = leaf_of_kind(fixture, KEY_RSA);
    struct identity *edwards = leaf_of_kind(fixture, KEY_ED25519),
                    *other_edwards = leaf_of_kind(fixture, KEY_ED25519);
    char *locked = identity_locked_key(fixture->leaf);
    const struct {
        const char *name, *chain, *key;
    } cases[] = {
        {"key of another", fixture->leaf->chain_pem, fixture->root->key_pem},
        {"RSA key of another", rsa->chain_pem, other_rsa->key_pem},
        {"Ed25519 key of another", edwards->chain_pem, other_edwards->key_pem},
        {"key of another kind", rsa->chain_pem, fixture->leaf->key_pem},
        {"key behind a password", fixture->leaf->chain_pem, locked},
        {"chain is no PEM", "garbage", fixture->leaf->key_pem},
        {"chain is empty", "", fixture->leaf->key_pem},
        {"key is no PEM", fixture->leaf->chain_pem, "garbage"},
        {"key is empty", fixture->leaf->chain_pem, ""},
        {"key and chain swapped", fixture->leaf->key_pem, fixture->leaf->chain_pem},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char trouble[256] = "";
        struct tls_context *context = tls_context_create(TLS_SERVER, text_of(cases[i].chain),
                                                         text_of(cases[i].key), trouble, sizeof trouble);
        if (context != NULL || trouble[0] == '\0') {
            fail_msg("%s: %s", cases[i].name, context != NULL ? "a context" : "no word");
        }
    }
    free(locked);
    identity_destroy(rsa);
    identity_destroy(other_rsa);
    identity_destroy(edwards);
    identity_destroy(other_edwards);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_channels_judge_each_other),
        cmocka_unit_test(every_kind_of_key_works_in_both_roles_and_versions),
        cmocka_unit_test(a_client_without_certificate_is_refused),
        cmocka_unit_test(what_the_judge_says_is_what_happens),
        cmocka_unit_test(a_refused_client_learns_it_late),
        cmocka_unit_test(a_context_may_go_while_its_sessions_live),
        cmocka_unit_test(bad_chains_and_keys_make_no_context),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
