/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an OCSP response may be believed: what it says, since when and until when, and who says it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ocsp_fixture.h"

static void begin(struct ocsp_fixture *fixture)
{
    ocsp_fixture_begin(fixture);
    assert_int_equal(ocsp_fixture_check(fixture), OCSP_GOOD);
}

#define ANSWERS(fixture, expected) assert_int_equal(ocsp_fixture_check(fixture), expected)
#define ANSWERS_AT(fixture, now, expected) assert_int_equal(ocsp_fixture_check_at(fixture, now), expected)
#define UNUSABLE(fixture, clause)                                                                            \
    do {                                                                                                     \
        assert_int_equal(ocsp_fixture_check(fixture), OCSP_UNUSABLE);                                        \
        assert_string_equal((fixture)->finding.why, clause);                                                 \
    } while (0)

/* ---- what it says ---- */

static void good_revoked_and_unknown_are_told_apart(void **state)
{
    struct ocsp_fixture fixture;
    (void)state;
    begin(&fixture);
    assert_null(fixture.finding.delegate);
    assert_int_equal(fixture.finding.this_update, FACTORY_NOW - 3600);
    assert_int_equal(fixture.finding.ends, FACTORY_NOW + FACTORY_DAY);
    assert_int_equal(fixture.finding.until, FACTORY_NOW + FACTORY_DAY);
    fixture.order.single[0].status = 'r';
    ANSWERS(&fixture, OCSP_REVOKED);
    assert_int_equal(fixture.finding.revoked_at, FACTORY_NOW - FACTORY_DAY);
    assert_int_equal(fixture.finding.until, INT64_MAX);
    fixture.order.single[0].status = 'u';
    ANSWERS(&fixture, OCSP_UNKNOWN);
    assert_int_equal(fixture.finding.until, FACTORY_NOW + FACTORY_DAY);
    ocsp_fixture_end(&fixture);
}

static void it_must_speak_of_this_certificate(void **state)
{
    const char *clause = "it does not speak of this certificate";
    struct ocsp_fixture fixture;
    (void)state;
    begin(&fixture);
    fixture.order.single[0].other = fixture.other_leaf; /* another serial number */
    UNUSABLE(&fixture, clause);
    fixture.order.single[0].other = NULL;
    fixture.order.single[0].flags = OCSP_SINGLE_OTHER_NAME;
    UNUSABLE(&fixture, clause);
    fixture.order.single[0].flags = OCSP_SINGLE_OTHER_KEY;
    UNUSABLE(&fixture, clause);
    fixture.order.single[0].flags = OCSP_SINGLE_OTHER_HASH;
    UNUSABLE(&fixture, clause);
    fixture.order.single[0].flags = OCSP_SINGLE_SHA256;
    ANSWERS(&fixture, OCSP_GOOD);
    fixture.order.single[0].flags = OCSP_SINGLE_SHA256 | OCSP_SINGLE_OTHER_KEY;
    UNUSABLE(&fixture, clause);
    ocsp_fixture_end(&fixture);
}

static void the_worst_of_several_answers_counts(void **state)
{
    struct ocsp_fixture fixture;
    (void)state;
    begin(&fixture);
    fixture.order.single[0] = (struct factory_single){.status = 'r', .other = fixture.other_leaf};
    fixture.order.single[1] = (struct factory_single){.status = 'g', .ends = FACTORY_NOW + 7};
    ANSWERS(&fixture, OCSP_GOOD);
    assert_int_equal(fixture.finding.until, FACTORY_NOW + 7);
    fixture.order.single[2] = (struct factory_single){.status = 'u', .flags = OCSP_SINGLE_SHA256};
    ANSWERS(&fixture, OCSP_UNKNOWN);
    fixture.order.single[3] = (struct factory_single){.status = 'r'};
    fixture.order.single[4] = (struct factory_single){.status = 'g'};
    ANSWERS(&fixture, OCSP_REVOKED);
    assert_int_equal(fixture.finding.until, INT64_MAX); /* whatever ends beside it */
    ocsp_fixture_end(&fixture);
}

/* ---- when it says it ---- */

static void an_answer_is_in_force_from_this_update_to_next_update(void **state)
{
    const int64_t begins = FACTORY_NOW - 3600, ends = FACTORY_NOW + FACTORY_DAY;
    struct ocsp_fixture fixture;
    (void)state;
    begin(&fixture);
    fixture.order.produced_at = begins;
    ANSWERS_AT(&fixture, ends, OCSP_GOOD);
    ANSWERS_AT(&fixture, ends + 1, OCSP_UNUSABLE);
    assert_string_equal(fixture.finding.why, "its answer has ended");
    ANSWERS_AT(&fixture, begins - OCSP_CLOCK_SKEW, OCSP_GOOD);
    ANSWERS_AT(&fixture, begins - OCSP_CLOCK_SKEW - 1, OCSP_UNUSABLE);
    assert_int_equal(fixture.finding.until, begins - OCSP_CLOCK_SKEW - 1);
    fixture.order.single[0].status = 'u';
    ANSWERS_AT(&fixture, ends + 1, OCSP_UNUSABLE);
    ocsp_fixture_end(&fixture);
}

static void an_answer_without_next_update_is_believed_for_a_while(void **state)
{
    const int64_t last = FACTORY_NOW - 3600 + OCSP_LIFE_WITHOUT_NEXT_UPDATE;
    struct ocsp_fixture fixture;
    (void)state;
    begin(&fixture);
    fixture.order.single[0].ends = -1;
    ANSWERS_AT(&fixture, last, OCSP_GOOD);
    assert_int_equal(fixture.finding.until, last);
    ANSWERS_AT(&fixture, last + 1, OCSP_UNUSABLE);
    ocsp_fixture_end(&fixture);
}

static void an_answer_that_is_not_in_force_yet_is_not_believed(void **state)
{
    const int64_t later = FACTORY_NOW + OCSP_CLOCK_SKEW + 10;
    struct ocsp_fixture fixture;
    (void)state;
    begin(&fixture);
    fixture.order.single[0].status = 'r'; /* not even then */
    fixture.order.single[0].this_update = later;
    UNUSABLE(&fixture, "its answer is not in force yet");
    assert_int_equal(fixture.finding.until, FACTORY_NOW + 9);
    fixture.order.produced_at = later;
    UNUSABLE(&fixture, "it was signed in the future");
    ANSWERS_AT(&fixture, FACTORY_NOW + 10, OCSP_REVOKED);
    ocsp_fixture_end(&fixture);
}

static void an_answer_is_signed_within_its_time(void **state)
{
    struct ocsp_fixture fixture;
    (void)state;
    begin(&fixture);
    fixture.order.produced_at = FACTORY_NOW - 3600 - OCSP_CLOCK_SKEW - 1;
    UNUSABLE(&fixture, "its answer is newer than its signature");
    fixture.order.produced_at = FACTORY_NOW - 3600 - OCSP_CLOCK_SKEW;
    ANSWERS(&fixture, OCSP_GOOD);
    fixture.order.produced_at = FACTORY_NOW + 10;
    fixture.order.single[0].ends = FACTORY_NOW + 9;
    UNUSABLE(&fixture, "its answer had ended when it was signed");
    ocsp_fixture_end(&fixture);
}

static void a_revocation_counts_after_its_end(void **state)
{
    struct ocsp_fixture fixture;
    struct factory_order delegate = ocsp_delegate_order;
    (void)state;
    begin(&fixture);
    fixture.order.single[0].status = 'r';
    ANSWERS_AT(&fixture, FACTORY_NOW + 30 * FACTORY_DAY, OCSP_REVOKED);
    delegate.not_after = FACTORY_NOW + 10;
    ocsp_fixture_delegate(&fixture, &delegate);
    ANSWERS_AT(&fixture, FACTORY_NOW + 30 * FACTORY_DAY, OCSP_REVOKED);
    assert_int_equal(fixture.finding.until, INT64_MAX);
    delegate.not_after = FACTORY_NOW - 1801; /* before producedAt */
    ocsp_fixture_delegate(&fixture, &delegate);
    ANSWERS_AT(&fixture, FACTORY_NOW + 30 * FACTORY_DAY, OCSP_UNUSABLE);
    ocsp_fixture_end(&fixture);
}

/* ---- who says it ---- */

static void the_issuer_answers_by_key_or_by_name(void **state)
{
    struct ocsp_fixture fixture;
    (void)state;
    begin(&fixture);
    fixture.order.name = "ca"; /* case and kind of string do not matter */
    ANSWERS(&fixture, OCSP_GOOD);
    fixture.order.name = "Someone";
    UNUSABLE(&fixture, "its responderID names neither the issuer nor a certificate in it");
    fixture.order.name = NULL;
    fixture.order.flags = OCSP_FACTORY_BAD_SIGNATURE;
    UNUSABLE(&fixture, "its signature does not verify");
    ocsp_fixture_end(&fixture);
}

static void a_delegate_of_the_issuer_answers(void **state)
{
    struct ocsp_fixture fixture;
    struct factory_order delegate = ocsp_delegate_order;
    (void)state;
    begin(&fixture);
    ocsp_fixture_delegate(&fixture, &delegate);
    ANSWERS(&fixture, OCSP_GOOD);
    assert_non_null(fixture.finding.delegate);
    fixture.order.name = "Responder";
    ANSWERS(&fixture, OCSP_GOOD);
    fixture.order.name = "CA"; /* names the issuer, who did not sign */
    UNUSABLE(&fixture, "its signature does not verify");
    fixture.order.name = "leaf";
    UNUSABLE(&fixture, "its responderID names neither the issuer nor a certificate in it");
    fixture.order.name = NULL;
    fixture.order.certificate[0] = NULL; /* it has to be sent along */
    UNUSABLE(&fixture, "its responderID names neither the issuer nor a certificate in it");
    delegate.key_usage = 0; /* does not have to be there */
    ocsp_fixture_delegate(&fixture, &delegate);
    ANSWERS(&fixture, OCSP_GOOD);
    fixture.order.flags = OCSP_FACTORY_BAD_SIGNATURE;
    UNUSABLE(&fixture, "its signature does not verify");
    ocsp_fixture_end(&fixture);
}

static void whether_the_delegate_is_to_be_checked_is_reported(void **state)
{
    struct ocsp_fixture fixture;
    struct factory_order delegate = ocsp_delegate_order;
    (void)state;
    begin(&fixture);
    ocsp_fixture_delegate(&fixture, &delegate);
    assert_false(fixture.delegate->has_ocsp_no_check);
    delegate.flags = FACTORY_OCSP_NO_CHECK;
    ocsp_fixture_delegate(&fixture, &delegate);
    assert_true(fixture.delegate->has_ocsp_no_check);
    ANSWERS(&fixture, OCSP_GOOD);
    delegate.flags = FACTORY_OCSP_NO_CHECK_WRONG;
    ocsp_fixture_delegate(&fixture, &delegate);
    UNUSABLE(&fixture, "id-pkix-ocsp-nocheck cannot be read");
    ocsp_fixture_end(&fixture);
}

static void others_are_no_delegates(void **state)
{
    struct ocsp_fixture fixture;
    (void)state;
    begin(&fixture);
#define REFUSED(field, value, clause)                                                                        \
    do {                                                                                                     \
        struct factory_order delegate = ocsp_delegate_order;                                                 \
        delegate.field = value;                                                                              \
        ocsp_fixture_delegate(&fixture, &delegate);                                                          \
        UNUSABLE(&fixture, clause);                                                                          \
    } while (0)
    REFUSED(issuer, "Other CA", "the certificate of its signer is of another issuer");
    REFUSED(issuer_key, OCSP_OTHER_CA, "the certificate of its signer is not signed by the issuer");
    REFUSED(usages, NULL, "the certificate of its signer lacks id-kp-OCSPSigning");
    REFUSED(usages, "sca", "the certificate of its signer lacks id-kp-OCSPSigning");
    REFUSED(ca, true, "the certificate of its signer is that of a CA");
    REFUSED(key_usage, 0x8, "the keyUsage of its signer lacks digitalSignature");
    REFUSED(flags, FACTORY_UNKNOWN_CRITICAL,
            "the certificate of its signer has a critical extension that is not known");
    REFUSED(flags, FACTORY_BAD_SIGNATURE, "the certificate of its signer is not signed by the issuer");
    REFUSED(flags, FACTORY_SHA1,
            "the signature is made with an algorithm that is not believed (MD5, SHA-1, DSA, unknown)");
    REFUSED(flags, FACTORY_INNER_ALGORITHM, "the signature algorithms inside and outside differ");
    REFUSED(flags, FACTORY_SERIAL_ZERO,
            "its serial number is not positive, or longer than 20 octets (RFC 5280 4.1.2.2)");
    REFUSED(not_after, FACTORY_NOW - 1, "the certificate of its signer has expired");
    REFUSED(not_before, FACTORY_NOW + 1, "the certificate of its signer is not valid yet");
#undef REFUSED
    ocsp_fixture_end(&fixture);
}

/* Both kinds of delegate of another CA, which is trusted for others: neither its own key nor what it signs
 * counts here. */
static void another_ca_does_not_answer(void **state)
{
    struct ocsp_fixture fixture;
    struct factory_order delegate = ocsp_delegate_order;
    (void)state;
    begin(&fixture);
    fixture.order.key = OCSP_OTHER_CA;
    UNUSABLE(&fixture, "its responderID names neither the issuer nor a certificate in it");
    fixture.order.certificate[0] = fixture.other_ca;
    UNUSABLE(&fixture, "the certificate of its signer is of another issuer");
    delegate.issuer = "Other CA";
    delegate.issuer_key = OCSP_OTHER_CA;
    ocsp_fixture_delegate(&fixture, &delegate);
    fixture.order.certificate[1] = fixture.other_ca;
    UNUSABLE(&fixture, "the certificate of its signer is of another issuer");
    ocsp_fixture_end(&fixture);
}

static void the_leaf_does_not_answer_for_itself(void **state)
{
    struct ocsp_fixture fixture;
    (void)state;
    begin(&fixture);
    fixture.order.key = OCSP_LEAF;
    fixture.order.certificate[0] = fixture.leaf;
    UNUSABLE(&fixture, "the certificate of its signer lacks id-kp-OCSPSigning");
    ocsp_fixture_end(&fixture);
}

static void a_good_answer_ends_with_its_delegate(void **state)
{
    struct ocsp_fixture fixture;
    struct factory_order delegate = ocsp_delegate_order;
    (void)state;
    begin(&fixture);
    delegate.not_after = FACTORY_NOW + 60;
    ocsp_fixture_delegate(&fixture, &delegate);
    ANSWERS(&fixture, OCSP_GOOD);
    assert_int_equal(fixture.finding.until, FACTORY_NOW + 60);
    ANSWERS_AT(&fixture, FACTORY_NOW + 61, OCSP_UNUSABLE);
    ocsp_fixture_end(&fixture);
}

/* Delegates of one name: the right one is found behind one that did not sign, and many cost no more than the
 * bound. */
static void signature_checks_are_bounded(void **state)
{
    struct ocsp_fixture fixture;
    struct factory_order order = ocsp_delegate_order;
    struct certificate *wrong[4];
    (void)state;
    begin(&fixture);
    ocsp_fixture_delegate(&fixture, &order);
    for (int i = 0; i < 4; i++) {
        order.key = OCSP_STRANGER + i;
        wrong[i] = factory_certificate(&order);
    }
    fixture.order.name = "Responder";
    fixture.order.certificate[0] = wrong[0];
    fixture.order.certificate[1] = fixture.delegate;
    ANSWERS(&fixture, OCSP_GOOD);
    for (size_t i = 0; i < 4; i++)
        fixture.order.certificate[i] = wrong[i];
    fixture.order.certificate[4] = fixture.delegate;
    UNUSABLE(&fixture, "too many signatures would have to be checked");
    for (size_t i = 0; i < 4; i++)
        certificate_destroy(wrong[i]);
    ocsp_fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_revoked_and_unknown_are_told_apart),
        cmocka_unit_test(it_must_speak_of_this_certificate),
        cmocka_unit_test(the_worst_of_several_answers_counts),
        cmocka_unit_test(an_answer_is_in_force_from_this_update_to_next_update),
        cmocka_unit_test(an_answer_without_next_update_is_believed_for_a_while),
        cmocka_unit_test(an_answer_that_is_not_in_force_yet_is_not_believed),
        cmocka_unit_test(an_answer_is_signed_within_its_time),
        cmocka_unit_test(a_revocation_counts_after_its_end),
        cmocka_unit_test(the_issuer_answers_by_key_or_by_name),
        cmocka_unit_test(a_delegate_of_the_issuer_answers),
        cmocka_unit_test(whether_the_delegate_is_to_be_checked_is_reported),
        cmocka_unit_test(others_are_no_delegates),
        cmocka_unit_test(another_ca_does_not_answer),
        cmocka_unit_test(the_leaf_does_not_answer_for_itself),
        cmocka_unit_test(a_good_answer_ends_with_its_delegate),
        cmocka_unit_test(signature_checks_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
