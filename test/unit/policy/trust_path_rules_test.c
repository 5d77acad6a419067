/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each rule of RFC 5280 section 6 that a path can break on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "path_fixture.h"

/* ---- each certificate ---- */

static void break_flags(enum factory_flag flag, enum reason for_leaf, enum reason for_inter,
                        enum reason for_root)
{
    struct factory_order bad_leaf = changed(&leaf, flag), bad_inter = changed(&inter, flag);
    struct factory_order bad_root = changed(&root, flag);
    assert_int_equal(judge(&root, &inter, &bad_leaf), for_leaf);
    assert_int_equal(judge(&root, &bad_inter, &leaf), for_inter);
    assert_int_equal(judge(&bad_root, &inter, &leaf), for_root);
}

static void broken_profiles_break_the_path(void **state)
{
    const enum reason malformed = REASON_MALFORMED_CERTIFICATE;
    (void)state;
    break_flags(FACTORY_NO_AUTHORITY_KEY_ID, malformed, malformed, REASON_OK);
    break_flags(FACTORY_WRONG_AUTHORITY_KEY_ID, REASON_UNTRUSTED_CHAIN, REASON_UNTRUSTED_CHAIN, REASON_OK);
    break_flags(FACTORY_NO_SUBJECT_KEY_ID, REASON_OK, malformed, malformed);
    break_flags(FACTORY_SHA1, REASON_WEAK_CERTIFICATE, REASON_WEAK_CERTIFICATE, REASON_OK);
    break_flags(FACTORY_INNER_ALGORITHM, malformed, malformed, malformed);
    break_flags(FACTORY_UNKNOWN_CRITICAL, malformed, malformed, malformed);
    break_flags(FACTORY_UNKNOWN_EXTENSION, REASON_OK, REASON_OK, REASON_OK);
    break_flags(FACTORY_SERIAL_ZERO, malformed, malformed, REASON_OK);
    break_flags(FACTORY_COMPRESSED_POINT, REASON_WEAK_CERTIFICATE, REASON_WEAK_CERTIFICATE,
                REASON_WEAK_CERTIFICATE);
    break_flags(FACTORY_CONSTRAINTS_NOT_CRITICAL, REASON_OK, REASON_OK, malformed);
    break_flags(FACTORY_EMPTY_SUBJECT, malformed, REASON_UNTRUSTED_CHAIN, REASON_UNTRUSTED_CHAIN);
}

static void an_empty_subject_needs_critical_names(void **state)
{
    struct factory_order end = changed(&leaf, FACTORY_EMPTY_SUBJECT | FACTORY_CRITICAL_NAMES);
    (void)state;
    assert_int_equal(judge(&root, &inter, &end), REASON_OK);
}

static void version_1_is_no_authority_and_no_leaf(void **state)
{
    struct factory_order old_leaf = changed(&leaf, FACTORY_VERSION_1),
                         old = changed(&inter, FACTORY_VERSION_1);
    (void)state;
    assert_int_equal(judge(&root, &inter, &old_leaf), REASON_MALFORMED_CERTIFICATE);
    assert_int_not_equal(judge(&root, &old, &leaf), REASON_OK);
}

static void dates_are_looked_at_on_every_certificate(void **state)
{
    struct factory_order ended, early;
    const struct factory_order *orders[3] = {&root, &inter, &leaf};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct factory_order *set[3] = {&root, &inter, &leaf};
        ended = early = *orders[i];
        ended.not_before = FACTORY_NOW - 10 * FACTORY_DAY;
        ended.not_after = FACTORY_NOW - 1;
        set[i] = &ended;
        assert_int_equal(judge(set[0], set[1], set[2]), REASON_CERTIFICATE_EXPIRED);
        early.not_before = FACTORY_NOW + 1;
        set[i] = &early;
        assert_int_equal(judge(set[0], set[1], set[2]), REASON_CERTIFICATE_NOT_YET_VALID);
        early.not_before = FACTORY_NOW;
        early.not_after = FACTORY_NOW;
        assert_int_equal(judge(set[0], set[1], set[2]), REASON_OK);
    }
}

static void authorities_must_be_allowed_to_sign(void **state)
{
    struct factory_order no_ca = inter, no_sign = inter, plain = inter;
    (void)state;
    no_ca.ca = false;
    no_ca.key_usage = 0;
    assert_int_equal(judge(&root, &no_ca, &leaf), REASON_WRONG_KEY_USAGE);
    no_sign.key_usage = CERTIFICATE_KU_CRL_SIGN | CERTIFICATE_KU_DIGITAL_SIGNATURE;
    assert_int_equal(judge(&root, &no_sign, &leaf), REASON_WRONG_KEY_USAGE);
    plain.key_usage = 0;
    assert_int_equal(judge(&root, &plain, &leaf), REASON_OK);
    plain = root;
    plain.key_usage = CERTIFICATE_KU_CRL_SIGN;
    assert_int_equal(judge(&plain, &inter, &leaf), REASON_WRONG_KEY_USAGE);
}

static void a_path_tells_whether_its_leaf_may_sign_handshakes(void **state)
{
    static const struct {
        uint32_t key_usage;
        bool may_sign;
    } cases[] = {{0x4, false}, {0, true}, {CERTIFICATE_KU_DIGITAL_SIGNATURE, true}, {0x5, true}};
    struct factory_order end = leaf;
    const struct factory_order *orders[] = {&end, &inter};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        end.key_usage = cases[i].key_usage;
        struct outcome outcome = search_with(&root, orders, 2);
        assert_int_equal(outcome.reason, REASON_OK);
        assert_int_equal(outcome.first.leaf_may_sign, cases[i].may_sign);
    }
    end.key_usage = SIGNS;
    assert_int_equal(judge(&root, &inter, &end), REASON_MALFORMED_CERTIFICATE); /* and no CA */
}

/* ---- path length ---- */

static void path_lengths_bind(void **state)
{
    struct factory_order top = root, first = inter, second, end = leaf;
    (void)state;
    second = (struct factory_order){.subject = "Second",
                                    .issuer = "Inter",
                                    .key = SECOND,
                                    .issuer_key = INTER,
                                    .ca = true,
                                    .key_usage = SIGNS};
    end.issuer = "Second";
    end.issuer_key = SECOND;
    const struct factory_order *orders[] = {&end, &second, &first};
    assert_int_equal(search_with(&top, orders, 3).reason, REASON_OK);
    first.path_length = 1; /* none may follow */
    assert_int_equal(search_with(&top, orders, 3).reason, REASON_WRONG_KEY_USAGE);
    first.path_length = 2;
    assert_int_equal(search_with(&top, orders, 3).reason, REASON_OK);
    top.path_length = 2; /* the anchor's binds, too: two follow it */
    assert_int_equal(search_with(&top, orders, 3).reason, REASON_WRONG_KEY_USAGE);
    top.path_length = 3;
    assert_int_equal(search_with(&top, orders, 3).reason, REASON_OK);
}

static void self_issued_authorities_do_not_count(void **state)
{
    struct factory_order first = inter, renewed = inter, end = leaf;
    (void)state;
    first.path_length = 1;
    renewed.issuer = "Inter"; /* the same name, a new key, signed with the old */
    renewed.issuer_key = INTER;
    renewed.key = SECOND;
    renewed.path_length = 1;
    end.issuer_key = SECOND;
    const struct factory_order *orders[] = {&end, &renewed, &first};
    assert_int_equal(search_with(&root, orders, 3).reason, REASON_OK);
}

static void long_chains_end(void **state)
{
    static char names[16][16];
    struct factory_order order[12];
    const struct factory_order *orders[12];

    (void)state;
    for (int i = 0; i < 12; i++) {
        snprintf(names[i], sizeof(names[i]), "CA%d", i);
        order[i] = (struct factory_order){
            .subject = names[i], .issuer = i == 0 ? "Root" : names[i - 1], .key = 10 + i, .ca = true};
        order[i].issuer_key = i == 0 ? ROOT : 10 + i - 1;
    }
    for (int depth = 1; depth <= 12; depth++) {
        for (int i = 0; i < depth; i++)
            orders[i] = &order[depth - 1 - i];
        enum reason reason = search_with(&root, orders, (size_t)depth).reason;
        /* The chain and the root are at most TRUST_PATH_LONGEST. */
        assert_int_equal(reason, depth + 1 <= (int)TRUST_PATH_LONGEST ? REASON_OK : REASON_UNTRUSTED_CHAIN);
    }
}

/* ---- usage ---- */

static uint32_t usage_of(const char *in_root, const char *in_inter, const char *in_leaf)
{
    struct factory_order top = root, first = inter, end = leaf;
    top.usages = in_root;
    first.usages = in_inter;
    end.usages = in_leaf;
    const struct factory_order *orders[] = {&end, &first};
    struct outcome outcome = search_with(&top, orders, 2);
    assert_int_equal(outcome.reason, REASON_OK);
    return outcome.first.extended_key_usage;
}

static void extended_usages_nest(void **state)
{
    (void)state;
    assert_int_equal(usage_of(NULL, NULL, NULL), ~0u);
    assert_int_equal(usage_of(NULL, NULL, "s"), CERTIFICATE_EKU_SERVER);
    assert_int_equal(usage_of(NULL, NULL, "a"), ~0u);
    assert_int_equal(usage_of(NULL, "s", NULL), CERTIFICATE_EKU_SERVER);
    assert_int_equal(usage_of(NULL, "s", "sc"), CERTIFICATE_EKU_SERVER);
    assert_int_equal(usage_of(NULL, "o", "sc"), 0);
    assert_int_equal(usage_of("c", "sc", "s"), 0);
    assert_int_equal(usage_of(NULL, "a", "i"), CERTIFICATE_EKU_SIP_DOMAIN);
}

/* ---- names ---- */

static void constraints_bind_through_every_authority(void **state)
{
    struct factory_order top = root, first = inter, end = leaf;
    (void)state;
    top.permitted = "dns:a.example";
    assert_int_equal(judge(&top, &first, &end), REASON_OK);
    end.names = "dns:a.example,dns:b.example";
    assert_int_equal(judge(&top, &first, &end), REASON_NAME_CONSTRAINT_VIOLATED);
    end.names = "dns:a.example";
    first.excluded = "dns:example";
    assert_int_equal(judge(&top, &first, &end), REASON_NAME_CONSTRAINT_VIOLATED);
    first.excluded = NULL;
    first.names = "dns:inter.b.example"; /* an intermediate's own name is outside, too */
    assert_int_equal(judge(&top, &first, &end), REASON_NAME_CONSTRAINT_VIOLATED);
}

static void constraints_spare_self_issued_authorities_but_no_leaf(void **state)
{
    struct factory_order top = root, renewed, end = leaf;
    (void)state;
    top.permitted = "dns:a.example";
    renewed = (struct factory_order){.subject = "Root",
                                     .issuer = "Root",
                                     .key = SECOND,
                                     .issuer_key = ROOT,
                                     .ca = true,
                                     .names = "dns:b.example"};
    end.issuer = "Root";
    end.issuer_key = SECOND;
    assert_int_equal(judge(&top, &renewed, &end), REASON_OK);
    end.subject = "Root";
    end.names = "dns:b.example";
    assert_int_equal(judge(&top, &renewed, &end), REASON_NAME_CONSTRAINT_VIOLATED);
}

static void a_common_name_counts_where_it_would_be_an_identity(void **state)
{
    struct factory_order top = root, first = inter, end = leaf;
    (void)state;
    top.permitted = "dns:a.example";
    end.names = NULL;
    end.subject = "b.example";
    assert_int_equal(judge(&top, &first, &end), REASON_NAME_CONSTRAINT_VIOLATED);
    end.subject = "x.a.example";
    assert_int_equal(judge(&top, &first, &end), REASON_OK);
    end.subject = "No Host Name";
    assert_int_equal(judge(&top, &first, &end), REASON_OK);
    end.subject = "b.example";
    end.names = "dns:a.example"; /* never read beside a SAN */
    assert_int_equal(judge(&top, &first, &end), REASON_OK);
    first.subject = end.issuer = "b.example"; /* nor in an authority */
    assert_int_equal(judge(&top, &first, &end), REASON_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_profiles_break_the_path),
        cmocka_unit_test(an_empty_subject_needs_critical_names),
        cmocka_unit_test(version_1_is_no_authority_and_no_leaf),
        cmocka_unit_test(dates_are_looked_at_on_every_certificate),
        cmocka_unit_test(authorities_must_be_allowed_to_sign),
        cmocka_unit_test(a_path_tells_whether_its_leaf_may_sign_handshakes),
        cmocka_unit_test(path_lengths_bind),
        cmocka_unit_test(self_issued_authorities_do_not_count),
        cmocka_unit_test(long_chains_end),
        cmocka_unit_test(extended_usages_nest),
        cmocka_unit_test(constraints_bind_through_every_authority),
        cmocka_unit_test(constraints_spare_self_issued_authorities_but_no_leaf),
        cmocka_unit_test(a_common_name_counts_where_it_would_be_an_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
