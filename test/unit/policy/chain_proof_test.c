/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A chain that was searched once is searched again, under other anchors or none, without the same arithmetic,
 * and never with another result. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "path_fixture.h"

static size_t checks; /* signatures that were really checked */

bool __real_signature_verify(const struct public_key *key, const struct signature_algorithm *algorithm,
                             struct text message, struct text signature);
bool __wrap_signature_verify(const struct public_key *key, const struct signature_algorithm *algorithm,
                             struct text message, struct text signature);
bool __wrap_signature_verify(const struct public_key *key, const struct signature_algorithm *algorithm,
                             struct text message, struct text signature)
{
    checks++;
    return __real_signature_verify(key, algorithm, message, signature);
}

static enum reason ask(const struct presented_chain *chain, const struct factory_order *anchor, size_t *made)
{
    struct trust_anchors *anchors = factory_anchors(&anchor, anchor == NULL ? 0 : 1);
    checks = 0;
    enum reason reason = search_in(chain, anchors, FACTORY_NOW).reason;
    *made = checks;
    trust_anchors_destroy(anchors);
    return reason;
}

static void what_was_good_is_not_checked_again(void **state)
{
    const struct factory_order *orders[] = {&leaf, &inter};
    struct presented_chain *chain = factory_chain(orders, 2);
    size_t made;
    (void)state;
    assert_int_equal(ask(chain, &root, &made), REASON_OK);
    assert_int_equal(made, 2);
    for (int i = 0; i < 3; i++) { /* the anchor is made anew each time: another object, another signature */
        assert_int_equal(ask(chain, &root, &made), REASON_OK);
        assert_int_equal(made, 0);
    }
    presented_chain_destroy(chain);
}

static void another_key_in_the_same_name_is_refused(void **state)
{
    struct factory_order copy = root;
    const struct factory_order *orders[] = {&leaf, &inter};
    struct presented_chain *chain = factory_chain(orders, 2);
    struct certificate *good = factory_certificate(&root);
    size_t made;
    (void)state;
    copy.key = copy.issuer_key = ATTACKER;
    struct certificate *other = factory_certificate(&copy);
    assert_int_equal(ask(chain, &copy, &made), REASON_UNTRUSTED_CHAIN);
    assert_int_equal(ask(chain, &root, &made), REASON_OK);
    assert_int_equal(ask(chain, &copy, &made), REASON_UNTRUSTED_CHAIN);
    assert_int_equal(ask(chain, NULL, &made), REASON_UNTRUSTED_CHAIN);
    assert_int_equal(ask(chain, &root, &made), REASON_OK);
    assert_true(presented_chain_has_proof(chain, chain->certificate[1], good));
    assert_false(presented_chain_has_proof(chain, chain->certificate[1], other));
    assert_false(presented_chain_has_proof(chain, chain->certificate[0], good));
    assert_false(presented_chain_has_proof(chain, good, good));
    certificate_destroy(good);
    certificate_destroy(other);
    presented_chain_destroy(chain);
}

static void what_was_bad_stays_bad(void **state)
{
    struct factory_order forged = inter;
    (void)state;
    forged.flags = FACTORY_BAD_SIGNATURE;
    const struct factory_order *orders[] = {&leaf, &forged};
    struct presented_chain *chain = factory_chain(orders, 2);
    size_t made;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(chain, &root, &made), REASON_UNTRUSTED_CHAIN);
        assert_true(made > 0);
    }
    presented_chain_destroy(chain);
}

/* All but the signature is asked anew. */
static void time_and_constraints_count_as_before(void **state)
{
    const struct factory_order *orders[] = {&leaf, &inter};
    struct presented_chain *chain = factory_chain(orders, 2);
    const struct factory_order *plain = &root;
    struct factory_order narrow = root;
    size_t made;
    (void)state;
    narrow.permitted = "dns:b.example";
    assert_int_equal(ask(chain, &root, &made), REASON_OK);
    struct trust_anchors *anchors = factory_anchors(&plain, 1);
    assert_int_equal(search_in(chain, anchors, FACTORY_NOW + 400 * (int64_t)FACTORY_DAY).reason,
                     REASON_CERTIFICATE_EXPIRED);
    trust_anchors_destroy(anchors);
    assert_int_equal(ask(chain, &narrow, &made), REASON_NAME_CONSTRAINT_VIOLATED);
    presented_chain_destroy(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_good_is_not_checked_again),
        cmocka_unit_test(another_key_in_the_same_name_is_refused),
        cmocka_unit_test(what_was_bad_stays_bad),
        cmocka_unit_test(time_and_constraints_count_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
