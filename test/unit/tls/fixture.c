/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/tls/fixture.h"

#include "test/unit/tls/library_facts.h"

struct tls_context *context_of(enum tls_role role, const struct identity *identity)
{
    char trouble[256] = "";
    struct tls_context *context = tls_context_create(role, text_of(identity->chain_pem),
                                                     text_of(identity->key_pem), trouble, sizeof trouble);
    if (context == NULL) {
        fail_msg("%s", trouble);
    }
    return context;
}

struct identity *leaf_of_kind(const struct fixture *fixture, enum key_kind kind)
{
    return identity_create(&(struct identity_order){.name = "edge.fabrikam.example",
                                                    .kind = kind,
                                                    .issuer = fixture->intermediate,
                                                    .chain = {fixture->intermediate}});
}

int fixture_setup(void **state)
{
    if (!library_count_memory() || !tls_library_start()) {
        return 1;
    }
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->root = identity_create(&(struct identity_order){.name = "Root", .ca = true});
    fixture->other_root = identity_create(&(struct identity_order){.name = "Other Root", .ca = true});
    fixture->intermediate =
        identity_create(&(struct identity_order){.name = "Issuing", .ca = true, .issuer = fixture->root});
    fixture->leaf = leaf_of_kind(fixture, KEY_P256);
    fixture->server = context_of(TLS_SERVER, fixture->leaf);
    fixture->client = context_of(TLS_CLIENT, fixture->leaf);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    tls_context_destroy(fixture->server);
    tls_context_destroy(fixture->client);
    identity_destroy(fixture->root);
    identity_destroy(fixture->other_root);
    identity_destroy(fixture->intermediate);
    identity_destroy(fixture->leaf);
    free(fixture);
    tls_thread_end();
    tls_library_stop();
    return 0;
}

void make_session(const struct fixture *fixture, struct peer **client, struct peer **server)
{
    *client = peer_of_channel(fixture->client, "sip.corp.example");
    *server = peer_of_channel(fixture->server, NULL);
    converse(*client, *server, ANY_FRAGMENT);
    assert_int_equal(tls_channel_state((*client)->channel), TLS_ESTABLISHED);
    assert_int_equal(tls_channel_state((*server)->channel), TLS_ESTABLISHED);
}
