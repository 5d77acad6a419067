/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Can a peer get past the judge, or hurt us before it is asked? */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "test/unit/tls/fixture.h"
#include "test/unit/tls/library_facts.h"

#include <openssl/ec.h>

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* A client of OpenSSL's with this leaf and chain, against our server. */
static struct peer *attack(struct fixture *fixture, const struct identity *leaf,
                           struct identity *const *chain, int version, enum reason answer,
                           struct peer **server)
{
    SSL_CTX *ctx = openssl_context(TLS_CLIENT, leaf, version);
    for (size_t i = 0; chain != NULL && chain[i] != NULL; i++) {
        SSL_CTX_add1_chain_cert(ctx, chain[i]->certificate);
    }
    struct peer *client = peer_of_openssl(ctx, TLS_CLIENT);
    SSL_CTX_free(ctx);
    *server = peer_of_channel(fixture->server, NULL);
    (*server)->answer = answer;
    converse(client, *server, 1000);
    return client;
}

/* CVE-2026-93302: the library took a copy of a root with another key for that root. Here it must not have an
 * opinion. */
static void a_cloned_root_is_the_judges_to_refuse(void **state)
{
    struct fixture *fixture = *state;
    struct identity *clone = identity_forge(fixture->root);
    for (size_t v = 0; v < 2; v++) {
        struct peer *server,
            *client = attack(fixture, clone, NULL, versions[v], REASON_UNTRUSTED_CHAIN, &server);
        assert_int_equal(server->judged, 1);
        assert_int_equal(tls_channel_state(server->channel), TLS_FAILED);
        assert_int_equal(tls_channel_reason(server->channel), REASON_UNTRUSTED_CHAIN);
        struct text der = identity_der(clone);
        assert_int_equal(server->chain[0].length, der.length);
        assert_memory_equal(server->chain[0].at, der.at, der.length);
        free((void *)der.at);
        peer_destroy(client);
        peer_destroy(server);
    }
    identity_destroy(clone);
}

/* A key object that shows the public half of one key and signs with the private half of another. */
static EVP_PKEY *thiefs_key(EVP_PKEY *shown, EVP_PKEY *own)
{
    EC_KEY *key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    assert_int_equal(EC_KEY_set_public_key(key, EC_KEY_get0_public_key(EVP_PKEY_get0_EC_KEY(shown))), 1);
    assert_int_equal(EC_KEY_set_private_key(key, EC_KEY_get0_private_key(EVP_PKEY_get0_EC_KEY(own))), 1);
    EVP_PKEY *wrapped = EVP_PKEY_new();
    assert_int_equal(EVP_PKEY_assign_EC_KEY(wrapped, key), 1);
    return wrapped;
}

/* The handshake itself proves the key: a certificate of somebody else is of no use, whatever the judge says.
 */
static void a_certificate_without_its_key_is_of_no_use(void **state)
{
    struct fixture *fixture = *state;
    struct identity *thief = leaf_of_kind(fixture, KEY_P256);
    EVP_PKEY *stolen = thiefs_key(fixture->leaf->key, thief->key);
    for (size_t v = 0; v < 2; v++) {
        for (int role = TLS_SERVER; role <= TLS_CLIENT; role++) {
            enum tls_role their_role = role == TLS_SERVER ? TLS_CLIENT : TLS_SERVER;
            SSL_CTX *ctx = openssl_context(their_role, NULL, versions[v]);
            assert_int_equal(SSL_CTX_use_certificate(ctx, fixture->leaf->certificate), 1);
            assert_int_equal(SSL_CTX_use_PrivateKey(ctx, stolen), 1);
            struct peer *they = peer_of_openssl(ctx, their_role);
            struct peer *we = peer_of_channel(role == TLS_SERVER ? fixture->server : fixture->client, NULL);
            converse(role == TLS_SERVER ? they : we, role == TLS_SERVER ? we : they, ANY_FRAGMENT);
            assert_int_equal(we->judged, 1);
            assert_int_equal(we->established, 0);
            assert_int_equal(tls_channel_reason(we->channel), REASON_TLS_FAILED);
            peer_destroy(we);
            peer_destroy(they);
            SSL_CTX_free(ctx);
        }
    }
    EVP_PKEY_free(stolen);
    identity_destroy(thief);
}

struct leaf_case {
    const char *name;
    struct identity_order order;
    bool may_fail; /* before the judge is asked: some versions of the library refuse it by themselves */
};

#define NAME "edge.fabrikam.example"

static void run_leaf_case(struct fixture *fixture, const struct leaf_case *leaf_case)
{
    struct identity_order order = leaf_case->order;
    order.name = NAME;
    order.issuer = order.ca ? NULL : fixture->intermediate;
    struct identity *leaf = identity_create(&order), *chain[] = {fixture->intermediate, NULL};
    for (size_t v = 0; v < 2; v++) {
        struct peer *server, *client = attack(fixture, leaf, chain, versions[v], REASON_OK, &server);
        bool passed = tls_channel_state(server->channel) == TLS_ESTABLISHED && server->judged == 1;
        if (!passed &&
            (!leaf_case->may_fail || tls_channel_reason(server->channel) != REASON_MALFORMED_CERTIFICATE)) {
            fail_msg("%s, %x: judged %u times, %s", leaf_case->name, (unsigned)versions[v], server->judged,
                     peer_detail(server));
        }
        peer_destroy(client);
        peer_destroy(server);
    }
    identity_destroy(leaf);
}

/* What is for policy to decide must come to the judge, and there its word alone counts. */
static void odd_leaves_meet_the_judge(void **state)
{
    static const struct leaf_case cases[] = {
        {"expired", {.expired = true}},
        {"for code", {.extended_key_usage = "codeSigning"}},
        {"server only", {.extended_key_usage = "serverAuth"}},
        {"sip domain", {.extended_key_usage = "1.3.6.1.5.5.7.3.20"}},
        {"no extended key usage", {.extended_key_usage = ""}},
        {"120 names", {.names = 119}},
        {"a CA that signs itself", {.ca = true}},
        {"RSA 1024", {.kind = KEY_RSA_1024}},
        {"critical, unknown", {.critical_unknown = true}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run_leaf_case(*state, &cases[i]);
    }
    const struct leaf_case many = {"300 names", {.names = 299}, library_names_most() < 300};
    run_leaf_case(*state, &many);
}

/* The packaged build knows Ed448, the bundled one does not: a key that it cannot check must not pass
 * unchecked. */
static void a_key_that_cannot_be_checked_does_not_pass(void **state)
{
    struct fixture *fixture = *state;
    struct identity *leaf = leaf_of_kind(fixture, KEY_ED448);
    for (size_t v = 0; v < 2; v++) {
        struct peer *server, *client = attack(fixture, leaf, NULL, versions[v], REASON_OK, &server);
        bool known = library_knows_ed448();
        assert_int_equal(tls_channel_state(server->channel), known ? TLS_ESTABLISHED : TLS_FAILED);
        assert_true(!known || server->judged == 1);
        peer_destroy(client);
        peer_destroy(server);
    }
    identity_destroy(leaf);
}

/* Up to nine certificates come to the judge whole; of more the library loses track, and the handshake must
 * fail, even where the judge said yes to what it saw (the packaged build asks him). */
static void chains_of_any_length_are_shown_whole_or_fail(void **state)
{
    struct fixture *fixture = *state;
    struct identity *chain[17] = {0};
    for (size_t count = 1; count <= 17; count++) {
        for (size_t v = 0; v < 2; v++) {
            struct peer *server,
                *client = attack(fixture, fixture->leaf, chain, versions[v], REASON_OK, &server);
            if (count <= 9) {
                assert_int_equal(server->judged, 1);
                assert_int_equal(tls_channel_state(server->channel), TLS_ESTABLISHED);
                assert_int_equal(server->chain_count, count);
            } else {
                assert_int_equal(tls_channel_reason(server->channel), REASON_TLS_FAILED);
                assert_int_equal(server->established, 0);
            }
            peer_destroy(client);
            peer_destroy(server);
        }
        if (count < 17) {
            chain[count - 1] = identity_create(
                &(struct identity_order){.name = "Filler", .ca = true, .expired = count % 2 == 0});
        }
    }
    for (size_t i = 0; i < 16; i++) {
        identity_destroy(chain[i]);
    }
}

/* Some builds of the library add a CA of the peer's chain to their anchors when they are overruled on it. */
static void chains_leave_nothing_behind(void **state)
{
    struct fixture *fixture = *state;
    const struct identity_order orders[] = {
        {.name = "Expired root", .ca = true, .expired = true},
        {.name = "Expired", .ca = true, .expired = true, .issuer = fixture->other_root},
        {.name = "Critical", .ca = true, .critical_unknown = true, .issuer = fixture->other_root},
        {.name = "Critical root", .ca = true, .critical_unknown = true},
        {.name = "Both",
         .ca = true,
         .critical_unknown = true,
         .expired = true,
         .issuer = fixture->other_root},
        {.name = "Weak", .ca = true, .kind = KEY_RSA_1024, .issuer = fixture->other_root},
        {.name = "Foreign", .ca = true, .issuer = fixture->other_root},
        {.name = "Foreign root", .ca = true},
    };
    size_t steady = 0;
    for (int round = 0; round < 8; round++) {
        for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
            struct identity *ca = identity_create(&orders[i]), *chain[] = {fixture->intermediate, ca, NULL};
            struct peer *server,
                *client = attack(fixture, fixture->leaf, chain, versions[round % 2], REASON_OK, &server);
            assert_int_equal(tls_channel_state(server->channel), TLS_ESTABLISHED);
            assert_int_equal(server->chain_count, 3);
            peer_destroy(client);
            peer_destroy(server);
            identity_destroy(ca);
        }
        if (round == 1) {
            steady = library_memory();
        }
    }
    assert_true(library_memory() <= steady + 512); /* 48 more CAs would be 48 kB */
}

/* A hello of 18,000 octets, one to a record; and a good one with change_cipher_spec for ever after it. */
static void a_handshake_without_end_is_ended(void **state)
{
    struct fixture *fixture = *state;
    struct peer *server = peer_of_channel(fixture->server, NULL);
    static const char start[] = "\x01\x00\x46\x50\x03\x03";
    size_t records = 0;
    while (tls_channel_state(server->channel) == TLS_HANDSHAKE && records < 5000) {
        char record[] = "\x16\x03\x01\x00\x01?";
        record[5] = records < 6 ? start[records] : 0;
        peer_feed(server, (struct text){record, 6});
        records++;
    }
    assert_int_equal(tls_channel_reason(server->channel), REASON_TLS_FAILED);
    assert_true(records <= TLS_HANDSHAKE_RECORDS_MOST + 1);
    peer_destroy(server);

    struct peer *client = peer_of_channel(fixture->client, NULL);
    server = peer_of_channel(fixture->server, NULL);
    tls_channel_start(client->channel);
    peer_feed(server, octets_text(&client->out));
    for (records = 0; tls_channel_state(server->channel) == TLS_HANDSHAKE && records < 5000; records++) {
        peer_feed(server, TEXT("\x14\x03\x03\x00\x01\x01"));
    }
    assert_int_equal(tls_channel_reason(server->channel), REASON_TLS_FAILED);
    assert_true(records <= TLS_HANDSHAKE_RECORDS_MOST + 1);
    peer_destroy(client);
    peer_destroy(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cloned_root_is_the_judges_to_refuse),
        cmocka_unit_test(a_certificate_without_its_key_is_of_no_use),
        cmocka_unit_test(odd_leaves_meet_the_judge),
        cmocka_unit_test(a_key_that_cannot_be_checked_does_not_pass),
        cmocka_unit_test(chains_of_any_length_are_shown_whole_or_fail),
        cmocka_unit_test(chains_leave_nothing_behind),
        cmocka_unit_test(a_handshake_without_end_is_ended),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
