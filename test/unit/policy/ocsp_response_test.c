/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OCSP responses: ways to be none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ocsp_fixture.h"

static const char *why_refused(const struct factory_ocsp_order *order)
{
    struct text der = factory_ocsp_der(order);
    const char *why = "";
    struct ocsp_response *response = ocsp_response_read(der, &why);

    assert_int_equal(response == NULL, why != NULL);
    ocsp_response_destroy(response);
    free((char *)der.at);
    return why;
}

static void what_it_says_is_read(void **state)
{
    struct ocsp_fixture fixture;
    (void)state;
    ocsp_fixture_begin(&fixture);
    fixture.order.single[0].flags = OCSP_SINGLE_SHA256;
    fixture.order.single[1] = (struct factory_single){.status = 'r', .ends = -1, .other = fixture.other_leaf};
    fixture.order.flags = OCSP_FACTORY_JUNK | OCSP_FACTORY_NONCE;
    fixture.order.certificate[0] = fixture.ca;
    fixture.order.name = "CA";
    struct ocsp_response *response = factory_ocsp_response(&fixture.order);

    assert_int_equal(response->single_count, 2);
    assert_int_equal(response->single[0].hash, OCSP_HASH_SHA256);
    assert_int_equal(response->single[0].status, OCSP_GOOD);
    assert_int_equal(response->single[0].this_update, FACTORY_NOW - 3600);
    assert_int_equal(response->single[0].ends, FACTORY_NOW + FACTORY_DAY);
    assert_true(text_equal(response->single[0].serial, fixture.leaf->serial));
    assert_int_equal(response->single[1].hash, OCSP_HASH_SHA1);
    assert_int_equal(response->single[1].status, OCSP_REVOKED);
    assert_int_equal(response->single[1].revoked_at, FACTORY_NOW - FACTORY_DAY);
    assert_int_equal(response->single[1].ends, FACTORY_NOW - 3600 + OCSP_LIFE_WITHOUT_NEXT_UPDATE);
    assert_int_equal(response->produced_at, FACTORY_NOW - 1800);
    assert_true(text_equal(response->responder_name, fixture.ca->subject));
    assert_int_equal(response->responder_key_hash.length, 0);
    assert_int_equal(response->certificate_count, 1); /* the junk is left out */
    assert_true(text_equal(response->certificate[0]->der, fixture.ca->der));
    ocsp_response_destroy(response);
    ocsp_fixture_end(&fixture);
}

static void a_status_other_than_successful_is_told(void **state)
{
    static const struct {
        uint8_t status;
        const char *why;
    } rows[] = {
        {1, "the responder calls the request malformed"},
        {2, "the responder has an internal error"},
        {3, "the responder says to try later"},
        {4, "its status is not known"},
        {5, "the responder wants signed requests"},
        {6, "the responder says that it is not authorised to answer"},
        {7, "its status is not known"},
        {0x80, "its status is not known"},
    };
    struct factory_ocsp_order order = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        order.status = rows[i].status;
        assert_string_equal(why_refused(&order), rows[i].why);
    }
}

static void responses_that_tell_nothing_are_refused(void **state)
{
    struct ocsp_fixture fixture;
    (void)state;
    ocsp_fixture_begin(&fixture);
    assert_null(why_refused(&fixture.order));
#define REFUSED(field, value, clause)                                                                        \
    do {                                                                                                     \
        struct factory_ocsp_order order = fixture.order;                                                     \
        order.field = value;                                                                                 \
        assert_string_equal(why_refused(&order), clause);                                                    \
    } while (0)
    REFUSED(flags, OCSP_FACTORY_NO_BYTES, "it is not DER, or no OCSP response");
    REFUSED(flags, OCSP_FACTORY_OTHER_TYPE, "its type is not id-pkix-ocsp-basic");
    REFUSED(flags, OCSP_FACTORY_VERSION, "its version is not 1");
    REFUSED(flags, OCSP_FACTORY_CRITICAL, "it has a critical extension that is not known");
    REFUSED(flags, OCSP_FACTORY_NONCE | OCSP_FACTORY_TWICE, "its extensions cannot be read");
    REFUSED(flags, OCSP_FACTORY_TRAILING, "what it says cannot be read");
    REFUSED(flags, OCSP_FACTORY_SHA1_SIGNATURE,
            "the signature is made with an algorithm that is not believed (MD5, SHA-1, DSA, unknown)");
    REFUSED(single[0].status, 0, "it has no answer");
    REFUSED(single[0].flags, OCSP_SINGLE_CRITICAL, "it has a critical extension that is not known");
    REFUSED(single[0].flags, OCSP_SINGLE_UTC_TIME,
            "it has an answer whose thisUpdate or nextUpdate is missing or wrong");
    REFUSED(single[0].ends, FACTORY_NOW - 3601,
            "it has an answer whose thisUpdate or nextUpdate is missing or wrong");
#undef REFUSED
    ocsp_fixture_end(&fixture);
}

static void bounds_hold(void **state)
{
    struct ocsp_fixture fixture;
    const char *why;
    (void)state;
    ocsp_fixture_begin(&fixture);
    for (size_t i = 0; i < OCSP_SINGLES_MOST; i++)
        fixture.order.single[i].status = 'g';
    assert_null(why_refused(&fixture.order));
    fixture.order.single[OCSP_SINGLES_MOST].status = 'g';
    assert_string_equal(why_refused(&fixture.order), "it has more than 32 answers");
    fixture.order.single[1].status = 0;
    for (size_t i = 0; i < OCSP_CERTIFICATES_MOST; i++)
        fixture.order.certificate[i] = fixture.ca;
    assert_null(why_refused(&fixture.order));
    fixture.order.flags = OCSP_FACTORY_JUNK; /* counts, too */
    assert_string_equal(why_refused(&fixture.order), "it has more than 8 certificates");
    char *large = calloc(1, OCSP_RESPONSE_LARGEST + 1);
    assert_non_null(large);
    assert_null(ocsp_response_read((struct text){large, OCSP_RESPONSE_LARGEST + 1}, &why));
    assert_string_equal(why, "it is empty or longer than 64 KiB");
    assert_null(ocsp_response_read(TEXT_NONE, &why));
    free(large);
    ocsp_fixture_end(&fixture);
}

static struct text grown(struct text der, size_t more)
{
    char *longer = calloc(1, der.length + more);
    assert_non_null(longer);
    memcpy(longer, der.at, der.length);
    return (struct text){longer, der.length + more};
}

static void one_octet_too_few_or_too_many_is_refused(void **state)
{
    struct ocsp_fixture fixture;
    const char *why;
    (void)state;
    ocsp_fixture_begin(&fixture);
    ocsp_fixture_delegate(&fixture, &ocsp_delegate_order);
    struct text der = factory_ocsp_der(&fixture.order), longer = grown(der, 1);
    for (size_t length = 0; length < der.length; length++) {
        char *cut = malloc(length + 1); /* so that a sanitizer sees who reads on */
        assert_non_null(cut);
        memcpy(cut, der.at, length);
        assert_null(ocsp_response_read((struct text){cut, length}, &why));
        assert_non_null(why);
        free(cut);
    }
    assert_null(ocsp_response_read(longer, &why));
    free((char *)longer.at);
    free((char *)der.at);
    ocsp_fixture_end(&fixture);
}

/* Whatever one octet is changed into, the answer is never another one than the responder signed. */
static void a_changed_octet_changes_no_answer(void **state)
{
    struct ocsp_fixture fixture;
    const char *why;
    (void)state;
    ocsp_fixture_begin(&fixture);
    fixture.order.single[0].status = 'r';
    ocsp_fixture_delegate(&fixture, &ocsp_delegate_order);
    struct text der = factory_ocsp_der(&fixture.order);
    char *octets = (char *)der.at;
    for (size_t i = 0; i < der.length; i++) {
        char kept = octets[i];
        for (int value = 1; value < 256; value = value * 2 + (value % 3)) {
            octets[i] = (char)(kept ^ value);
            struct ocsp_response *response = ocsp_response_read(der, &why);
            if (response != NULL) {
                enum ocsp_answer answer =
                    ocsp_response_check(response, fixture.leaf, fixture.ca, FACTORY_NOW, &fixture.finding);
                assert_true(answer == OCSP_UNUSABLE || answer == OCSP_REVOKED);
            }
            ocsp_response_destroy(response);
        }
        octets[i] = kept;
    }
    free(octets);
    ocsp_fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_says_is_read),
        cmocka_unit_test(a_status_other_than_successful_is_told),
        cmocka_unit_test(responses_that_tell_nothing_are_refused),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(one_octet_too_few_or_too_many_is_refused),
        cmocka_unit_test(a_changed_octet_changes_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
