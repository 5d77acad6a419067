/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates: their facts, and ways to be no certificate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "certificate_factory.h"

static const struct factory_order plain = {.subject = "leaf",
                                           .issuer = "Inter",
                                           .key = 1,
                                           .issuer_key = 0,
                                           .serial = 0x1234,
                                           .not_before = 1600000000,
                                           .not_after = 1800000000,
                                           .key_usage = CERTIFICATE_KU_DIGITAL_SIGNATURE,
                                           .usages = "sci",
                                           .names = "dns:a.example,uri:sip:b.example,email:x@y.example",
                                           .point = "http://crl.example/a.crl"};

static void facts_are_read(void **state)
{
    struct certificate *certificate = factory_certificate(&plain);

    (void)state;
    assert_int_equal(certificate->defect, REASON_OK);
    assert_null(certificate->defect_text);
    assert_true(text_equal(certificate->serial, TEXT("\x12\x34")));
    assert_true(certificate->not_before == 1600000000 && certificate->not_after == 1800000000);
    assert_false(certificate->is_ca || certificate->has_basic_constraints || certificate->has_path_length);
    assert_int_equal(certificate->key_usage, CERTIFICATE_KU_DIGITAL_SIGNATURE);
    assert_int_equal(certificate->extended_key_usage,
                     CERTIFICATE_EKU_SERVER | CERTIFICATE_EKU_CLIENT | CERTIFICATE_EKU_SIP_DOMAIN);
    assert_int_equal(certificate->key.kind, PUBLIC_KEY_P256);
    assert_int_equal(certificate->algorithm.kind, SIGNATURE_ECDSA);
    assert_int_equal(certificate->subject_key_id.length, 20);
    assert_int_equal(certificate->authority_key_id.length, 20);
    assert_true(certificate->crl_distribution_points.length > 0);
    assert_true(certificate->has_subject_alternative_name);
    assert_false(certificate_is_self_issued(certificate));
    certificate_destroy(certificate);
}

static void authorities_are_read(void **state)
{
    const struct factory_order order = {
        .subject = "CA", .ca = true, .path_length = 3, .key_usage = 0x60, .permitted = "dns:example"};
    struct certificate *certificate = factory_certificate(&order);

    (void)state;
    assert_int_equal(certificate->defect, REASON_OK);
    assert_true(certificate->is_ca && certificate->basic_constraints_critical &&
                certificate->has_path_length);
    assert_int_equal(certificate->path_length, 2);
    assert_int_equal(certificate->key_usage, CERTIFICATE_KU_KEY_CERT_SIGN | CERTIFICATE_KU_CRL_SIGN);
    assert_true(certificate->name_constraints.length > 0);
    assert_true(certificate_is_self_issued(certificate));
    certificate_destroy(certificate);
}

/* ---- names ---- */

static void names_are_told_apart(void **state)
{
    static const struct {
        const char *name;
        enum certificate_name_kind kind;
        const char *value;
    } cases[] = {
        {"dns:a.example", CERTIFICATE_NAME_DNS, "a.example"},
        {"uri:sip:b.example", CERTIFICATE_NAME_SIP, "b.example"},
        {"uri:SIP:B.example", CERTIFICATE_NAME_SIP, "B.example"},
        {"uri:sip:b.example:5061", CERTIFICATE_NAME_SIP, "b.example"},
        {"uri:sip:b.example;transport=tls", CERTIFICATE_NAME_SIP, "b.example"},
        {"uri:sip:user@b.example", CERTIFICATE_NAME_OTHER_URI, "sip:user@b.example"},
        {"uri:sip:b.example?x=y@z", CERTIFICATE_NAME_OTHER_URI, "sip:b.example?x=y@z"},
        {"uri:sips:b.example", CERTIFICATE_NAME_OTHER_URI, "sips:b.example"},
        {"uri:sip:;x", CERTIFICATE_NAME_OTHER_URI, "sip:;x"},
        {"uri:https://b.example/", CERTIFICATE_NAME_OTHER_URI, "https://b.example/"},
        {"email:x@y.example", CERTIFICATE_NAME_OTHER, "x@y.example"},
        {"ip:10.0.0.1", CERTIFICATE_NAME_OTHER, "\x0a"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct factory_order order = plain;
        order.names = cases[i].name;
        struct certificate *certificate = factory_certificate(&order);
        assert_int_equal(certificate->defect, REASON_OK);
        assert_int_equal(certificate->name_count, 2);
        assert_int_equal(certificate->names[0].kind, cases[i].kind);
        if (cases[i].value[0] != '\x0a')
            assert_true(text_equal(certificate->names[0].value, text_of(cases[i].value)));
        assert_int_equal(certificate->names[1].kind, CERTIFICATE_NAME_COMMON);
        certificate_destroy(certificate);
    }
}

static void unsound_names_are_a_defect(void **state)
{
    static const char *const names[] = {
        "dns:",
        "dns:.a.example",
        "dns:a..example",
        "dns:a.example.",
        "dns:-a.example",
        "dns:a_b.example",
        "dns:10.0.0.1",
        "dns:a*.example",
        "dns:*",
        "dns:a.*.example",
        "dns:*.*.example",
        "dns:a b.example",
        "dns:\xc3\xa4.example",
        "dns:a.example\x01",
        "email:x",
        "email:@y.example",
        "email:x@y@z",
        "email:x@",
        "uri:b.example",
        "uri:",
        "uri::x",
        "uri:sip:",
        "uri:sip:a b",
        "uri:1sip:a",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct factory_order order = plain;
        order.names = names[i];
        struct certificate *certificate = factory_certificate(&order);
        assert_int_equal(certificate->defect, REASON_MALFORMED_CERTIFICATE);
        assert_non_null(certificate->defect_text);
        certificate_destroy(certificate);
    }
}

static void wildcards_are_names_like_others(void **state)
{
    struct factory_order order = plain;
    (void)state;
    order.names = "dns:*.a.example";
    struct certificate *certificate = factory_certificate(&order);
    assert_int_equal(certificate->defect, REASON_OK);
    assert_true(text_equal(certificate->names[0].value, TEXT("*.a.example")));
    certificate_destroy(certificate);
}

/* ---- defects ---- */

static void defects_are_noted(void **state)
{
    static const struct {
        unsigned flags;
        bool ca;
        enum reason defect;
    } cases[] = {
        {0, false, REASON_OK},
        {0, true, REASON_OK},
        {FACTORY_UNKNOWN_EXTENSION, false, REASON_OK},
        {FACTORY_UNKNOWN_CRITICAL, false, REASON_OK}, /* noted by a flag of its own */
        {FACTORY_NO_SUBJECT_KEY_ID, true, REASON_MALFORMED_CERTIFICATE},
        {FACTORY_NO_SUBJECT_KEY_ID, false, REASON_OK},
        {FACTORY_INNER_ALGORITHM, false, REASON_MALFORMED_CERTIFICATE},
        {FACTORY_EMPTY_SUBJECT, false, REASON_MALFORMED_CERTIFICATE},
        {FACTORY_EMPTY_SUBJECT | FACTORY_CRITICAL_NAMES, false, REASON_OK},
        {FACTORY_EMPTY_SUBJECT | FACTORY_CRITICAL_NAMES, true, REASON_MALFORMED_CERTIFICATE},
        {FACTORY_COMPRESSED_POINT, false, REASON_WEAK_CERTIFICATE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct factory_order order = plain;
        order.flags = cases[i].flags;
        order.ca = cases[i].ca;
        struct certificate *certificate = factory_certificate(&order);
        assert_int_equal(certificate->defect, cases[i].defect);
        assert_int_equal(certificate->has_unknown_critical_extension,
                         (cases[i].flags & FACTORY_UNKNOWN_CRITICAL) != 0);
        certificate_destroy(certificate);
    }
}

static void extensions_that_contradict_each_other_are_a_defect(void **state)
{
    struct factory_order order = plain;
    (void)state;
    order.key_usage = CERTIFICATE_KU_KEY_CERT_SIGN; /* and no CA */
    struct certificate *certificate = factory_certificate(&order);
    assert_int_equal(certificate->defect, REASON_MALFORMED_CERTIFICATE);
    certificate_destroy(certificate);
    order = plain;
    order.path_length = 1; /* and no CA */
    certificate = factory_certificate(&order);
    assert_int_equal(certificate->defect, REASON_MALFORMED_CERTIFICATE);
    certificate_destroy(certificate);
    order.ca = true;
    order.key_usage = CERTIFICATE_KU_CRL_SIGN; /* and no keyCertSign */
    certificate = factory_certificate(&order);
    assert_int_equal(certificate->defect, REASON_MALFORMED_CERTIFICATE);
    certificate_destroy(certificate);
    order = plain;
    order.excluded = "dns:x.example"; /* and no CA */
    certificate = factory_certificate(&order);
    assert_int_equal(certificate->defect, REASON_MALFORMED_CERTIFICATE);
    certificate_destroy(certificate);
}

/* ---- what cannot be read ---- */

static void an_extension_twice_cannot_be_read(void **state)
{
    struct factory_order order = plain;
    struct certificate *certificate;
    (void)state;
    order.flags = FACTORY_TWICE;
    struct text der = factory_der(&order);
    assert_int_equal(certificate_read(der, &certificate), REASON_MALFORMED_CERTIFICATE);
    free((char *)der.at);
}

static void truncation_at_every_octet_is_refused(void **state)
{
    struct text der = factory_der(&plain);
    struct certificate *certificate;

    (void)state;
    for (size_t length = 0; length < der.length; length++) {
        char *cut = malloc(length + 1); /* so that a sanitizer sees one octet too many */
        assert_non_null(cut);
        memcpy(cut, der.at, length);
        assert_int_equal(certificate_read((struct text){cut, length}, &certificate),
                         REASON_MALFORMED_CERTIFICATE);
        free(cut);
    }
    free((char *)der.at);
}

static void octets_after_the_end_are_refused(void **state)
{
    struct text der = factory_der(&plain);
    struct certificate *certificate;
    char *longer = malloc(der.length + 1);

    (void)state;
    assert_non_null(longer);
    memcpy(longer, der.at, der.length);
    longer[der.length] = 0;
    assert_int_equal(certificate_read((struct text){longer, der.length + 1}, &certificate),
                     REASON_MALFORMED_CERTIFICATE);
    free(longer);
    free((char *)der.at);
}

/* Every octet takes every value: none may crash, and what is read must be sound enough to print. */
static void no_octet_can_crash_the_reader(void **state)
{
    const struct factory_order orders[] = {
        plain,
        {.subject = "CA",
         .ca = true,
         .path_length = 1,
         .key_usage = 0x60,
         .permitted = "dns:a,uri:b.example,ip:10.0.0.0/8,dir:X,email:c.example",
         .excluded = "other:,dns:d"}};
    char printed[200];

    (void)state;
    for (size_t which = 0; which < 2; which++) {
        struct text der = factory_der(&orders[which]);
        char *octets = (char *)der.at;
        for (size_t i = 0; i < der.length; i++) {
            char kept = octets[i];
            for (int value = 0; value < 256; value++) {
                struct certificate *certificate;
                octets[i] = (char)value;
                if (certificate_read(der, &certificate) != REASON_OK)
                    continue;
                certificate_subject_print(certificate->subject, printed, sizeof(printed));
                for (size_t n = 0; n < certificate->name_count; n++)
                    certificate_name_print(&certificate->names[n], printed, sizeof(printed));
                certificate_destroy(certificate);
            }
            octets[i] = kept;
        }
        free(octets);
    }
}

static void sizes_are_bounded(void **state)
{
    static char large[CERTIFICATE_LARGEST + 1];
    struct certificate *certificate;
    (void)state;
    large[0] = 0x30;
    assert_int_equal(certificate_read((struct text){large, sizeof(large)}, &certificate),
                     REASON_MALFORMED_CERTIFICATE);
    assert_int_equal(certificate_read(TEXT_NONE, &certificate), REASON_MALFORMED_CERTIFICATE);
    certificate_destroy(NULL);
}

/* ---- printing ---- */

static void prints(const struct certificate_name *name, const char *expected)
{
    char printed[64];
    assert_int_equal(certificate_name_print(name, printed, sizeof(printed)), strlen(expected));
    assert_string_equal(printed, expected);
}

static void names_print_without_a_forged_line(void **state)
{
    char printed[8];
    const struct certificate_name name = {CERTIFICATE_NAME_DNS, TEXT("a\n\\ b\0c\x7f\xff")};

    (void)state;
    prints(&name, "dns:a\\x0a\\x5c\\x20b\\x00c\\x7f\\xff");
    prints(&(struct certificate_name){CERTIFICATE_NAME_SIP, TEXT("a.example")}, "sip:a.example");
    prints(&(struct certificate_name){CERTIFICATE_NAME_OTHER_URI, TEXT("x:y")}, "uri:x:y");
    prints(&(struct certificate_name){CERTIFICATE_NAME_COMMON, TEXT("")}, "cn:");
    assert_int_equal(certificate_name_print(&name, printed, sizeof(printed)), 31); /* as snprintf */
    assert_string_equal(printed, "dns:a\\x");
    assert_int_equal(certificate_name_print(&name, NULL, 0), 31);
}

static void subjects_print_in_order(void **state)
{
    struct factory_order order = plain;
    char printed[64];
    (void)state;
    order.subject = "A, B=c\n";
    struct certificate *certificate = factory_certificate(&order);
    certificate_subject_print(certificate->subject, printed, sizeof(printed));
    assert_string_equal(printed, "CN=A\\x2c B\\x3dc\\x0a");
    certificate_destroy(certificate);
}

/* ---- chains ---- */

static void unreadable_intermediates_are_left_out(void **state)
{
    struct text ders[20];
    struct text der = factory_der(&plain);

    (void)state;
    for (size_t i = 0; i < 20; i++)
        ders[i] = der;
    ders[1] = TEXT("junk");
    struct presented_chain *chain = presented_chain_read(ders, 3);
    assert_int_equal(chain->defect, REASON_OK);
    assert_int_equal(chain->count, 2);
    presented_chain_destroy(chain);
    ders[1] = der;
    chain = presented_chain_read(ders, 20);
    assert_int_equal(chain->count, PRESENTED_CHAIN_MOST);
    presented_chain_destroy(chain);
    ders[0] = TEXT("junk");
    chain = presented_chain_read(ders, 3);
    assert_int_equal(chain->defect, REASON_MALFORMED_CERTIFICATE);
    presented_chain_destroy(chain);
    presented_chain_destroy(NULL);
    free((char *)der.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_read),
        cmocka_unit_test(authorities_are_read),
        cmocka_unit_test(names_are_told_apart),
        cmocka_unit_test(unsound_names_are_a_defect),
        cmocka_unit_test(wildcards_are_names_like_others),
        cmocka_unit_test(defects_are_noted),
        cmocka_unit_test(extensions_that_contradict_each_other_are_a_defect),
        cmocka_unit_test(an_extension_twice_cannot_be_read),
        cmocka_unit_test(truncation_at_every_octet_is_refused),
        cmocka_unit_test(octets_after_the_end_are_refused),
        cmocka_unit_test(no_octet_can_crash_the_reader),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(names_print_without_a_forged_line),
        cmocka_unit_test(subjects_print_in_order),
        cmocka_unit_test(unreadable_intermediates_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
