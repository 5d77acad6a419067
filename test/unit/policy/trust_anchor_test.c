/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trust anchors: what may be one, and finding them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "certificate_factory.h"

static enum reason check(const struct factory_order *order)
{
    struct certificate *certificate = factory_certificate(order);
    const char *why;
    enum reason reason = trust_anchor_check(certificate, &why);
    assert_int_equal(reason == REASON_OK, why == NULL);
    certificate_destroy(certificate);
    return reason;
}

static void only_sound_authorities_may_be_anchors(void **state)
{
    const struct factory_order root = {
        .subject = "Root", .ca = true, .key_usage = CERTIFICATE_KU_KEY_CERT_SIGN};
    struct factory_order order = root;

    (void)state;
    assert_int_equal(check(&root), REASON_OK);
    order.key_usage = 0;
    assert_int_equal(check(&order), REASON_OK);
    order.key_usage = CERTIFICATE_KU_CRL_SIGN;
    assert_int_equal(check(&order), REASON_WRONG_KEY_USAGE);
    order = root;
    order.ca = false;
    assert_int_equal(check(&order), REASON_WRONG_KEY_USAGE);
    order = root;
    order.flags = FACTORY_NO_SUBJECT_KEY_ID;
    assert_int_equal(check(&order), REASON_MALFORMED_CERTIFICATE);
    order.flags = FACTORY_CONSTRAINTS_NOT_CRITICAL;
    assert_int_equal(check(&order), REASON_MALFORMED_CERTIFICATE);
    order.flags = FACTORY_UNKNOWN_CRITICAL;
    assert_int_equal(check(&order), REASON_MALFORMED_CERTIFICATE);
    order.flags = FACTORY_COMPRESSED_POINT;
    assert_int_equal(check(&order), REASON_WEAK_CERTIFICATE);
    order.flags = FACTORY_VERSION_1;
    assert_int_equal(check(&order), REASON_WRONG_KEY_USAGE);
    /* How it was issued itself is of no concern. */
    order.flags = FACTORY_SHA1 | FACTORY_BAD_SIGNATURE | FACTORY_SERIAL_ZERO;
    assert_int_equal(check(&order), REASON_OK);
    order.issuer = "Another";
    assert_int_equal(check(&order), REASON_OK);
}

/* RFC 5280 4.2.1.1: only who signed with its own key may do without an authorityKeyIdentifier. */
static void another_ca_must_have_named_its_key(void **state)
{
    struct factory_order order = {.subject = "Root",
                                  .ca = true,
                                  .key_usage = CERTIFICATE_KU_KEY_CERT_SIGN,
                                  .flags = FACTORY_NO_AUTHORITY_KEY_ID};

    (void)state;
    assert_int_equal(check(&order), REASON_OK);
    order.issuer = "Another"; /* by name, but the key is its own */
    assert_int_equal(check(&order), REASON_OK);
    order.issuer_key = 1;
    assert_int_equal(check(&order), REASON_MALFORMED_CERTIFICATE);
    order.flags = 0;
    assert_int_equal(check(&order), REASON_OK);
}

static void anchors_are_found_by_any_spelling_of_their_name(void **state)
{
    struct trust_anchors *anchors = trust_anchors_create();
    char subject[32];
    const struct trust_anchor *found;

    (void)state;
    assert_null(trust_anchors_by_subject(anchors, TEXT("\x30\x00"), NULL));
    for (int i = 0; i < 100; i++) {
        snprintf(subject, sizeof(subject), "Root %d", i);
        const struct factory_order order = {.subject = subject, .ca = true};
        found = trust_anchors_add(anchors, factory_certificate(&order));
        assert_non_null(found);
        assert_int_equal(found->index, i);
    }
    assert_int_equal(trust_anchors_count(anchors), 100);
    for (int i = 0; i < 100; i++) {
        snprintf(subject, sizeof(subject), "ROOT   %d", i);
        const struct factory_order order = {.subject = subject, .ca = true};
        struct certificate *spelt = factory_certificate(&order);
        found = trust_anchors_by_subject(anchors, spelt->subject, NULL);
        assert_non_null(found);
        assert_int_equal(found->index, i);
        assert_null(trust_anchors_by_subject(anchors, spelt->subject, found));
        certificate_destroy(spelt);
    }
    assert_ptr_equal(trust_anchors_at(anchors, 7), trust_anchors_at(anchors, 7));
    assert_null(trust_anchors_at(anchors, 100));
    assert_string_equal(trust_anchors_at(anchors, 7)->subject, "CN=Root 7");
    trust_anchors_destroy(anchors);
}

static void anchors_of_one_name_come_one_after_another(void **state)
{
    struct trust_anchors *anchors = trust_anchors_create();
    const struct trust_anchor *anchor = NULL;
    uint32_t count = 0;

    (void)state;
    for (int key = 0; key < 3; key++) {
        const struct factory_order order = {.subject = "Root", .key = key, .issuer_key = key, .ca = true};
        assert_non_null(trust_anchors_add(anchors, factory_certificate(&order)));
    }
    struct text name = trust_anchors_at(anchors, 0)->certificate->subject;
    while ((anchor = trust_anchors_by_subject(anchors, name, anchor)) != NULL)
        assert_int_equal(anchor->index, count++);
    assert_int_equal(count, 3);
    trust_anchors_destroy(anchors);
}

static void the_same_certificate_is_one_anchor(void **state)
{
    const struct factory_order order = {.subject = "Root", .serial = 5, .ca = true};
    struct trust_anchors *anchors = trust_anchors_create();
    struct text der = factory_der(&order);
    struct certificate *first, *second;

    (void)state;
    assert_int_equal(certificate_read(der, &first), REASON_OK);
    assert_int_equal(certificate_read(der, &second), REASON_OK);
    const struct trust_anchor *anchor = trust_anchors_add(anchors, first);
    assert_ptr_equal(trust_anchors_add(anchors, second), anchor);
    assert_int_equal(trust_anchors_count(anchors), 1);
    trust_anchors_destroy(anchors);
    trust_anchors_destroy(NULL);
    free((char *)der.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_sound_authorities_may_be_anchors),
        cmocka_unit_test(another_ca_must_have_named_its_key),
        cmocka_unit_test(anchors_are_found_by_any_spelling_of_their_name),
        cmocka_unit_test(anchors_of_one_name_come_one_after_another),
        cmocka_unit_test(the_same_certificate_is_one_anchor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
