/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLSA records by themselves; what a peer may do with one is in the tables of test/policy-cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "policy/dane.h"

static const char zeros[TLSA_DATA_LONGEST + 1];

static struct tlsa_record record_of(uint8_t usage, uint8_t selector, uint8_t matching, size_t length)
{
    return (struct tlsa_record){usage, selector, matching, {zeros, length}};
}

static bool counts_alone(struct tlsa_record record)
{
    struct tlsa_answer answer = {.record = &record, .count = 1};
    return tlsa_record_counts(&answer, 0);
}

static void records_that_are_understood_and_whole_count(void **state)
{
    (void)state;
    for (unsigned usage = 0; usage < 256; usage++) {
        assert_int_equal(counts_alone(record_of((uint8_t)usage, 1, 1, 32)), usage <= 3);
        assert_int_equal(counts_alone(record_of(3, (uint8_t)usage, 1, 32)), usage <= 1);
        assert_int_equal(counts_alone(record_of(3, 1, (uint8_t)usage, 32)), usage <= 1);
        assert_int_equal(counts_alone(record_of(3, 1, (uint8_t)usage, 64)), usage == 0 || usage == 2);
    }
    assert_false(counts_alone(record_of(3, 1, 1, 31)));
    assert_false(counts_alone(record_of(3, 1, 1, 33)));
    assert_false(counts_alone(record_of(3, 1, 2, 63)));
    assert_false(counts_alone(record_of(3, 1, 0, 0)));
    assert_true(counts_alone(record_of(3, 1, 0, 1)));
    assert_true(counts_alone(record_of(3, 1, 0, TLSA_DATA_LONGEST)));
    assert_false(counts_alone(record_of(3, 1, 0, TLSA_DATA_LONGEST + 1)));
}

static void of_digests_the_strongest_of_its_kind_counts(void **state)
{
    struct tlsa_record record[] = {record_of(3, 1, 1, 32), record_of(3, 1, 2, 64), record_of(3, 0, 1, 32),
                                   record_of(2, 1, 1, 32), record_of(3, 1, 0, 91), record_of(2, 1, 2, 32)};
    struct tlsa_answer answer = {.record = record, .count = 6};
    (void)state;
    assert_false(tlsa_record_counts(&answer, 0));
    assert_true(tlsa_record_counts(&answer, 1));
    assert_true(tlsa_record_counts(&answer, 2));
    assert_true(tlsa_record_counts(&answer, 3)); /* its stronger sister is broken */
    assert_true(tlsa_record_counts(&answer, 4));
    assert_false(tlsa_record_counts(&answer, 5));
}

static void records_beyond_the_bound_are_not_looked_at(void **state)
{
    struct tlsa_record record[TLSA_RECORDS_MOST + 1];
    struct tlsa_answer answer = {.record = record, .count = TLSA_RECORDS_MOST + 1};
    (void)state;
    for (size_t i = 0; i < answer.count; i++)
        record[i] = record_of(3, 1, 1, 32);
    record[TLSA_RECORDS_MOST] = record_of(3, 1, 2, 64);
    assert_true(tlsa_record_counts(&answer, TLSA_RECORDS_MOST - 1));
    assert_false(tlsa_record_counts(&answer, TLSA_RECORDS_MOST));
}

static void an_answer_is_worth_what_dnssec_says(void **state)
{
    static const struct {
        enum reason outcome;
        enum dns_security security;
        enum reason expected;
    } rows[] = {
        {REASON_OK, DNS_SECURE, REASON_OK},
        {REASON_OK, DNS_INSECURE, REASON_TLSA_MISMATCH},
        {REASON_OK, DNS_BOGUS, REASON_DNS_BOGUS},
        {REASON_TLSA_MISMATCH, DNS_SECURE, REASON_TLSA_MISMATCH},
        {REASON_DNS_BOGUS, DNS_BOGUS, REASON_DNS_BOGUS},
        {REASON_DNS_FAILED, DNS_INSECURE, REASON_DNS_FAILED},
        {REASON_ADDRESS_NOT_FOUND, DNS_SECURE, REASON_ADDRESS_NOT_FOUND},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tlsa_answer answer = {.outcome = rows[i].outcome, .security = rows[i].security};
        assert_int_equal(tlsa_answer_reason(&answer), rows[i].expected);
    }
    assert_int_equal(tlsa_answer_reason(NULL), REASON_TLSA_MISMATCH);
}

static void a_record_is_shown_short(void **state)
{
    static const char octets[] = "\x4b\xf5\x12\x2f\x34";
    struct tlsa_record record = {3, 1, 1, {octets, 5}}, longest = {255, 255, 255, {octets, 5}},
                       empty = {2, 0, 0, {octets, 0}};
    char to[TLSA_SHOWN];
    (void)state;
    assert_string_equal(tlsa_record_print(&record, to), "3 1 1 4bf5122f...");
    assert_string_equal(tlsa_record_print(&longest, to), "255 255 255 4bf5122f...");
    assert_string_equal(tlsa_record_print(&empty, to), "2 0 0 ...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_that_are_understood_and_whole_count),
        cmocka_unit_test(of_digests_the_strongest_of_its_kind_counts),
        cmocka_unit_test(records_beyond_the_bound_are_not_looked_at),
        cmocka_unit_test(an_answer_is_worth_what_dnssec_says),
        cmocka_unit_test(a_record_is_shown_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
