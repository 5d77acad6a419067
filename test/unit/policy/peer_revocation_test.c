/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A CRL is asked at the handshake and when one ends, not with each message: counted by wrapping
 * revocation_check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "cases_world.h"
#include "certificate_factory.h"

static unsigned asked;

enum reason __real_revocation_check(const struct trust_path *path, const struct revocation_question *question,
                                    struct revocation_finding *finding);
enum reason __wrap_revocation_check(const struct trust_path *path, const struct revocation_question *question,
                                    struct revocation_finding *finding);

enum reason __wrap_revocation_check(const struct trust_path *path, const struct revocation_question *question,
                                    struct revocation_finding *finding)
{
    asked++;
    return __real_revocation_check(path, question, finding);
}

struct stage {
    struct world world;
    struct presented_chain *chain;
    struct peer peer;
};

static void begin(struct stage *stage, const char *options, const char *certificate)
{
    char copy[200], words[200];

    asked = 0;
    stage->peer = (struct peer){0};
    snprintf(copy, sizeof(copy), "%s", options);
    snprintf(words, sizeof(words), "%s", certificate);
    world_create(&stage->world, copy);
    stage->chain = world_chain(words);
    struct peer_verdict verdict =
        peer_judge_inbound(&stage->world.policy, stage->chain, FACTORY_NOW, NULL, NULL, &stage->peer);
    assert_int_equal(verdict.reason, REASON_OK);
}

static void end(struct stage *stage)
{
    presented_chain_destroy(stage->chain);
    world_destroy(&stage->world);
}

static enum reason speaks_at(struct stage *stage, int64_t now)
{
    struct speak_result speak =
        peer_may_speak_for(&stage->peer, stage->world.fabrikam, TEXT("fabrikam.example"), NULL, now, NULL);
    return speak.reason;
}

static void messages_do_not_ask_again(void **state)
{
    (void)state;
    struct stage stage;

    begin(&stage, "crl:fab revocation:required", "fab dns:fabrikam.example");
    assert_int_equal(asked, 1);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(speaks_at(&stage, FACTORY_NOW + i), REASON_OK);
    assert_int_equal(asked, 1);
    end(&stage);
}

/* The end is asked for once, whatever comes after it. */
static void the_end_of_a_crl_is_noticed_once(void **state)
{
    (void)state;
    struct stage stage;

    begin(&stage, "crl:fab revocation:required", "fab dns:fabrikam.example");
    assert_int_equal(speaks_at(&stage, FACTORY_NOW + FACTORY_DAY), REASON_OK);
    assert_false(peer_revocation_is_stale(&stage.peer, FACTORY_NOW + FACTORY_DAY));
    assert_true(peer_revocation_is_stale(&stage.peer, FACTORY_NOW + FACTORY_DAY + 1));
    for (unsigned i = 1; i < 100; i++)
        assert_int_equal(speaks_at(&stage, FACTORY_NOW + FACTORY_DAY + i), REASON_REVOCATION_UNKNOWN);
    assert_int_equal(asked, 2);
    end(&stage);
}

static void the_begin_of_a_crl_is_noticed(void **state)
{
    (void)state;
    struct stage stage;

    begin(&stage, "crl:fab crl:fab-future=leaf", "fab dns:fabrikam.example");
    assert_int_equal(speaks_at(&stage, FACTORY_NOW + FACTORY_DAY - 1), REASON_OK);
    assert_int_equal(asked, 1);
    assert_true(peer_revocation_is_stale(&stage.peer, FACTORY_NOW + FACTORY_DAY));
    assert_int_equal(speaks_at(&stage, FACTORY_NOW + FACTORY_DAY), REASON_CERTIFICATE_REVOKED);
    assert_int_equal(asked, 2);
    end(&stage);
}

static void without_crls_nothing_grows_stale(void **state)
{
    (void)state;
    struct stage stage;

    begin(&stage, "", "fab dns:fabrikam.example");
    assert_int_equal(speaks_at(&stage, FACTORY_NOW + 300 * (int64_t)FACTORY_DAY), REASON_OK);
    assert_false(peer_revocation_is_stale(&stage.peer, FACTORY_NOW + 300 * (int64_t)FACTORY_DAY));
    assert_int_equal(asked, 1);
    end(&stage);
}

static void off_asks_nothing(void **state)
{
    (void)state;
    struct stage stage;

    begin(&stage, "revocation:off crl:fab=leaf", "fab dns:fabrikam.example");
    assert_int_equal(speaks_at(&stage, FACTORY_NOW), REASON_OK);
    assert_int_equal(asked, 0);
    end(&stage);
}

/* One certificate may speak for more partners than are remembered: the answers stay right. */
static void more_stores_than_places(void **state)
{
    (void)state;
    struct stage stage;
    struct partner partner[3 * PEER_REVOCATIONS_MOST];

    begin(&stage, "", "fab dns:fabrikam.example");
    for (unsigned i = 0; i < 3 * PEER_REVOCATIONS_MOST; i++) {
        const char *why;
        partner[i] = *stage.world.fabrikam;
        partner[i].crl_store = crl_store_create();
        uint32_t listed = i % 3 == 0 ? 77 : 1; /* the leaf of world_chain */
        struct factory_crl_order order = {
            .issuer = "Fabrikam Root", .issuer_key = 0, .number = 1, .serials = {listed}};
        assert_true(crl_store_add(partner[i].crl_store, factory_crl(&order), &why));
    }
    for (unsigned i = 0; i < 6 * PEER_REVOCATIONS_MOST; i++) {
        unsigned j = i * 7 % (3 * PEER_REVOCATIONS_MOST);
        struct speak_result speak =
            peer_may_speak_for(&stage.peer, &partner[j], TEXT("fabrikam.example"), NULL, FACTORY_NOW, NULL);
        assert_int_equal(speak.reason, j % 3 == 0 ? REASON_CERTIFICATE_REVOKED : REASON_OK);
    }
    for (unsigned i = 0; i < 3 * PEER_REVOCATIONS_MOST; i++)
        crl_store_destroy(partner[i].crl_store);
    end(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_do_not_ask_again),
        cmocka_unit_test(the_end_of_a_crl_is_noticed_once),
        cmocka_unit_test(the_begin_of_a_crl_is_noticed),
        cmocka_unit_test(without_crls_nothing_grows_stale),
        cmocka_unit_test(off_asks_nothing),
        cmocka_unit_test(more_stores_than_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
