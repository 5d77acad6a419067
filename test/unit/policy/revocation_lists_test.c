/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRLs that are not simply complete and of the issuer: deltas, indirect lists, and lists signed with a key
 * that is on no path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "certificate_factory.h"
#include "policy/revocation.h"

enum { ROOT, CA, LEAF, LISTER, STRANGER };
#define LEAF_SERIAL 0x77u
#define OTHER_SERIAL 0x55u
#define LISTER_SERIAL 0x33u
#define HOLD 6u
#define REMOVE 8u
#define SIGNS_LISTS (CERTIFICATE_KU_KEY_CERT_SIGN | CERTIFICATE_KU_CRL_SIGN)

static const struct factory_order root = {.subject = "Root", .ca = true, .key_usage = SIGNS_LISTS};
static const struct factory_order leaf = {
    .subject = "leaf", .issuer = "Root", .key = LEAF, .issuer_key = ROOT, .serial = LEAF_SERIAL};
static const struct factory_order lister = {.subject = "Lister",
                                            .issuer = "Root",
                                            .key = LISTER,
                                            .issuer_key = ROOT,
                                            .serial = LISTER_SERIAL,
                                            .key_usage = CERTIFICATE_KU_CRL_SIGN};

/* The leaf below the root, and what else was presented; with lists of files. */
struct stage {
    struct factory_order leaf, presented;
    bool given;                       /* `presented` comes with the files instead */
    struct factory_crl_order list[3]; /* up to the first without issuer */
};

static enum reason ask(const struct stage *stage)
{
    const struct factory_order *orders[] = {&stage->leaf, &stage->presented};
    struct presented_chain *chain =
        factory_chain(orders, stage->presented.subject == NULL || stage->given ? 1 : 2);
    struct certificate *top = factory_certificate(&root);
    const struct trust_path path = {.certificate = {chain->certificate[0], top}, .count = 2};
    struct crl_store *store = crl_store_create();
    const struct revocation_terms terms = {.rule = REVOCATION_REQUIRED, .store = store};
    const struct revocation_question question = {.terms = &terms, .chain = chain, .now = FACTORY_NOW};
    const char *why;

    for (size_t i = 0; i < 3 && stage->list[i].issuer != NULL; i++)
        assert_true(crl_store_add(store, factory_crl(&stage->list[i]), &why));
    if (stage->given)
        assert_true(crl_store_add_signer(store, factory_certificate(&stage->presented)));
    enum reason reason = revocation_check(&path, &question, NULL);
    crl_store_destroy(store);
    certificate_destroy(top);
    presented_chain_destroy(chain);
    return reason;
}

/* ---- deltas ---- */

static struct stage with_delta(uint32_t listed, uint32_t in_delta, uint8_t reason)
{
    return (struct stage){
        .leaf = leaf,
        .list = {
            {.issuer = "Root", .number = 5, .serials = {listed}, .entry_reasons = {HOLD}},
            {.issuer = "Root", .number = 9, .base = 5, .serials = {in_delta}, .entry_reasons = {reason}}}};
}

static void a_delta_adds_and_removes(void **state)
{
    struct stage stage = with_delta(OTHER_SERIAL, OTHER_SERIAL, 0);
    (void)state;
    assert_int_equal(ask(&stage), REASON_OK);
    stage = with_delta(OTHER_SERIAL, LEAF_SERIAL, 0);
    assert_int_equal(ask(&stage), REASON_CERTIFICATE_REVOKED);
    stage = with_delta(LEAF_SERIAL, OTHER_SERIAL, 0);
    assert_int_equal(ask(&stage), REASON_CERTIFICATE_REVOKED);
    stage = with_delta(LEAF_SERIAL, LEAF_SERIAL, REMOVE);
    assert_int_equal(ask(&stage), REASON_OK);
}

/* Each of these deltas would take the revocation back if it counted. */
static void a_delta_that_does_not_fit_takes_nothing_back(void **state)
{
    const struct stage removing = with_delta(LEAF_SERIAL, LEAF_SERIAL, REMOVE);
    struct stage stage;
    (void)state;
#define DOES_NOT_COUNT(field, value)                                                                         \
    stage = removing;                                                                                        \
    stage.list[1].field = value;                                                                             \
    assert_int_equal(ask(&stage), REASON_CERTIFICATE_REVOKED)
    DOES_NOT_COUNT(base, 6);                               /* of a later list */
    DOES_NOT_COUNT(number, 5);                             /* no newer than the list itself */
    DOES_NOT_COUNT(next_update, FACTORY_NOW - 1);          /* ended */
    DOES_NOT_COUNT(this_update, FACTORY_NOW + 60);         /* not in force yet */
    DOES_NOT_COUNT(issuer_key, STRANGER);                  /* forged */
    DOES_NOT_COUNT(only_users, true);                      /* another scope */
    DOES_NOT_COUNT(point, "http://crl.example/elsewhere"); /* another point */
    DOES_NOT_COUNT(reasons, 0x2);                          /* some reasons */
    DOES_NOT_COUNT(indirect, true);
#undef DOES_NOT_COUNT
    stage = removing; /* in a complete list it takes nothing back either */
    stage.list[1].base = 0;
    assert_int_equal(ask(&stage), REASON_CERTIFICATE_REVOKED);
}

static void the_newest_delta_counts(void **state)
{
    struct stage stage = with_delta(LEAF_SERIAL, LEAF_SERIAL, REMOVE);
    (void)state;
    stage.list[2] = stage.list[1];
    stage.list[2].number = 12;
    stage.list[2].entry_reasons[0] = HOLD;
    assert_int_equal(ask(&stage), REASON_CERTIFICATE_REVOKED);
    stage.list[2].number = 7;
    assert_int_equal(ask(&stage), REASON_OK);
    /* A later complete list knows better than an earlier delta. */
    stage = with_delta(OTHER_SERIAL, LEAF_SERIAL, 0);
    stage.list[2] = (struct factory_crl_order){.issuer = "Root", .number = 10};
    assert_int_equal(ask(&stage), REASON_OK);
}

static void a_delta_alone_proves_nothing_but_revokes(void **state)
{
    struct stage stage = {.leaf = leaf, .list = {{.issuer = "Root", .number = 9, .base = 5}}};
    (void)state;
    assert_int_equal(ask(&stage), REASON_REVOCATION_UNKNOWN);
    stage.list[0].serials[0] = LEAF_SERIAL;
    assert_int_equal(ask(&stage), REASON_CERTIFICATE_REVOKED);
    stage.list[0].entry_reasons[0] = REMOVE;
    assert_int_equal(ask(&stage), REASON_REVOCATION_UNKNOWN);
}

static void a_delta_keeps_its_list_in_force(void **state)
{
    struct stage stage = with_delta(OTHER_SERIAL, OTHER_SERIAL, 0);
    (void)state;
    stage.list[0].this_update = FACTORY_NOW - 9 * FACTORY_DAY;
    stage.list[0].next_update = FACTORY_NOW - FACTORY_DAY;
    assert_int_equal(ask(&stage), REASON_OK);
    stage.list[1].base = 6;
    assert_int_equal(ask(&stage), REASON_REVOCATION_UNKNOWN);
    stage.list[1].base = 5;
    stage.list[1].next_update = FACTORY_NOW - 1;
    assert_int_equal(ask(&stage), REASON_REVOCATION_UNKNOWN);
}

/* ---- indirect lists ---- */

static struct stage with_lister(void)
{
    struct stage stage = {.leaf = leaf,
                          .presented = lister,
                          .list = {{.issuer = "Lister", .issuer_key = LISTER, .number = 1, .indirect = true},
                                   {.issuer = "Root", .number = 1}}};
    stage.leaf.crl_issuer = "Lister";
    stage.leaf.point = "http://crl.example/a";
    stage.list[0].serials[0] = OTHER_SERIAL;
    return stage;
}

static void an_indirect_list_names_issuers(void **state)
{
    struct stage stage = {.leaf = leaf, .list = {{.issuer = "Root", .number = 1, .indirect = true}}};
    struct factory_crl_order *list = &stage.list[0];
    (void)state;
    assert_int_equal(ask(&stage), REASON_OK);
    list->serials[0] = LEAF_SERIAL;
    assert_int_equal(ask(&stage), REASON_CERTIFICATE_REVOKED);
    list->entry_issuers[0] = "Another";
    assert_int_equal(ask(&stage), REASON_OK);
    list->serials[0] = OTHER_SERIAL; /* what is said of the issuer stays for those that follow */
    list->serials[1] = LEAF_SERIAL;
    assert_int_equal(ask(&stage), REASON_OK);
    list->entry_issuers[1] = "Root";
    assert_int_equal(ask(&stage), REASON_CERTIFICATE_REVOKED);
}

static void a_list_of_another_counts_where_the_certificate_says_so(void **state)
{
    struct stage stage = with_lister();
    (void)state;
    stage.list[1] = (struct factory_crl_order){.issuer = NULL};
    assert_int_equal(ask(&stage), REASON_REVOCATION_UNKNOWN); /* is he revoked himself? */
    stage = with_lister();
    assert_int_equal(ask(&stage), REASON_OK);
    stage.list[0].serials[1] = LEAF_SERIAL;
    assert_int_equal(ask(&stage), REASON_OK); /* of one that he issued */
    stage.list[0].entry_issuers[0] = "Root";
    assert_int_equal(ask(&stage), REASON_CERTIFICATE_REVOKED);
}

/* removeFromCRL has no meaning in a complete list (RFC 5280 5.3.1): what such a list names is revoked. */
static void a_complete_list_takes_nothing_back(void **state)
{
    struct stage stage = {
        .leaf = leaf,
        .list = {{.issuer = "Root", .number = 1, .serials = {LEAF_SERIAL}, .entry_reasons = {REMOVE}}}};
    (void)state;
    assert_int_equal(ask(&stage), REASON_CERTIFICATE_REVOKED);
    stage = with_lister();
    stage.list[0].serials[0] = LEAF_SERIAL;
    stage.list[0].entry_issuers[0] = "Root";
    stage.list[0].entry_reasons[0] = REMOVE;
    assert_int_equal(ask(&stage), REASON_CERTIFICATE_REVOKED);
}

/* Root's own list speaks of none but the lister: all depends on whether the lister is believed. */
static enum reason without_roots_word(struct stage stage)
{
    stage.list[1].point = "http://crl.example/lister";
    stage.presented.point = "http://crl.example/lister";
    return ask(&stage);
}

static void who_may_not_list_is_not_believed(void **state)
{
    struct stage stage = with_lister();
    (void)state;
    assert_int_equal(without_roots_word(stage), REASON_OK);
    stage.given = true;
    assert_int_equal(without_roots_word(stage), REASON_OK);
    stage.presented.issuer_key = STRANGER;
    assert_int_equal(without_roots_word(stage), REASON_REVOCATION_UNKNOWN);
#define NOT_BELIEVED(change)                                                                                 \
    stage = with_lister();                                                                                   \
    change;                                                                                                  \
    assert_int_equal(without_roots_word(stage), REASON_REVOCATION_UNKNOWN)
    NOT_BELIEVED(stage.presented.subject = NULL);
    NOT_BELIEVED(stage.presented.key_usage = CERTIFICATE_KU_DIGITAL_SIGNATURE);
    NOT_BELIEVED(stage.presented.issuer_key = STRANGER);
    NOT_BELIEVED(stage.presented.issuer = "Stranger");
    NOT_BELIEVED(stage.presented.key = STRANGER);
    NOT_BELIEVED(stage.presented.not_before = FACTORY_NOW - 9 * FACTORY_DAY;
                 stage.presented.not_after = FACTORY_NOW - 1);
    NOT_BELIEVED(stage.presented.flags = FACTORY_UNKNOWN_CRITICAL);
    NOT_BELIEVED(stage.list[1].serials[0] = LISTER_SERIAL); /* revoked */
    NOT_BELIEVED(stage.list[0].indirect = false);
    NOT_BELIEVED(stage.leaf.crl_issuer = "Somebody");
    NOT_BELIEVED(stage.leaf.crl_issuer = NULL);
    NOT_BELIEVED(stage.list[0].point = "http://crl.example/b");
#undef NOT_BELIEVED
}

static void the_leaf_signs_no_list_about_itself(void **state)
{
    struct stage stage = with_lister();
    (void)state;
    stage.leaf.subject = "Lister";
    stage.leaf.key = LISTER;
    stage.leaf.key_usage = CERTIFICATE_KU_CRL_SIGN;
    stage.presented.subject = NULL;
    assert_int_equal(without_roots_word(stage), REASON_REVOCATION_UNKNOWN);
}

/* ---- another key of the same CA ---- */

static void another_key_of_the_ca_signs_where_the_anchor_vouches_for_it(void **state)
{
    struct stage stage = with_lister();
    (void)state;
    stage.presented.subject = "Root"; /* self-issued */
    stage.leaf.crl_issuer = NULL;
    stage.list[0] = (struct factory_crl_order){.issuer = "Root", .issuer_key = LISTER, .number = 3};
    assert_int_equal(without_roots_word(stage), REASON_OK);
    stage.list[0].serials[0] = LEAF_SERIAL;
    assert_int_equal(without_roots_word(stage), REASON_CERTIFICATE_REVOKED);
    stage.list[0].serials[0] = LISTER_SERIAL; /* himself */
    assert_int_equal(without_roots_word(stage), REASON_REVOCATION_UNKNOWN);
    stage.list[0].serials[0] = 0;
    stage.list[1].serials[0] = LISTER_SERIAL;
    assert_int_equal(without_roots_word(stage), REASON_REVOCATION_UNKNOWN);
    stage.list[1].serials[0] = 0;
    stage.presented.issuer_key = STRANGER;
    assert_int_equal(without_roots_word(stage), REASON_REVOCATION_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delta_adds_and_removes),
        cmocka_unit_test(a_delta_that_does_not_fit_takes_nothing_back),
        cmocka_unit_test(the_newest_delta_counts),
        cmocka_unit_test(a_delta_alone_proves_nothing_but_revokes),
        cmocka_unit_test(a_delta_keeps_its_list_in_force),
        cmocka_unit_test(an_indirect_list_names_issuers),
        cmocka_unit_test(a_complete_list_takes_nothing_back),
        cmocka_unit_test(a_list_of_another_counts_where_the_certificate_says_so),
        cmocka_unit_test(who_may_not_list_is_not_believed),
        cmocka_unit_test(the_leaf_signs_no_list_about_itself),
        cmocka_unit_test(another_key_of_the_ca_signs_where_the_anchor_vouches_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
