/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways for a certificate to be revoked, not revoked, or unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "certificate_factory.h"
#include "policy/revocation.h"

enum { ROOT, INTER, LEAF, OTHER };
#define LEAF_SERIAL 0x77u
#define INTER_SERIAL 0x66u
#define CA_USAGE (CERTIFICATE_KU_KEY_CERT_SIGN | CERTIFICATE_KU_CRL_SIGN)

static const struct factory_crl_order root_crl = {.issuer = "Root", .issuer_key = ROOT, .number = 1};
static const struct factory_crl_order inter_crl = {.issuer = "Inter", .issuer_key = INTER, .number = 5};

/* leaf, Inter, Root */
struct fixture {
    struct factory_order order[3];
    struct certificate *certificate[3];
    struct trust_path path;
    struct crl_store *store;
};

static void fixture_begin(struct fixture *fixture)
{
    fixture->order[0] = (struct factory_order){
        .subject = "leaf", .issuer = "Inter", .key = LEAF, .issuer_key = INTER, .serial = LEAF_SERIAL};
    fixture->order[1] = (struct factory_order){.subject = "Inter",
                                               .issuer = "Root",
                                               .key = INTER,
                                               .issuer_key = ROOT,
                                               .serial = INTER_SERIAL,
                                               .ca = true,
                                               .key_usage = CA_USAGE};
    fixture->order[2] = (struct factory_order){
        .subject = "Root", .key = ROOT, .issuer_key = ROOT, .ca = true, .key_usage = CA_USAGE};
    memset(&fixture->path, 0, sizeof(fixture->path));
    fixture->store = crl_store_create();
    assert_non_null(fixture->store);
}

static void fixture_make_path(struct fixture *fixture)
{
    for (size_t i = 0; i < 3; i++) {
        fixture->certificate[i] = factory_certificate(&fixture->order[i]);
        fixture->path.certificate[i] = fixture->certificate[i];
    }
    fixture->path.count = 3;
}

static void fixture_add(struct fixture *fixture, const struct factory_crl_order *order)
{
    const char *why;
    assert_true(crl_store_add(fixture->store, factory_crl(order), &why));
}

static enum reason check(const struct trust_path *path, const struct crl_store *store,
                         enum revocation_rule rule, struct revocation_finding *finding)
{
    const struct revocation_terms terms = {.rule = rule, .store = store};
    const struct revocation_question question = {.terms = &terms, .now = FACTORY_NOW};
    return revocation_check(path, &question, finding);
}

static enum reason fixture_check(struct fixture *fixture, enum revocation_rule rule)
{
    struct revocation_finding finding;
    if (fixture->path.count == 0)
        fixture_make_path(fixture);
    enum reason reason = check(&fixture->path, fixture->store, rule, &finding);
    if (rule == REVOCATION_REQUIRED)
        assert_int_equal(reason == REASON_OK, finding.certificate == NULL);
    assert_true(reason == REASON_OK || finding.certificate != NULL);
    assert_int_equal(finding.why == NULL, finding.certificate == NULL);
    assert_int_equal(check(&fixture->path, fixture->store, rule, NULL), reason);
    return reason;
}

static void fixture_end(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->path.count; i++)
        certificate_destroy(fixture->certificate[i]);
    crl_store_destroy(fixture->store);
}

/* With both CRLs as given: what rule required says. */
static enum reason required_with(const struct factory_crl_order *of_root,
                                 const struct factory_crl_order *of_inter)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    if (of_root != NULL)
        fixture_add(&fixture, of_root);
    if (of_inter != NULL)
        fixture_add(&fixture, of_inter);
    enum reason reason = fixture_check(&fixture, REVOCATION_REQUIRED);
    enum reason soft = fixture_check(&fixture, REVOCATION_IF_AVAILABLE);
    /* What is only unknown passes where CRLs are wanted if available; off looks at nothing. */
    assert_int_equal(soft, reason == REASON_REVOCATION_UNKNOWN ? REASON_OK : reason);
    assert_int_equal(fixture_check(&fixture, REVOCATION_OFF), REASON_OK);
    fixture_end(&fixture);
    return reason;
}

/* ---- the check ---- */

static void what_no_list_names_is_good(void **state)
{
    struct factory_crl_order others = inter_crl;
    (void)state;
    others.serials[0] = LEAF_SERIAL + 1;
    assert_int_equal(required_with(&root_crl, &others), REASON_OK);
}

static void every_certificate_but_the_anchor_is_looked_at(void **state)
{
    struct factory_crl_order of_root = root_crl, of_inter = inter_crl;

    (void)state;
    of_inter.serials[0] = LEAF_SERIAL;
    assert_int_equal(required_with(&root_crl, &of_inter), REASON_CERTIFICATE_REVOKED);
    of_root.serials[0] = INTER_SERIAL;
    assert_int_equal(required_with(&of_root, &inter_crl), REASON_CERTIFICATE_REVOKED);
    assert_int_equal(required_with(&of_root, NULL), REASON_CERTIFICATE_REVOKED); /* worse than unknown */
    assert_int_equal(required_with(NULL, &inter_crl), REASON_REVOCATION_UNKNOWN);
    assert_int_equal(required_with(&root_crl, NULL), REASON_REVOCATION_UNKNOWN);
    assert_int_equal(required_with(NULL, NULL), REASON_REVOCATION_UNKNOWN);
}

static void lists_of_others_are_not_believed(void **state)
{
    struct factory_crl_order list = inter_crl;

    (void)state;
    list.serials[0] = LEAF_SERIAL;
    list.issuer = "Root"; /* another CA's list may name the same number */
    list.issuer_key = ROOT;
    assert_int_equal(required_with(&list, &inter_crl), REASON_OK);
    list.issuer = "Inter";
    list.issuer_key = OTHER;
    assert_int_equal(required_with(&root_crl, &list), REASON_REVOCATION_UNKNOWN);
    list.issuer_key = ROOT;
    assert_int_equal(required_with(&root_crl, &list), REASON_REVOCATION_UNKNOWN);
    list.issuer_key = INTER;
    list.bad_signature = true;
    assert_int_equal(required_with(&root_crl, &list), REASON_REVOCATION_UNKNOWN);
}

/* A leaf that bears its issuer's name signs a list with its own key. */
static void no_certificate_speaks_for_itself(void **state)
{
    struct factory_crl_order own = inter_crl;
    struct fixture fixture;

    (void)state;
    fixture_begin(&fixture);
    fixture.order[0].subject = "Inter";
    own.issuer_key = LEAF;
    fixture_add(&fixture, &root_crl);
    fixture_add(&fixture, &own);
    assert_int_equal(fixture_check(&fixture, REVOCATION_REQUIRED), REASON_REVOCATION_UNKNOWN);
    fixture_end(&fixture);
}

static void a_ca_without_crl_sign_revokes_nothing(void **state)
{
    struct fixture fixture;
    (void)state;
    fixture_begin(&fixture);
    fixture.order[1].key_usage = CERTIFICATE_KU_KEY_CERT_SIGN;
    fixture_add(&fixture, &root_crl);
    fixture_add(&fixture, &inter_crl);
    assert_int_equal(fixture_check(&fixture, REVOCATION_REQUIRED), REASON_REVOCATION_UNKNOWN);
    fixture_end(&fixture);
    fixture_begin(&fixture);
    fixture.order[1].key_usage = 0;
    fixture_add(&fixture, &root_crl);
    fixture_add(&fixture, &inter_crl);
    assert_int_equal(fixture_check(&fixture, REVOCATION_REQUIRED), REASON_OK);
    fixture_end(&fixture);
}

static void old_lists_still_revoke_but_prove_nothing(void **state)
{
    struct factory_crl_order old = inter_crl;

    (void)state;
    old.this_update = FACTORY_NOW - 10 * FACTORY_DAY;
    old.next_update = FACTORY_NOW - 1;
    assert_int_equal(required_with(&root_crl, &old), REASON_REVOCATION_UNKNOWN);
    old.next_update = FACTORY_NOW;
    assert_int_equal(required_with(&root_crl, &old), REASON_OK);
    old.next_update = FACTORY_NOW - 1;
    old.serials[0] = LEAF_SERIAL;
    assert_int_equal(required_with(&root_crl, &old), REASON_CERTIFICATE_REVOKED);
    old.this_update = FACTORY_NOW + 1; /* from the future: not yet */
    old.next_update = FACTORY_NOW + 100;
    assert_int_equal(required_with(&root_crl, &old), REASON_REVOCATION_UNKNOWN);
}

static void the_newest_genuine_list_counts(void **state)
{
    struct factory_crl_order older = inter_crl, newer = inter_crl, forged = inter_crl;
    struct fixture fixture;

    (void)state;
    older.number = 0x7f;
    newer.number = 0x80; /* one octet more in DER */
    forged.number = 0x1000;
    forged.bad_signature = true;
    for (int revoked_in_newer = 0; revoked_in_newer < 2; revoked_in_newer++) {
        older.serials[0] = revoked_in_newer ? 1 : LEAF_SERIAL;
        newer.serials[0] = revoked_in_newer ? LEAF_SERIAL : 1;
        for (int newer_first = 0; newer_first < 2; newer_first++) {
            fixture_begin(&fixture);
            fixture_add(&fixture, &root_crl);
            fixture_add(&fixture, newer_first ? &newer : &older);
            fixture_add(&fixture, &forged);
            fixture_add(&fixture, newer_first ? &older : &newer);
            assert_int_equal(fixture_check(&fixture, REVOCATION_REQUIRED),
                             revoked_in_newer ? REASON_CERTIFICATE_REVOKED : REASON_OK);
            fixture_end(&fixture);
        }
    }
    /* The same number: the later one. */
    older.number = newer.number = 9;
    older.this_update = FACTORY_NOW - 3 * FACTORY_DAY;
    older.serials[0] = LEAF_SERIAL;
    newer.serials[0] = 1;
    fixture_begin(&fixture);
    fixture_add(&fixture, &root_crl);
    fixture_add(&fixture, &newer);
    fixture_add(&fixture, &older);
    assert_int_equal(fixture_check(&fixture, REVOCATION_REQUIRED), REASON_OK);
    fixture_end(&fixture);
}

static void lists_of_one_kind_of_certificate_count_for_that_kind(void **state)
{
    struct factory_crl_order of_root = root_crl, of_inter = inter_crl;

    (void)state;
    of_inter.only_users = true;
    assert_int_equal(required_with(&root_crl, &of_inter), REASON_OK);
    of_root.only_authorities = true;
    assert_int_equal(required_with(&of_root, &of_inter), REASON_OK);
    of_inter.only_users = false;
    of_inter.only_authorities = true;
    of_inter.serials[0] = LEAF_SERIAL;
    assert_int_equal(required_with(&of_root, &of_inter), REASON_REVOCATION_UNKNOWN);
    of_root.only_authorities = false;
    of_root.only_users = true;
    assert_int_equal(required_with(&of_root, &inter_crl), REASON_REVOCATION_UNKNOWN);
}

static void lists_cut_by_point_count_for_that_point(void **state)
{
    static const struct {
        const char *in_list, *in_certificate;
        enum reason reason;
    } rows[] = {
        {"http://crl.example/1", "http://crl.example/1", REASON_OK},
        {"http://crl.example/1", "http://crl.example/2", REASON_REVOCATION_UNKNOWN},
        {"http://crl.example/1", NULL, REASON_REVOCATION_UNKNOWN},
        {NULL, "http://crl.example/1", REASON_OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct factory_crl_order list = inter_crl;
        struct fixture fixture;
        fixture_begin(&fixture);
        list.point = rows[i].in_list;
        fixture.order[0].point = rows[i].in_certificate;
        fixture_add(&fixture, &root_crl);
        fixture_add(&fixture, &list);
        assert_int_equal(fixture_check(&fixture, REVOCATION_REQUIRED), rows[i].reason);
        fixture_end(&fixture);
    }
}

static void lists_of_some_reasons_must_add_up(void **state)
{
    struct factory_crl_order first = inter_crl, second = inter_crl;
    struct fixture fixture;

    (void)state;
    first.reasons = 0x006;
    second.reasons = 0x1f8;
    assert_int_equal(required_with(&root_crl, &first), REASON_REVOCATION_UNKNOWN);
    for (int revoked = 0; revoked < 2; revoked++) {
        second.serials[0] = revoked ? LEAF_SERIAL : 1;
        fixture_begin(&fixture);
        fixture_add(&fixture, &root_crl);
        fixture_add(&fixture, &first);
        fixture_add(&fixture, &second);
        assert_int_equal(fixture_check(&fixture, REVOCATION_REQUIRED),
                         revoked ? REASON_CERTIFICATE_REVOKED : REASON_OK);
        fixture_end(&fixture);
    }
}

/* ---- the store ---- */

static void the_store_is_bounded(void **state)
{
    struct crl_store *store = crl_store_create();
    struct factory_crl_order order = inter_crl;
    const char *why;

    (void)state;
    for (uint32_t i = 1; i <= CRL_STORE_SAME_ISSUER_MOST; i++) {
        order.number = i;
        assert_true(crl_store_add(store, factory_crl(&order), &why));
    }
    order.number = 100;
    assert_false(crl_store_add(store, factory_crl(&order), &why));
    assert_non_null(why);
    assert_true(crl_store_add(store, factory_crl(&root_crl), &why)); /* another issuer's */
    assert_int_equal(crl_store_count(store), CRL_STORE_SAME_ISSUER_MOST + 1);
    assert_non_null(crl_store_at(store, 0));
    assert_null(crl_store_at(store, CRL_STORE_SAME_ISSUER_MOST + 1));
    crl_store_destroy(store);
    crl_store_destroy(NULL);
}

static void an_identical_list_is_held_once(void **state)
{
    struct crl_store *store = crl_store_create();
    struct text der = factory_crl_der(&inter_crl);
    const char *why;

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct crl *crl = crl_read(der, &why);
        assert_non_null(crl);
        assert_true(crl_store_add(store, crl, &why));
    }
    assert_int_equal(crl_store_count(store), 1);
    crl_store_destroy(store);
    free((char *)der.at);
}

static void without_a_store_all_is_unknown(void **state)
{
    struct fixture fixture;
    (void)state;
    fixture_begin(&fixture);
    fixture_make_path(&fixture);
    assert_int_equal(check(&fixture.path, NULL, REVOCATION_REQUIRED, NULL), REASON_REVOCATION_UNKNOWN);
    assert_int_equal(check(&fixture.path, NULL, REVOCATION_IF_AVAILABLE, NULL), REASON_OK);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_list_names_is_good),
        cmocka_unit_test(every_certificate_but_the_anchor_is_looked_at),
        cmocka_unit_test(lists_of_others_are_not_believed),
        cmocka_unit_test(no_certificate_speaks_for_itself),
        cmocka_unit_test(a_ca_without_crl_sign_revokes_nothing),
        cmocka_unit_test(old_lists_still_revoke_but_prove_nothing),
        cmocka_unit_test(the_newest_genuine_list_counts),
        cmocka_unit_test(lists_of_one_kind_of_certificate_count_for_that_kind),
        cmocka_unit_test(lists_cut_by_point_count_for_that_point),
        cmocka_unit_test(lists_of_some_reasons_must_add_up),
        cmocka_unit_test(the_store_is_bounded),
        cmocka_unit_test(an_identical_list_is_held_once),
        cmocka_unit_test(without_a_store_all_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
