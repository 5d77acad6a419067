/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/tls/record_guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct header_case {
    const char *name;
    uint8_t header[5];
    bool passes;
};

static const struct header_case cases[] = {
    {"client hello", {22, 3, 1, 0x02, 0x00}, true},
    {"alert", {21, 3, 3, 0, 2}, true},
    {"change cipher spec", {20, 3, 3, 0, 1}, true},
    {"smallest data", {23, 3, 3, 0, 17}, true},
    {"data that is only a tag", {23, 3, 3, 0, 16}, false},
    {"empty data", {23, 3, 3, 0, 0}, false},
    {"empty handshake", {22, 3, 3, 0, 0}, false},
    {"largest record", {23, 3, 3, 0x41, 0x00}, true},
    {"over the largest record", {23, 3, 3, 0x41, 0x01}, false},
    {"longest length", {22, 3, 3, 0xff, 0xff}, false},
    {"heartbeat", {24, 3, 3, 0, 20}, false},
    {"type 19", {19, 3, 3, 0, 20}, false},
    {"type 0", {0, 3, 3, 0, 20}, false},
    {"SSL 2", {0x80, 0x2e, 1, 0, 2}, false},
    {"major 2", {22, 2, 3, 0, 20}, false},
    {"major 254, DTLS", {22, 254, 253, 0, 20}, false},
};

static void each_header_is_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record_guard guard = {0};
        bool passed = record_guard_pass(&guard, (struct text){(const char *)cases[i].header, 5});
        if (passed != cases[i].passes) {
            fail_msg("%s: %s", cases[i].name, passed ? "passed" : "stopped");
        }
    }
}

static void a_broken_stream_stays_broken(void **state)
{
    (void)state;
    struct record_guard guard = {0};
    assert_false(record_guard_pass(&guard, TEXT("\x17\x03\x03\x00\x10")));
    assert_false(record_guard_pass(&guard, TEXT("\x16\x03\x03\x00\x20")));
    assert_false(record_guard_pass(&guard, TEXT_NONE));
}

static void the_second_record_is_judged_in_any_fragments(void **state)
{
    (void)state;
    uint8_t stream[5 + 300 + 5 + 40 + 5];
    memset(stream, 0x17, sizeof stream);
    memcpy(stream, (uint8_t[]){22, 3, 1, 0x01, 0x2c}, 5);
    memcpy(stream + 305, (uint8_t[]){23, 3, 3, 0, 40}, 5);
    memcpy(stream + 350, (uint8_t[]){23, 3, 3, 0, 16}, 5);
    for (size_t fragment = 1; fragment <= sizeof stream; fragment++) {
        struct record_guard guard = {0};
        size_t at = 0, passed = 0;
        while (at < sizeof stream) {
            size_t here = sizeof stream - at < fragment ? sizeof stream - at : fragment;
            if (!record_guard_pass(&guard, (struct text){(const char *)stream + at, here})) {
                break;
            }
            passed = at += here;
        }
        assert_true(passed < sizeof stream);
        assert_int_equal(guard.records, 2);
        assert_true(guard.broken);
        assert_false(record_guard_saw_text(&guard));
    }
}

static void plain_sip_is_known_as_text(void **state)
{
    (void)state;
    static const char *texts[] = {"OPTIONS sip:x SIP/2.0\r\n", "\r\n\r\n", "I", "GET / HTTP/1.1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct record_guard guard = {0};
        assert_false(record_guard_pass(&guard, text_of(texts[i])));
        assert_true(record_guard_saw_text(&guard));
    }
    struct record_guard guard = {0};
    assert_false(record_guard_pass(&guard, TEXT("\x80\x2e\x01\x00\x02")));
    assert_false(record_guard_saw_text(&guard));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_header_is_judged),
        cmocka_unit_test(a_broken_stream_stays_broken),
        cmocka_unit_test(the_second_record_is_judged_in_any_fragments),
        cmocka_unit_test(plain_sip_is_known_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
