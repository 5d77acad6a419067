/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens on the wire besides the good handshake: large data, alerts, ends at any point, and floods of
 * nothing. */
#include "test/unit/tls/fixture.h"
#include "test/unit/tls/library_facts.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* OpenSSL as a client, through the handshake with our server. */
static struct peer *openssl_session(struct fixture *fixture, int version, struct peer **server)
{
    SSL_CTX *ctx = openssl_context(TLS_CLIENT, fixture->leaf, version);
    struct peer *client = peer_of_openssl(ctx, TLS_CLIENT);
    SSL_CTX_free(ctx);
    *server = peer_of_channel(fixture->server, NULL);
    converse(client, *server, ANY_FRAGMENT);
    assert_int_equal(tls_channel_state((*server)->channel), TLS_ESTABLISHED);
    return client;
}

static void two_hundred_kilobytes_cross_in_few_records(void **state)
{
    struct peer *client, *server;
    make_session(*state, &client, &server);
    char *large = malloc(200000);
    for (size_t i = 0; i < 200000; i++) {
        large[i] = (char)(i * 7 + i / 251);
    }
    server->echo = true;
    server->outputs = client->outputs = 0;
    peer_write(client, (struct text){large, 200000});
    assert_int_equal(client->outputs, 13); /* 200000 / 16384 */
    converse(client, server, 1000);
    assert_int_equal(client->got.length, 200000);
    assert_memory_equal(client->got.at, large, 200000);
    assert_memory_equal(server->got.at, large, 200000);
    free(large);
    peer_destroy(client);
    peer_destroy(server);
}

static void a_clean_end_is_told_from_a_cut(void **state)
{
    struct peer *client, *server;
    make_session(*state, &client, &server);
    peer_write(client, TEXT("last words"));
    tls_channel_shutdown(client->channel);
    tls_channel_shutdown(client->channel); /* once is enough */
    assert_int_equal(tls_channel_state(client->channel), TLS_CLOSED);
    assert_false(tls_channel_write(client->channel, TEXT("x")));
    converse(client, server, ANY_FRAGMENT);
    assert_true(text_equal(octets_text(&server->got), TEXT("last words")));
    assert_int_equal(tls_channel_state(server->channel), TLS_CLOSED);
    assert_true(tls_channel_peer_closed(server->channel));
    assert_int_equal(tls_channel_end(server->channel), TLS_CLOSED);
    assert_int_equal(tls_channel_reason(server->channel), REASON_OK);
    tls_channel_shutdown(server->channel); /* the answer to it */
    assert_true(server->out.length > 0);
    peer_destroy(client);
    peer_destroy(server);

    make_session(*state, &client, &server);
    assert_int_equal(tls_channel_end(server->channel), TLS_FAILED);
    assert_int_equal(tls_channel_reason(server->channel), REASON_PEER_CLOSED);
    assert_false(tls_channel_peer_closed(server->channel));
    assert_int_equal(tls_channel_end(client->channel), TLS_FAILED); /* it was never proven */
    assert_int_equal(tls_channel_reason(client->channel), REASON_TLS_FAILED);
    peer_destroy(client);
    peer_destroy(server);
}

static void shutdown_within_data_stops_the_rest(void **state)
{
    struct peer *client, *server;
    make_session(*state, &client, &server);
    server->shutdown_on_data = true;
    peer_write(client, TEXT("first"));
    peer_write(client, TEXT("second"));
    converse(client, server, ANY_FRAGMENT);
    assert_true(text_equal(octets_text(&server->got), TEXT("first")));
    assert_true(tls_channel_peer_closed(client->channel));
    peer_destroy(client);
    peer_destroy(server);
}

/* Ends the stream after each possible number of octets of the handshake, on both sides; some in the middle of
 * flights. */
static void an_end_at_any_point_of_the_handshake(void **state)
{
    struct fixture *fixture = *state;
    bool whole = false;
    for (size_t allowed = 0; !whole; allowed += 97) {
        struct peer *client = peer_of_channel(fixture->client, NULL),
                    *server = peer_of_channel(fixture->server, NULL);
        struct peer *ends[] = {client, server};
        size_t left = allowed;
        tls_channel_start(client->channel);
        while (left > 0 && (client->out.length > 0 || server->out.length > 0)) {
            for (size_t i = 0; i < 2; i++) {
                struct octets moving = ends[i]->out;
                ends[i]->out = (struct octets){0};
                size_t here = moving.length < left ? moving.length : left;
                peer_feed(ends[1 - i], (struct text){moving.at, here});
                left -= here;
                free(moving.at);
            }
        }
        whole = left > 0;
        enum tls_state end = tls_channel_end(server->channel);
        assert_int_equal(end, TLS_FAILED);
        assert_int_equal(tls_channel_reason(server->channel), whole ? REASON_PEER_CLOSED : REASON_TLS_FAILED);
        assert_int_equal(tls_channel_end(client->channel), TLS_FAILED);
        assert_int_equal(tls_channel_reason(client->channel), REASON_TLS_FAILED);
        assert_true(strlen(peer_detail(server)) > 0);
        peer_destroy(client);
        peer_destroy(server);
    }
}

static void garbage_is_refused(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        const char *name;
        struct text octets;
        const char *detail;
    } cases[] = {
        {"plain SIP", TEXT("OPTIONS sip:corp.example SIP/2.0\r\n"), "plain text"},
        {"keep-alive", TEXT("\r\n\r\n"), "plain text"},
        {"data before hello", TEXT("\x17\x03\x03\x00\x12 012345678901234567"), ""},
        {"only a tag", TEXT("\x17\x03\x03\x00\x10 0123456789012345"), "no TLS record"},
        {"zeros", TEXT("\0\0\0\0\0\0\0\0\0"), "no TLS record"},
        {"SSL 2", TEXT("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"), "no TLS record"},
        {"hello of nothing", TEXT("\x16\x03\x01\x00\x04\x01\x00\x00\x00"), ""},
        {"hello that lies", TEXT("\x16\x03\x01\x00\x04\x01\xff\xff\xff"), ""},
        {"fatal alert", TEXT("\x15\x03\x03\x00\x02\x02\x28"), "handshake failure"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct peer *server = peer_of_channel(fixture->server, NULL);
        peer_feed(server, cases[i].octets);
        tls_channel_end(server->channel);
        if (tls_channel_reason(server->channel) != REASON_TLS_FAILED ||
            strstr(peer_detail(server), cases[i].detail) == NULL) {
            fail_msg("%s: %s", cases[i].name, peer_detail(server));
        }
        peer_destroy(server);
    }
}

/* CVE-2024-0901: a record that holds only a tag, on an encrypted session. */
static void a_record_of_only_a_tag_goes_no_further(void **state)
{
    for (size_t fragment = 1; fragment < 30; fragment += 9) {
        struct peer *client, *server;
        make_session(*state, &client, &server);
        struct text record = TEXT("\x17\x03\x03\x00\x10"
                                  "0123456789012345");
        for (size_t at = 0; at < record.length; at += fragment) {
            size_t here = record.length - at < fragment ? record.length - at : fragment;
            peer_feed(server, (struct text){record.at + at, here});
        }
        assert_int_equal(tls_channel_reason(server->channel), REASON_TLS_FAILED);
        assert_non_null(strstr(peer_detail(server), "no TLS record"));
        peer_destroy(client);
        peer_destroy(server);
    }
}

/* Every octet of a valid flight of the client, changed in turn: no crash, and no session that was not judged.
 */
static void a_changed_octet_anywhere(void **state)
{
    struct fixture *fixture = *state;
    struct peer *client = peer_of_channel(fixture->client, "sip.corp.example");
    tls_channel_start(client->channel);
    for (size_t i = 0; i < client->out.length; i++) {
        struct peer *server = peer_of_channel(fixture->server, NULL);
        client->out.at[i] ^= (char)(1 << i % 8);
        peer_feed(server, octets_text(&client->out));
        client->out.at[i] ^= (char)(1 << i % 8);
        assert_int_equal(server->established, 0);
        assert_int_equal(server->judged, 0);
        peer_destroy(server);
    }
    peer_destroy(client);
}

static void key_updates_pass_and_floods_of_them_do_not(void **state)
{
    struct peer *server, *client = openssl_session(*state, TLS1_3_VERSION, &server);
    for (int round = 0; round < 100; round++) { /* each followed by data */
        assert_int_equal(SSL_key_update(client->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        peer_write(client, TEXT("x"));
        converse(client, server, ANY_FRAGMENT);
    }
    assert_int_equal(server->got.length, 100);
    assert_int_equal(tls_channel_state(server->channel), TLS_ESTABLISHED);
    unsigned outputs = server->outputs;
    for (int round = 0; round < 2000; round++) {
        assert_int_equal(SSL_key_update(client->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        SSL_do_handshake(client->ssl);
    }
    peer_feed(client, TEXT_NONE);
    converse(client, server, ANY_FRAGMENT);
    assert_int_equal(tls_channel_state(server->channel), TLS_FAILED);
    assert_string_equal(peer_detail(server), "too many records without data");
    assert_true(server->outputs - outputs <= TLS_RECORDS_WITHOUT_DATA_MOST + 2);
    peer_destroy(client);
    peer_destroy(server);
}

/* RFC 9325 3.5: not at all. */
static void renegotiation_is_refused(void **state)
{
    struct peer *server, *client = openssl_session(*state, TLS1_2_VERSION, &server);
    assert_int_equal(SSL_renegotiate(client->ssl), 1);
    SSL_do_handshake(client->ssl);
    peer_feed(client, TEXT_NONE);
    assert_true(client->out.length > 0);
    converse(client, server, ANY_FRAGMENT);
    assert_int_equal(server->judged, 1);
    assert_int_equal(tls_channel_state(server->channel), TLS_FAILED);
    peer_destroy(client);
    peer_destroy(server);
}

struct offer_case {
    const char *suites_12, *suites_13, *groups;
    int version;
    const char *protocol; /* NULL: refused */
};

static void only_the_listed_suites_and_groups_are_spoken(void **state)
{
    struct fixture *fixture = *state;
    static const struct offer_case cases[] = {
        {NULL, "TLS_AES_128_GCM_SHA256", NULL, TLS1_3_VERSION, "TLSv1.3 TLS_AES_128_GCM_SHA256"},
        {NULL, "TLS_AES_256_GCM_SHA384", NULL, TLS1_3_VERSION, "TLSv1.3 TLS_AES_256_GCM_SHA384"},
        {NULL, "TLS_CHACHA20_POLY1305_SHA256", NULL, TLS1_3_VERSION, "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256"},
        {NULL, "TLS_AES_128_CCM_SHA256", NULL, TLS1_3_VERSION, NULL},
        {"ECDHE-ECDSA-AES128-GCM-SHA256", NULL, NULL, TLS1_2_VERSION,
         "TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
        {"ECDHE-ECDSA-AES256-GCM-SHA384", NULL, NULL, TLS1_2_VERSION,
         "TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
        {"ECDHE-ECDSA-CHACHA20-POLY1305", NULL, NULL, TLS1_2_VERSION,
         "TLSv1.2 TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
        {"ECDHE-ECDSA-AES128-SHA256", NULL, NULL, TLS1_2_VERSION, NULL},
        {"ECDHE-ECDSA-AES128-SHA", NULL, NULL, TLS1_2_VERSION, NULL},
        {"ECDHE-ECDSA-NULL-SHA", NULL, NULL, TLS1_2_VERSION, NULL},
        {"AECDH-AES128-SHA", NULL, NULL, TLS1_2_VERSION, NULL},
        {"AES128-GCM-SHA256", NULL, NULL, TLS1_2_VERSION, NULL},
        {"DHE-RSA-AES128-GCM-SHA256", NULL, NULL, TLS1_2_VERSION, NULL},
        {"ALL:@SECLEVEL=0", NULL, NULL, TLS1_1_VERSION, NULL},
        {NULL, NULL, "X25519", TLS1_3_VERSION, "TLSv1.3 "},
        {NULL, NULL, "P-256", TLS1_3_VERSION, "TLSv1.3 "},
        {NULL, NULL, "P-384", TLS1_3_VERSION, "TLSv1.3 "},
        {NULL, NULL, "P-521:P-256", TLS1_3_VERSION, "TLSv1.3 "}, /* by HelloRetryRequest */
        {NULL, NULL, "P-521", TLS1_3_VERSION, NULL},
        {NULL, NULL, "X25519", TLS1_2_VERSION, "TLSv1.2 "},
        {NULL, NULL, "P-256", TLS1_2_VERSION, "TLSv1.2 "},
        {NULL, NULL, "P-384", TLS1_2_VERSION, "TLSv1.2 "},
        {NULL, NULL, "P-521", TLS1_2_VERSION, NULL},
    };
    /* With RSA, since in TLS 1.2 the groups also rule what kind of EC certificate may be shown. */
    struct identity *rsa = leaf_of_kind(fixture, KEY_RSA);
    struct tls_context *with_rsa = context_of(TLS_SERVER, rsa);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SSL_CTX *ctx =
            openssl_context(TLS_CLIENT, cases[i].groups == NULL ? fixture->leaf : rsa, cases[i].version);
        if (cases[i].suites_12 != NULL && SSL_CTX_set_cipher_list(ctx, cases[i].suites_12) != 1) {
            fail_msg("OpenSSL lacks %s", cases[i].suites_12);
        }
        assert_true(cases[i].suites_13 == NULL || SSL_CTX_set_ciphersuites(ctx, cases[i].suites_13) == 1);
        assert_true(cases[i].groups == NULL || SSL_CTX_set1_groups_list(ctx, cases[i].groups) == 1);
        struct peer *client = peer_of_openssl(ctx, TLS_CLIENT);
        struct peer *server = peer_of_channel(cases[i].groups == NULL ? fixture->server : with_rsa, NULL);
        converse(client, server, ANY_FRAGMENT);
        const char *protocol = tls_channel_protocol(server->channel);
        bool good = cases[i].protocol != NULL
                        ? strncmp(protocol, cases[i].protocol, strlen(cases[i].protocol)) == 0 &&
                              tls_channel_state(server->channel) == TLS_ESTABLISHED
                        : tls_channel_state(server->channel) == TLS_FAILED && server->established == 0;
        if (!good) {
            fail_msg("case %zu: \"%s\" %s", i, protocol, peer_detail(server));
        }
        peer_destroy(client);
        peer_destroy(server);
        SSL_CTX_free(ctx);
    }
    tls_context_destroy(with_rsa);
    identity_destroy(rsa);
}

/* A server that speaks only what we do not offer, or speaks late words of TLS 1.1. */
static void a_client_takes_nothing_less(void **state)
{
    struct fixture *fixture = *state;
    static const struct offer_case cases[] = {
        {"ECDHE-RSA-AES128-SHA256", NULL, NULL, TLS1_2_VERSION, NULL},
        {"ALL:@SECLEVEL=0", NULL, NULL, TLS1_1_VERSION, NULL},
        {NULL, NULL, "P-521", TLS1_3_VERSION, NULL},
        {NULL, NULL, "P-521", TLS1_2_VERSION, NULL},
        {NULL, NULL, "P-384", TLS1_3_VERSION, "TLSv1.3 "},
        {NULL, NULL, "P-256", TLS1_2_VERSION, "TLSv1.2 "},
    };
    struct identity *rsa = leaf_of_kind(fixture, KEY_RSA);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SSL_CTX *ctx = openssl_context(TLS_SERVER, rsa, cases[i].version);
        assert_true(cases[i].suites_12 == NULL || SSL_CTX_set_cipher_list(ctx, cases[i].suites_12) == 1);
        assert_true(cases[i].groups == NULL || SSL_CTX_set1_groups_list(ctx, cases[i].groups) == 1);
        struct peer *server = peer_of_openssl(ctx, TLS_SERVER),
                    *client = peer_of_channel(fixture->client, NULL);
        converse(client, server, ANY_FRAGMENT);
        enum tls_state expected = cases[i].protocol == NULL ? TLS_FAILED : TLS_ESTABLISHED;
        if (tls_channel_state(client->channel) != expected) {
            fail_msg("case %zu: %s", i, peer_detail(client));
        }
        peer_destroy(client);
        peer_destroy(server);
        SSL_CTX_free(ctx);
    }
    identity_destroy(rsa);
}

static void an_idle_session_is_small_and_gives_all_back(void **state)
{
    struct fixture *fixture = *state;
    enum { SESSIONS = 20 };
    for (size_t v = 0; v < 2; v++) {
        SSL_CTX *ctx = openssl_context(TLS_CLIENT, fixture->leaf, versions[v]);
        struct peer *clients[SESSIONS], *servers[SESSIONS];
        size_t before = 0;
        for (int round = 0; round < 2; round++) { /* the first one warms what the library keeps for ever */
            before = library_memory();
            for (size_t i = 0; i < SESSIONS; i++) {
                clients[i] = peer_of_openssl(ctx, TLS_CLIENT);
                servers[i] = peer_of_channel(fixture->server, NULL);
                converse(clients[i], servers[i], ANY_FRAGMENT);
                peer_write(clients[i], TEXT("some data"));
                converse(clients[i], servers[i], ANY_FRAGMENT);
                assert_int_equal(servers[i]->got.length, 9);
            }
            size_t each = (library_memory() - before) / SESSIONS;
            print_message("%s: %zu octets a session\n", tls_channel_protocol(servers[0]->channel), each);
            if (library_is_bundled()) {
                assert_true(each < 16384);
            }
            for (size_t i = 0; i < SESSIONS; i++) {
                peer_destroy(clients[i]);
                peer_destroy(servers[i]);
            }
        }
        assert_int_equal(library_memory(), before);
        SSL_CTX_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hundred_kilobytes_cross_in_few_records),
        cmocka_unit_test(a_clean_end_is_told_from_a_cut),
        cmocka_unit_test(shutdown_within_data_stops_the_rest),
        cmocka_unit_test(an_end_at_any_point_of_the_handshake),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(a_record_of_only_a_tag_goes_no_further),
        cmocka_unit_test(a_changed_octet_anywhere),
        cmocka_unit_test(key_updates_pass_and_floods_of_them_do_not),
        cmocka_unit_test(renegotiation_is_refused),
        cmocka_unit_test(only_the_listed_suites_and_groups_are_spoken),
        cmocka_unit_test(a_client_takes_nothing_less),
        cmocka_unit_test(an_idle_session_is_small_and_gives_all_back),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
