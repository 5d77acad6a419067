/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traps of the TLS library: does anything but the judge ever make it believe a peer, and does anything that
 * it has seen of one peer stay for the next? Here the judge is the policy's own search for paths, to the
 * roots of the fixture. */
#include "policy/trust_path.h"
#include "test/unit/tls/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* ---- the judge ---- */

static bool any_path(void *context, const struct trust_path *path)
{
    (void)context;
    (void)path;
    return false;
}

static enum reason search_paths(const void *context, const struct text *ders, size_t count)
{
    struct presented_chain *chain = presented_chain_read(ders, count);
    assert_non_null(chain);
    const struct trust_search search = {
        .chain = chain, .anchors = context, .now = time(NULL), .found = any_path};
    enum reason reason = trust_path_search(&search);
    presented_chain_destroy(chain);
    return reason;
}

static void add_anchor(struct trust_anchors *anchors, const struct identity *root)
{
    struct text der = identity_der(root);
    struct certificate *certificate;
    const char *why;
    assert_int_equal(certificate_read(der, &certificate), REASON_OK);
    assert_int_equal(trust_anchor_check(certificate, &why), REASON_OK);
    assert_non_null(trust_anchors_add(anchors, certificate));
    free((void *)der.at);
}

/* ---- one peer that wants in ---- */

struct visit {
    const struct fixture *fixture;
    const struct trust_anchors *anchors;
    enum tls_role our_role;
    int version;
};

/* A peer of OpenSSL's with this leaf (NULL: none) and one more certificate (NULL: none). Our verdict. */
static enum reason visited_by(const struct visit *visit, const struct identity *leaf,
                              const struct identity *second)
{
    enum tls_role their_role = visit->our_role == TLS_SERVER ? TLS_CLIENT : TLS_SERVER;
    SSL_CTX *ctx = openssl_context(their_role, leaf, visit->version);
    if (second != NULL) {
        SSL_CTX_add1_chain_cert(ctx, second->certificate);
    }
    struct peer *they = peer_of_openssl(ctx, their_role);
    struct peer *we = peer_of_channel(
        visit->our_role == TLS_SERVER ? visit->fixture->server : visit->fixture->client, NULL);
    we->decide = search_paths;
    we->decide_context = visit->anchors;
    converse(visit->our_role == TLS_SERVER ? they : we, visit->our_role == TLS_SERVER ? we : they,
             ANY_FRAGMENT);
    enum reason reason = tls_channel_reason(we->channel);
    assert_int_equal(we->established, reason == REASON_OK);
    assert_true(we->judged == 1 || (we->judged == 0 && reason != REASON_OK));
    assert_int_equal(tls_channel_state(we->channel), reason == REASON_OK ? TLS_ESTABLISHED : TLS_FAILED);
    peer_destroy(we);
    peer_destroy(they);
    SSL_CTX_free(ctx);
    return reason;
}

/* Once for each role and version, with contexts that have seen nobody yet. */
static void for_each_visit(void **state, bool second_root, void (*run)(const struct visit *visit))
{
    const struct fixture *fixture = *state;
    struct trust_anchors *anchors = trust_anchors_create();
    add_anchor(anchors, fixture->root);
    if (second_root) {
        add_anchor(anchors, fixture->other_root);
    }
    for (size_t v = 0; v < 2; v++) {
        for (int role = TLS_SERVER; role <= TLS_CLIENT; role++) {
            struct fixture fresh = *fixture;
            fresh.server = context_of(TLS_SERVER, fixture->leaf);
            fresh.client = context_of(TLS_CLIENT, fixture->leaf);
            run(&(struct visit){&fresh, anchors, (enum tls_role)role, versions[v]});
            tls_context_destroy(fresh.server);
            tls_context_destroy(fresh.client);
        }
    }
    trust_anchors_destroy(anchors);
}

/* ---- the traps ---- */

/* CVE-2026-93302: the library takes a copy of a root with another key for the root itself. This root has no
 * keyUsage, so that every peer would show it. */
static void visit_of_a_clone(const struct visit *visit)
{
    struct visit here = *visit;
    struct trust_anchors *anchors = trust_anchors_create();
    struct identity *root =
        identity_create(&(struct identity_order){.name = "Root", .ca = true, .no_key_usage = true});
    struct identity *clone = identity_forge(root);
    struct identity *genuine =
        identity_create(&(struct identity_order){.name = "edge.fabrikam.example", .issuer = root});
    struct identity *forged =
        identity_create(&(struct identity_order){.name = "edge.fabrikam.example", .issuer = clone});
    add_anchor(anchors, root);
    here.anchors = anchors;
    assert_int_equal(visited_by(&here, genuine, NULL), REASON_OK);
    assert_int_equal(visited_by(&here, clone, NULL), REASON_UNTRUSTED_CHAIN);
    assert_int_equal(visited_by(&here, clone, root), REASON_UNTRUSTED_CHAIN);
    assert_int_equal(visited_by(&here, forged, clone), REASON_UNTRUSTED_CHAIN);
    assert_int_equal(visited_by(&here, forged, root), REASON_UNTRUSTED_CHAIN);
    trust_anchors_destroy(anchors);
    identity_destroy(forged);
    identity_destroy(genuine);
    identity_destroy(clone);
    identity_destroy(root);
}

static void a_cloned_root_is_believed_in_no_role(void **state)
{
    for_each_visit(state, false, visit_of_a_clone);
}

/* Left to itself the library keeps each intermediate that it was once shown, and then needs it no more. */
static void visit_without_the_intermediate(const struct visit *visit)
{
    const struct fixture *fixture = visit->fixture;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(visited_by(visit, fixture->leaf, NULL), REASON_UNTRUSTED_CHAIN);
        assert_int_equal(visited_by(visit, fixture->leaf, fixture->intermediate), REASON_OK);
    }
}

static void an_intermediate_is_forgotten(void **state)
{
    for_each_visit(state, false, visit_without_the_intermediate);
}

/* It would find issuers by their key identifier, the first that came: a CA below another root that claims the
 * one of somebody's issuing CA would stand in its way. */
static void visit_after_a_namesake(const struct visit *visit)
{
    const struct fixture *fixture = visit->fixture;
    struct identity *namesake = identity_create(&(struct identity_order){
        .name = "Issuing", .ca = true, .issuer = fixture->other_root, .key_id_of = fixture->intermediate});
    struct identity *theirs =
        identity_create(&(struct identity_order){.name = "edge.contoso.example", .issuer = namesake});
    for (int round = 0; round < 2; round++) {
        assert_int_equal(visited_by(visit, theirs, namesake), REASON_OK);
        assert_int_equal(visited_by(visit, fixture->leaf, fixture->intermediate), REASON_OK);
        assert_int_equal(visited_by(visit, fixture->leaf, namesake), REASON_UNTRUSTED_CHAIN);
        assert_int_equal(visited_by(visit, theirs, fixture->intermediate), REASON_UNTRUSTED_CHAIN);
    }
    identity_destroy(theirs);
    identity_destroy(namesake);
}

static void an_intermediate_displaces_no_other(void **state)
{
    for_each_visit(state, true, visit_after_a_namesake);
}

/* The packaged library asks for no certificate and looks at none unless told to. */
static void visit_of_strangers(const struct visit *visit)
{
    const struct fixture *fixture = visit->fixture;
    struct identity *self = identity_create(&(struct identity_order){.name = "edge.fabrikam.example"});
    struct identity *foreign = identity_create(
        &(struct identity_order){.name = "edge.fabrikam.example", .issuer = fixture->other_root});
    struct identity *expired = identity_create(&(struct identity_order){
        .name = "edge.fabrikam.example", .issuer = fixture->intermediate, .expired = true});
    if (visit->our_role == TLS_SERVER) {
        assert_int_equal(visited_by(visit, NULL, NULL), REASON_NO_CERTIFICATE);
    } else {
        assert_int_equal(visited_by(visit, NULL, NULL), REASON_TLS_FAILED); /* no suite of theirs */
    }
    assert_int_equal(visited_by(visit, self, NULL), REASON_UNTRUSTED_CHAIN);
    assert_int_equal(visited_by(visit, foreign, NULL), REASON_UNTRUSTED_CHAIN);
    assert_int_equal(visited_by(visit, foreign, fixture->other_root), REASON_UNTRUSTED_CHAIN);
    assert_int_equal(visited_by(visit, expired, fixture->intermediate), REASON_CERTIFICATE_EXPIRED);
    identity_destroy(self);
    identity_destroy(foreign);
    identity_destroy(expired);
}

static void nobody_is_accepted_by_default(void **state)
{
    for_each_visit(state, false, visit_of_strangers);
}

/* ---- fetching ---- */

static int listener_at(char *url, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(listener >= 0 && bind(listener, (struct sockaddr *)&address, length) == 0);
    assert_true(listen(listener, 5) == 0 && fcntl(listener, F_SETFL, O_NONBLOCK) == 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    snprintf(url, size, "http://127.0.0.1:%u/", (unsigned)ntohs(address.sin_port));
    return listener;
}

static char fetched_from[64];

static void visit_with_addresses(const struct visit *visit)
{
    const struct fixture *fixture = visit->fixture;
    struct identity *issuing = identity_create(&(struct identity_order){
        .name = "Issuing", .ca = true, .issuer = fixture->root, .points_at = fetched_from});
    struct identity *leaf = identity_create(&(struct identity_order){
        .name = "edge.fabrikam.example", .issuer = issuing, .points_at = fetched_from});
    assert_int_equal(visited_by(visit, leaf, issuing), REASON_OK);
    assert_int_equal(visited_by(visit, leaf, NULL), REASON_UNTRUSTED_CHAIN);
    identity_destroy(leaf);
    identity_destroy(issuing);
}

/* Told to look at revocation, the library asks the addresses in a certificate by HTTP, for seconds, on our
 * thread, and wherever a peer may point. */
static void a_handshake_fetches_nothing(void **state)
{
    int listener = listener_at(fetched_from, sizeof fetched_from);
    for_each_visit(state, false, visit_with_addresses);
    assert_int_equal(accept(listener, NULL, NULL), -1);
    assert_true(errno == EAGAIN || errno == EWOULDBLOCK);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cloned_root_is_believed_in_no_role),
        cmocka_unit_test(an_intermediate_is_forgotten),
        cmocka_unit_test(an_intermediate_displaces_no_other),
        cmocka_unit_test(nobody_is_accepted_by_default),
        cmocka_unit_test(a_handshake_fetches_nothing),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
