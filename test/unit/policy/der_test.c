/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways for DER to be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "policy/der.h"

static void lengths_must_be_the_shortest_and_inside(void **state)
{
    static const struct {
        struct text octets;
        bool good;
        size_t content;
    } cases[] = {
        {DER_OCTETS("\x04\x00"), true, 0},
        {DER_OCTETS("\x04\x02"
                    "ab"),
         true, 2},
        {DER_OCTETS("\x04"), false, 0},
        {DER_OCTETS(""), false, 0},
        {DER_OCTETS("\x04\x02"
                    "a"),
         false, 0},
        {DER_OCTETS("\x04\x80"
                    "\x00\x00"),
         false, 0}, /* indefinite */
        {DER_OCTETS("\x04\x81\x02"
                    "ab"),
         false, 0}, /* one octet would do */
        {DER_OCTETS("\x04\x82\x00\x02"
                    "ab"),
         false, 0},
        {DER_OCTETS("\x04\x81"), false, 0},
        {DER_OCTETS("\x04\x84\xff\xff\xff\xff"
                    "a"),
         false, 0},
        {DER_OCTETS("\x04\x85\x01\x00\x00\x00\x00"
                    "a"),
         false, 0}, /* five length octets */
        {DER_OCTETS("\x04\xff"
                    "a"),
         false, 0},
        {DER_OCTETS("\x1f\x01"
                    "a"),
         false, 0}, /* a long tag */
        {DER_OCTETS("\x3f\x81\x01"
                    "a"),
         false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text rest = cases[i].octets;
        struct der_value value;
        assert_int_equal(der_next(&rest, &value), cases[i].good);
        if (cases[i].good)
            assert_int_equal(value.content.length, cases[i].content);
        else
            assert_ptr_equal(rest.at, cases[i].octets.at);
    }
}

static void long_lengths_are_read(void **state)
{
    static char octets[4 + 300] = {0x04, (char)0x82, 0x01, 0x2c};
    struct text rest = {octets, sizeof(octets)};
    struct der_value value;

    (void)state;
    assert_true(der_next(&rest, &value));
    assert_int_equal(value.content.length, 300);
    assert_int_equal(value.whole.length, 304);
    assert_int_equal(rest.length, 0);
    rest = (struct text){octets, sizeof(octets) - 1};
    assert_false(der_next(&rest, &value));
}

static void nothing_may_follow(void **state)
{
    struct text content;
    (void)state;
    assert_true(der_only(TEXT("\x30\x00"), DER_SEQUENCE, &content));
    assert_false(der_only(TEXT("\x30\x00\x00"), DER_SEQUENCE, &content));
    assert_false(der_only(TEXT("\x31\x00"), DER_SEQUENCE, &content));
}

static void booleans(void **state)
{
    bool value;
    (void)state;
    assert_true(der_boolean(TEXT("\xff"), &value) && value);
    assert_true(der_boolean(TEXT("\x00"), &value) && !value);
    assert_false(der_boolean(TEXT("\x01"), &value));
    assert_false(der_boolean(TEXT(""), &value));
    assert_false(der_boolean(TEXT("\xff\xff"), &value));
}

static void integers(void **state)
{
    static const struct {
        struct text content;
        bool integer, positive, small;
        uint32_t value;
    } cases[] = {
        {DER_OCTETS(""), false, false, false, 0},
        {DER_OCTETS("\x00"), true, false, true, 0},
        {DER_OCTETS("\x01"), true, true, true, 1},
        {DER_OCTETS("\x7f"), true, true, true, 127},
        {DER_OCTETS("\x80"), true, false, false, 0},
        {DER_OCTETS("\x00\x80"), true, true, true, 128},
        {DER_OCTETS("\x00\x7f"), false, false, false, 0}, /* padded */
        {DER_OCTETS("\xff\x80"), false, false, false, 0}, /* padded */
        {DER_OCTETS("\xff\x7f"), true, false, false, 0},
        {DER_OCTETS("\x00\xff\xff\xff\xff"), true, true, true, 0xffffffff},
        {DER_OCTETS("\x01\x00\x00\x00\x00"), true, true, false, 0},
        {DER_OCTETS("\x00\xff\xff\xff\xff\xff"), true, true, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text magnitude;
        uint32_t value;
        assert_int_equal(der_is_integer(cases[i].content), cases[i].integer);
        assert_int_equal(der_positive_integer(cases[i].content, &magnitude), cases[i].positive);
        assert_int_equal(der_small_integer(cases[i].content, UINT32_MAX, &value), cases[i].small);
        if (cases[i].small)
            assert_int_equal(value, cases[i].value);
    }
    uint32_t value;
    assert_false(der_small_integer(TEXT("\x08"), 7, &value));
}

static void bit_strings(void **state)
{
    struct text octets;
    uint32_t bits;

    (void)state;
    assert_true(der_bit_octets(TEXT("\x00"
                                    "ab"),
                               &octets));
    assert_int_equal(octets.length, 2);
    assert_false(der_bit_octets(TEXT("\x01"
                                     "ab"),
                                &octets));
    assert_false(der_bit_octets(TEXT(""), &octets));

    assert_true(der_named_bits(TEXT("\x05\xa0"), &bits));
    assert_int_equal(bits, 0x5); /* digitalSignature, keyEncipherment */
    assert_true(der_named_bits(TEXT("\x01\x06"), &bits));
    assert_int_equal(bits, 0x60); /* keyCertSign, cRLSign */
    assert_true(der_named_bits(TEXT("\x07\x00\x80"), &bits));
    assert_int_equal(bits, 0x100); /* decipherOnly */
    assert_true(der_named_bits(TEXT("\x00"), &bits));
    assert_int_equal(bits, 0);
    assert_true(der_named_bits(TEXT("\x07\x06\x00"), &bits)); /* as in public roots */
    assert_int_equal(bits, 0x60);
    assert_false(der_named_bits(TEXT("\x08\x80"), &bits));
    assert_false(der_named_bits(TEXT("\x05\xa1"), &bits)); /* an unused bit is set */
    assert_false(der_named_bits(TEXT("\x01"), &bits));
    assert_false(der_named_bits(TEXT("\x00\x01\x01\x01"), &bits));
    assert_false(der_named_bits(TEXT(""), &bits));
}

static void oids(void **state)
{
    (void)state;
    assert_true(der_is_oid(TEXT("\x55\x1d\x13")));
    assert_true(der_is_oid(TEXT("\x2a\x86\x48")));
    assert_false(der_is_oid(TEXT("")));
    assert_false(der_is_oid(TEXT("\x55\x9d")));         /* ends within an arc */
    assert_false(der_is_oid(TEXT("\x55\x80\x1d\x13"))); /* a padded arc */
}

static void times(void **state)
{
    static const struct {
        uint8_t tag;
        const char *content;
        bool good;
        int64_t seconds;
    } cases[] = {
        {DER_UTC_TIME, "700101000000Z", true, 0},
        {DER_UTC_TIME, "231114221320Z", true, 1700000000},
        {DER_UTC_TIME, "500101000000Z", true, -631152000},
        {DER_UTC_TIME, "491231235959Z", true, 2524607999},
        {DER_GENERALIZED_TIME, "19700101000000Z", true, 0},
        {DER_GENERALIZED_TIME, "20500101000000Z", true, 2524608000},
        {DER_GENERALIZED_TIME, "99991231235959Z", true, 253402300799},
        {DER_GENERALIZED_TIME, "00010101000000Z", true, -62135596800},
        {DER_GENERALIZED_TIME, "00000101000000Z", true, -62167219200},
        {DER_UTC_TIME, "000229000000Z", true, 951782400},
        {DER_UTC_TIME, "230229000000Z", false, 0},
        {DER_GENERALIZED_TIME, "21000229000000Z", false, 0},
        {DER_UTC_TIME, "231301000000Z", false, 0},
        {DER_UTC_TIME, "230001000000Z", false, 0},
        {DER_UTC_TIME, "230100000000Z", false, 0},
        {DER_UTC_TIME, "230431000000Z", false, 0},
        {DER_UTC_TIME, "230101240000Z", false, 0},
        {DER_UTC_TIME, "230101006000Z", false, 0},
        {DER_UTC_TIME, "230101000060Z", false, 0},
        {DER_UTC_TIME, "2301010000Z", false, 0},
        {DER_UTC_TIME, "230101000000", false, 0},
        {DER_UTC_TIME, "230101000000z", false, 0},
        {DER_UTC_TIME, "230101000000+0000", false, 0},
        {DER_UTC_TIME, "23010100000 Z", false, 0},
        {DER_UTC_TIME, "-30101000000Z", false, 0},
        {DER_UTC_TIME, "", false, 0},
        {DER_GENERALIZED_TIME, "20230101000000.5Z", false, 0},
        {DER_GENERALIZED_TIME, "20230101000000", false, 0},
        {DER_GENERALIZED_TIME, "230101000000Z", false, 0},
        {DER_OCTET_STRING, "20230101000000Z", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t seconds = 0;
        assert_int_equal(der_time(cases[i].tag, text_of(cases[i].content), &seconds), cases[i].good);
        if (cases[i].good)
            assert_true(seconds == cases[i].seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_must_be_the_shortest_and_inside),
        cmocka_unit_test(long_lengths_are_read),
        cmocka_unit_test(nothing_may_follow),
        cmocka_unit_test(booleans),
        cmocka_unit_test(integers),
        cmocka_unit_test(bit_strings),
        cmocka_unit_test(oids),
        cmocka_unit_test(times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
