/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Dates, base64, PEM, UTF-8 and quantities, as files hold them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/calendar.h"
#include "policy/pem.h"
#include "policy/utf8.h"
#include "policy/yaml_values.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- dates ---- */

static const struct {
    const char *written;
    int64_t seconds; /* -1: refused */
} times[] = {
    {"1970-01-01", 0},
    {"2026-01-01", 1767225600},
    {"2000-02-29", 951782400},
    {"2026-01-01T00:00:00Z", 1767225600},
    {"2026-01-01t00:00:00z", 1767225600},
    {"2026-01-01 00:00:00Z", 1767225600},
    {"2026-01-01T01:00:00+01:00", 1767225600},
    {"2025-12-31T19:30:00-04:30", 1767225600},
    {"2026-01-01T00:00:00.123456789012Z", 1767225600},
    {"9999-12-31T23:59:59Z", 253402300799},
    {"2026-02-29", -1},
    {"1900-02-29", -1},
    {"2026-13-01", -1},
    {"2026-00-01", -1},
    {"2026-01-00", -1},
    {"2026-1-1", -1},
    {"26-01-01", -1},
    {"2026-01-01T", -1},
    {"2026-01-01T24:00:00Z", -1},
    {"2026-01-01T00:60:00Z", -1},
    {"2026-01-01T00:00:60Z", -1},
    {"2026-01-01T00:00Z", -1},
    {"2026-01-01T00:00:00", -1},
    {"2026-01-01T00:00:00.Z", -1},
    {"2026-01-01T00:00:00+24:00", -1},
    {"2026-01-01T00:00:00+0100", -1},
    {"2026-01-01Z", -1},
    {" 2026-01-01", -1},
    {"2026-01-01 ", -1},
    {"", -1},
    {"tomorrow", -1},
};

static void dates_are_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        int64_t seconds = -1;
        if (!calendar_read(text_of(times[i].written), &seconds))
            seconds = -1;
        if (seconds != times[i].seconds)
            fail_msg("'%s' was read as %lld", times[i].written, (long long)seconds);
    }
}

static void every_day_is_written_as_it_is_read(void **state)
{
    (void)state;
    for (int64_t day = -719528; day < 2932897; day += 97) { /* year 0 to 9999 */
        char date[CALENDAR_DATE], time[CALENDAR_TIME];
        int64_t seconds, again = day * CALENDAR_DAY + 86399;
        assert_true(calendar_read(text_of(calendar_date(again, date)), &seconds));
        assert_int_equal(seconds, day * CALENDAR_DAY);
        assert_true(calendar_read(text_of(calendar_time(again, time)), &seconds));
        assert_int_equal(seconds, again);
    }
}

static void instants_beyond_the_calendar_are_never(void **state)
{
    (void)state;
    char date[CALENDAR_DATE], time[CALENDAR_TIME];
    assert_string_equal(calendar_date(INT64_MAX, date), "never");
    assert_string_equal(calendar_time(INT64_MIN, time), "never");
}

/* ---- base64 ---- */

static const struct {
    const char *written;
    bool spaces;
    const char *octets; /* NULL: refused */
} base64[] = {
    {"", false, ""},
    {"Zg==", false, "f"},
    {"Zm8=", false, "fo"},
    {"Zm9v", false, "foo"},
    {"Zm9vYg==", false, "foob"},
    {"Zm9v\nYmFy\n", true, "foobar"},
    {"Zm9v\nYmFy\n", false, NULL},
    {"Zm9", false, NULL}, /* no padding */
    {"Zg=", false, NULL},
    {"Zg===", false, NULL},
    {"Z===", false, NULL},
    {"====", false, NULL},
    {"=", false, NULL},
    {"Zh==", false, NULL}, /* bits that no octet uses */
    {"Zm9=", false, NULL},
    {"Zg==Zg==", false, NULL}, /* padding in the middle */
    {"Zm9v=", false, NULL},
    {"Zm-v", false, NULL}, /* another alphabet */
    {"Zm9v*", false, NULL},
    {"Zm9vYmFyYmF6", false, NULL}, /* more than there is room for */
};

static void base64_is_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(base64); i++) {
        unsigned char octets[8];
        size_t length = base64_decode(text_of(base64[i].written), base64[i].spaces, octets, sizeof(octets));
        bool same = base64[i].octets == NULL
                        ? length == SIZE_MAX
                        : length == strlen(base64[i].octets) && memcmp(octets, base64[i].octets, length) == 0;
        if (!same)
            fail_msg("'%s' gave %zu octets", base64[i].written, length);
    }
}

static void base64_comes_back(void **state)
{
    (void)state;
    unsigned char octets[40], again[40];
    char written[BASE64_LENGTH(40)];

    for (size_t length = 0; length <= sizeof(octets); length++) {
        for (size_t i = 0; i < length; i++)
            octets[i] = (unsigned char)(i * 37 + length * 11);
        base64_encode(octets, length, written);
        assert_int_equal(base64_decode(text_of(written), false, again, sizeof(again)), length);
        assert_memory_equal(octets, again, length);
    }
}

/* ---- PEM ---- */

static const struct {
    const char *text;
    enum pem_outcome outcome;
    const char *label;
} pems[] = {
    {"", PEM_END, NULL},
    {"text\n-----BEGIN\n", PEM_END, NULL},
    {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", PEM_BLOCK, "CERTIFICATE"},
    {"-----BEGIN CERTIFICATE-----\r\nAAAA\r\n-----END CERTIFICATE-----\r\n", PEM_BLOCK, "CERTIFICATE"},
    {"said before\n-----BEGIN X-----\n-----END X-----", PEM_BLOCK, "X"},
    {"-----BEGIN X-----\nAAAA\n", PEM_BROKEN, NULL},
    {"-----BEGIN X-----\nAAAA\n-----END Y-----\n", PEM_BROKEN, NULL},
    {"-----BEGIN X-----\nAAAA\n-----BEGIN X-----\nAAAA\n-----END X-----\n", PEM_BROKEN, NULL},
    {"-----BEGIN X-----", PEM_BROKEN, NULL},
};

static void pem_blocks_are_found_or_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pems); i++) {
        struct text rest = text_of(pems[i].text);
        size_t line = 1;
        struct pem_block block;
        enum pem_outcome outcome = pem_next(&rest, &line, &block);
        if (outcome != pems[i].outcome ||
            (pems[i].label != NULL && !text_equal(block.label, text_of(pems[i].label))))
            fail_msg("case %zu gave %d", i, (int)outcome);
    }
}

static void keys_are_known_by_every_label(void **state)
{
    (void)state;
    static const char *const labels[] = {"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY",
                                         "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"};
    for (size_t i = 0; i < COUNT(labels); i++) {
        struct pem_block block = {.label = text_of(labels[i])};
        assert_true(pem_is_private_key(&block));
        assert_false(pem_is_certificate(&block));
    }
    struct pem_block public = {.label = TEXT("PUBLIC KEY")};
    assert_false(pem_is_private_key(&public));
}

/* ---- UTF-8 ---- */

static void quotes_show_what_nobody_sees(void **state)
{
    (void)state;
    char quoted[UTF8_QUOTED];
    assert_string_equal(utf8_quote(TEXT("a\x1b[31m\n"), quoted), "a\\x1b[31m\\x0a");
    assert_string_equal(utf8_quote(TEXT("\xc3\xbc\xff"), quoted), "\xc3\xbc\\xff");
    assert_string_equal(utf8_quote(TEXT_NONE, quoted), "");
}

static void quotes_of_any_length_fit(void **state)
{
    (void)state;
    char text[300], quoted[UTF8_QUOTED];
    for (size_t length = 0; length < sizeof(text); length++) {
        for (unsigned octet = 0; octet < 256; octet += 51) {
            memset(text, (int)octet, sizeof(text));
            assert_true(strlen(utf8_quote((struct text){text, length}, quoted)) < UTF8_QUOTED);
        }
    }
}

/* ---- quantities ---- */

static void quantities_are_written_as_one_would(void **state)
{
    (void)state;
    char to[QUANTITY_WRITTEN];
    assert_string_equal(yaml_write_size(0, to), "0B");
    assert_string_equal(yaml_write_size(1000, to), "1000B");
    assert_string_equal(yaml_write_size(262144, to), "256KiB");
    assert_string_equal(yaml_write_size(UINT64_MAX, to), "18446744073709551615B");
    assert_string_equal(yaml_write_duration(90000, to), "90s");
    assert_string_equal(yaml_write_duration(1200000, to), "20m");
    assert_string_equal(yaml_write_duration(1500, to), "1500ms");
    assert_string_equal(yaml_write_duration(172800000, to), "2d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_read_or_refused),
        cmocka_unit_test(every_day_is_written_as_it_is_read),
        cmocka_unit_test(instants_beyond_the_calendar_are_never),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(base64_comes_back),
        cmocka_unit_test(pem_blocks_are_found_or_broken),
        cmocka_unit_test(keys_are_known_by_every_label),
        cmocka_unit_test(quotes_show_what_nobody_sees),
        cmocka_unit_test(quotes_of_any_length_fit),
        cmocka_unit_test(quantities_are_written_as_one_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
