/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths that hold, and what attackers present instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "path_fixture.h"

/* ---- paths that hold ---- */

static void a_sound_chain_holds(void **state)
{
    const struct factory_order *orders[] = {&leaf, &inter};
    (void)state;
    struct outcome outcome = search_with(&root, orders, 2);
    assert_int_equal(outcome.reason, REASON_OK);
    assert_int_equal(outcome.paths, 1);
    assert_int_equal(outcome.first.count, 3);
    assert_int_equal(outcome.first.extended_key_usage, CERTIFICATE_EKU_SERVER | CERTIFICATE_EKU_CLIENT);
    assert_true(outcome.first.valid_until == FACTORY_NOW + 365 * (int64_t)FACTORY_DAY);
}

static void order_junk_and_duplicates_do_not_matter(void **state)
{
    struct factory_order junk = {.subject = "Junk", .key = THIRD, .issuer_key = THIRD, .ca = true};
    const struct factory_order *orders[] = {&leaf, &junk, &root, &leaf, &inter, &inter};
    (void)state;
    struct outcome outcome = search_with(&root, orders, 6);
    assert_int_equal(outcome.reason, REASON_OK);
}

static void the_root_may_sign_the_leaf(void **state)
{
    struct factory_order direct = leaf;
    (void)state;
    direct.issuer = "Root";
    direct.issuer_key = ROOT;
    assert_int_equal(judge(&root, NULL, &direct), REASON_OK);
}

static void an_expired_twin_of_the_issuer_is_passed_over(void **state)
{
    struct factory_order old = inter;
    (void)state;
    old.not_before = FACTORY_NOW - 100 * FACTORY_DAY;
    old.not_after = FACTORY_NOW - FACTORY_DAY;
    const struct factory_order *orders[] = {&leaf, &old, &inter};
    assert_int_equal(search_with(&root, orders, 3).reason, REASON_OK);
}

static void a_rekeyed_twin_of_the_issuer_is_passed_over(void **state)
{
    /* The same name, another key, and no key identifiers that would tell: the signature does. */
    struct factory_order twin = inter;
    (void)state;
    twin.key = SECOND;
    const struct factory_order *orders[] = {&leaf, &twin, &inter};
    assert_int_equal(search_with(&root, orders, 3).reason, REASON_OK);
}

static void a_loop_of_cross_signed_authorities_ends(void **state)
{
    const struct factory_order a = {.subject = "A", .issuer = "B", .key = 8, .issuer_key = 9, .ca = true};
    const struct factory_order b = {.subject = "B", .issuer = "A", .key = 9, .issuer_key = 8, .ca = true};
    const struct factory_order b_by_root = {
        .subject = "B", .issuer = "Root", .key = 9, .issuer_key = ROOT, .ca = true};
    struct factory_order end = leaf;
    (void)state;
    end.issuer = "A";
    end.issuer_key = 8;
    const struct factory_order *orders[] = {&end, &a, &b, &b_by_root};
    assert_int_equal(search_with(&root, orders, 3).reason, REASON_UNTRUSTED_CHAIN);
    struct outcome outcome = search_with(&root, orders, 4);
    assert_int_equal(outcome.reason, REASON_OK);
    assert_int_equal(outcome.paths, 1); /* no CA is passed twice */
}

static void a_cross_signed_chain_reaches_every_anchor(void **state)
{
    const struct factory_order other = {
        .subject = "Other", .key = OTHER_ROOT, .issuer_key = OTHER_ROOT, .ca = true, .key_usage = SIGNS};
    struct factory_order cross = inter;
    cross.issuer = "Other";
    cross.issuer_key = OTHER_ROOT;
    const struct factory_order *anchors[] = {&root, &other}, *orders[] = {&leaf, &inter, &cross};
    struct trust_anchors *set = factory_anchors(anchors, 2);
    struct presented_chain *chain = factory_chain(orders, 3);

    (void)state;
    struct outcome outcome = search_in(chain, set, FACTORY_NOW);
    assert_int_equal(outcome.reason, REASON_OK);
    assert_int_equal(outcome.paths, 2);
    assert_ptr_not_equal(outcome.first.anchor, outcome.last.anchor);
    presented_chain_destroy(chain);
    trust_anchors_destroy(set);
}

static void an_intermediate_may_be_an_anchor(void **state)
{
    (void)state;
    assert_int_equal(judge(&inter, NULL, &leaf), REASON_OK);
    assert_int_equal(judge(&inter, &inter, &leaf), REASON_OK); /* presented as well */
}

static bool refuse_all(void *context, const struct trust_anchor *anchor)
{
    (void)context;
    (void)anchor;
    return false;
}

static void an_anchor_that_is_not_wanted_ends_no_path(void **state)
{
    const struct factory_order *orders[] = {&leaf, &inter}, *roots[] = {&root};
    struct trust_anchors *anchors = factory_anchors(roots, 1);
    struct presented_chain *chain = factory_chain(orders, 2);
    struct outcome outcome = {0};
    struct trust_search search = {.chain = chain,
                                  .anchors = anchors,
                                  .now = FACTORY_NOW,
                                  .accepts = refuse_all,
                                  .found = keep_path,
                                  .context = &outcome};
    (void)state;
    assert_int_equal(trust_path_search(&search), REASON_UNTRUSTED_CHAIN);
    presented_chain_destroy(chain);
    trust_anchors_destroy(anchors);
}

/* ---- forgeries ---- */

static void a_copy_of_the_root_with_another_key_is_nothing(void **state)
{
    /* The same name, serial and key identifiers as the root's, the attacker's key. */
    struct factory_order clone = root, end = leaf;
    (void)state;
    clone.key = ATTACKER;
    clone.issuer_key = ATTACKER;
    end.issuer = "Root";
    end.issuer_key = ATTACKER;
    assert_int_equal(judge(&root, NULL, &end), REASON_UNTRUSTED_CHAIN);
    assert_int_equal(judge(&root, &clone, &end), REASON_UNTRUSTED_CHAIN);
    end.flags = FACTORY_NO_AUTHORITY_KEY_ID;
    clone.flags = FACTORY_NO_AUTHORITY_KEY_ID | FACTORY_NO_SUBJECT_KEY_ID;
    assert_int_not_equal(judge(&root, &clone, &end), REASON_OK);
}

static void the_true_root_with_its_key_swapped_is_nothing(void **state)
{
    /* The true root's octets with the attacker's key written over its own: signature and all the rest are
     * genuine. */
    const struct factory_order *roots[] = {&root};
    struct trust_anchors *anchors = factory_anchors(roots, 1);
    struct text genuine = trust_anchors_at(anchors, 0)->certificate->der;
    struct text key = trust_anchors_at(anchors, 0)->certificate->public_key;
    struct certificate *attacker = factory_certificate(
        &(struct factory_order){.subject = "x", .key = ATTACKER, .issuer_key = ATTACKER, .ca = true});
    struct factory_order end = leaf;
    char *clone = text_copy(genuine);

    (void)state;
    assert_non_null(clone);
    assert_int_equal(key.length, attacker->public_key.length);
    memcpy(clone + (key.at - genuine.at), attacker->public_key.at, key.length);
    end.issuer = "Root";
    end.issuer_key = ATTACKER;
    struct text ders[2] = {factory_der(&end), {clone, genuine.length}};
    struct presented_chain *chain = presented_chain_read(ders, 2);
    assert_int_equal(search_in(chain, anchors, FACTORY_NOW).reason, REASON_UNTRUSTED_CHAIN);
    presented_chain_destroy(chain);
    /* And presented as the leaf itself. */
    chain = presented_chain_read(&ders[1], 1);
    assert_int_not_equal(search_in(chain, anchors, FACTORY_NOW).reason, REASON_OK);
    presented_chain_destroy(chain);
    free((char *)ders[0].at);
    free(clone);
    certificate_destroy(attacker);
    trust_anchors_destroy(anchors);
}

static void an_attackers_own_authority_is_nothing(void **state)
{
    struct factory_order own = inter, end = leaf;
    (void)state;
    own.issuer_key = ATTACKER;
    own.key = ATTACKER;
    end.issuer_key = ATTACKER;
    assert_int_equal(judge(&root, &own, &end), REASON_UNTRUSTED_CHAIN);
    own = (struct factory_order){
        .subject = "Own", .key = ATTACKER, .issuer_key = ATTACKER, .ca = true, .key_usage = SIGNS};
    end.issuer = "Own";
    assert_int_equal(judge(&root, &own, &end), REASON_UNTRUSTED_CHAIN);
}

static void spoilt_signatures_break_the_path(void **state)
{
    struct factory_order bad_leaf = changed(&leaf, FACTORY_BAD_SIGNATURE);
    struct factory_order bad_inter = changed(&inter, FACTORY_BAD_SIGNATURE);
    struct factory_order bad_root = changed(&root, FACTORY_BAD_SIGNATURE);
    (void)state;
    assert_int_equal(judge(&root, &inter, &bad_leaf), REASON_UNTRUSTED_CHAIN);
    assert_int_equal(judge(&root, &bad_inter, &leaf), REASON_UNTRUSTED_CHAIN);
    assert_int_equal(judge(&bad_root, &inter, &leaf), REASON_OK); /* an anchor's own is of no concern */
}

static void a_leaf_issues_nothing(void **state)
{
    struct factory_order owner = leaf, end = leaf;
    (void)state;
    owner.subject = "Owner";
    end.issuer = "Owner";
    end.issuer_key = LEAF;
    end.key = ATTACKER_LEAF;
    const struct factory_order *orders[] = {&end, &owner, &inter};
    assert_int_equal(search_with(&root, orders, 3).reason, REASON_WRONG_KEY_USAGE);
    owner.key_usage = 0;
    assert_int_equal(search_with(&root, orders, 3).reason, REASON_WRONG_KEY_USAGE);
}

static void a_leaf_that_is_an_anchor_is_vouched_for_by_no_one(void **state)
{
    struct factory_order self = {
        .subject = "Self", .key = ROOT, .issuer_key = ROOT, .ca = true, .names = "dns:a.example"};
    (void)state;
    assert_int_equal(judge(&self, NULL, &self), REASON_UNTRUSTED_CHAIN);
}

/* ---- bounds ---- */

static void hostile_chains_cost_no_more_than_the_budgets(void **state)
{
    static const char *const names[] = {"Root", "Stranger"};
    struct factory_order order[16];
    const struct factory_order *orders[16];

    (void)state;
    /* Sixteen of one name, each with its own key and without identifiers that tell them apart: every order of
     * them is a path by name, and with the root's name each of them needs a signature check to be refused. */
    for (size_t which = 0; which < 2; which++) {
        for (int i = 0; i < 16; i++) {
            order[i] = (struct factory_order){.subject = names[which],
                                              .issuer = names[which],
                                              .key = 8 + i,
                                              .issuer_key = ATTACKER,
                                              .ca = i > 0,
                                              .flags = FACTORY_NO_AUTHORITY_KEY_ID};
            orders[i] = &order[i];
        }
        struct outcome outcome = search_with(&root, orders, 16);
        assert_int_equal(outcome.reason, REASON_UNTRUSTED_CHAIN);
        assert_true(outcome.broken > 0 && outcome.broken <= TRUST_PATH_STEP_BUDGET);
    }
}

static void an_empty_chain_is_refused(void **state)
{
    const struct factory_order *roots[] = {&root};
    struct trust_anchors *anchors = factory_anchors(roots, 1), *none = trust_anchors_create();
    struct presented_chain *chain = presented_chain_read(NULL, 0);

    (void)state;
    assert_int_equal(search_in(chain, anchors, FACTORY_NOW).reason, REASON_NO_CERTIFICATE);
    presented_chain_destroy(chain);
    chain = presented_chain_read(&TEXT("junk"), 1);
    assert_int_equal(search_in(chain, anchors, FACTORY_NOW).reason, REASON_MALFORMED_CERTIFICATE);
    presented_chain_destroy(chain);
    const struct factory_order *orders[] = {&leaf, &inter};
    chain = factory_chain(orders, 2);
    assert_int_equal(search_in(chain, none, FACTORY_NOW).reason, REASON_UNTRUSTED_CHAIN);
    presented_chain_destroy(chain);
    trust_anchors_destroy(anchors);
    trust_anchors_destroy(none);
}

/* Whatever bit of a certificate is turned over, the path breaks. */
static void no_bit_may_change(void **state)
{
    const struct factory_order *roots[] = {&root};
    struct trust_anchors *anchors = factory_anchors(roots, 1);
    struct text ders[2] = {factory_der(&leaf), factory_der(&inter)};

    (void)state;
    for (size_t which = 0; which < 2; which++) {
        char *octets = (char *)ders[which].at;
        for (size_t bit = 0; bit < ders[which].length * 8; bit++) {
            octets[bit / 8] = (char)(octets[bit / 8] ^ (1 << (bit % 8)));
            struct presented_chain *chain = presented_chain_read(ders, 2);
            assert_non_null(chain);
            assert_int_not_equal(search_in(chain, anchors, FACTORY_NOW).reason, REASON_OK);
            presented_chain_destroy(chain);
            octets[bit / 8] = (char)(octets[bit / 8] ^ (1 << (bit % 8)));
        }
    }
    struct presented_chain *chain = presented_chain_read(ders, 2);
    assert_int_equal(search_in(chain, anchors, FACTORY_NOW).reason, REASON_OK);
    presented_chain_destroy(chain);
    free((char *)ders[0].at);
    free((char *)ders[1].at);
    trust_anchors_destroy(anchors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_chain_holds),
        cmocka_unit_test(order_junk_and_duplicates_do_not_matter),
        cmocka_unit_test(the_root_may_sign_the_leaf),
        cmocka_unit_test(an_expired_twin_of_the_issuer_is_passed_over),
        cmocka_unit_test(a_rekeyed_twin_of_the_issuer_is_passed_over),
        cmocka_unit_test(a_loop_of_cross_signed_authorities_ends),
        cmocka_unit_test(a_cross_signed_chain_reaches_every_anchor),
        cmocka_unit_test(an_intermediate_may_be_an_anchor),
        cmocka_unit_test(an_anchor_that_is_not_wanted_ends_no_path),
        cmocka_unit_test(a_copy_of_the_root_with_another_key_is_nothing),
        cmocka_unit_test(the_true_root_with_its_key_swapped_is_nothing),
        cmocka_unit_test(an_attackers_own_authority_is_nothing),
        cmocka_unit_test(spoilt_signatures_break_the_path),
        cmocka_unit_test(a_leaf_issues_nothing),
        cmocka_unit_test(a_leaf_that_is_an_anchor_is_vouched_for_by_no_one),
        cmocka_unit_test(hostile_chains_cost_no_more_than_the_budgets),
        cmocka_unit_test(an_empty_chain_is_refused),
        cmocka_unit_test(no_bit_may_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
