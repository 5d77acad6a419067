/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Can octets from outside break a line, forge one, or deceive whoever reads it? */
#include "gateway/log/json_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct escape_case {
    const char *name, *in, *out;
    size_t length; /* 0: up to the NUL */
};

static const struct escape_case cases[] = {
    {"plain", "sip:alice@corp.example", "sip:alice@corp.example", 0},
    {"quote and backslash", "a\"b\\c", "a\\\"b\\\\c", 0},
    {"a forged line", "x\"}\n{\"event\":\"session-accepted", "x\\\"}\\n{\\\"event\\\":\\\"session-accepted",
     0},
    {"CR, tab, DEL, ESC", "\r\t\x7f\x1b[2J", "\\r\\t\\u007f\\u001b[2J", 0},
    {"NUL", "a\0b", "a\\u0000b", 3},
    {"valid UTF-8", "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80", "Z\\u00fcrich \\u20ac \\ud83d\\ude00", 0},
    {"C1 control (CSI)",
     "\xc2\x9b"
     "2J",
     "\\u009b2J", 0},
    {"line separator",
     "a\xe2\x80\xa8"
     "b",
     "a\\u2028b", 0},
    {"right-to-left override",
     "\xe2\x80\xae"
     "evil",
     "\\u202eevil", 0},
    {"zero width",
     "a\xe2\x80\x8b"
     "b\xef\xbb\xbf",
     "a\\u200bb\\ufeff", 0},
    {"tag character", "\xf3\xa0\x81\x81", "\\udb40\\udc41", 0},
    {"lone continuation",
     "a\x80"
     "b",
     "a\\ufffdb", 0},
    {"Latin-1", "caf\xe9", "caf\\ufffd", 0},
    {"overlong slash", "\xc0\xaf", "\\ufffd\\ufffd", 0},
    {"overlong in three", "\xe0\x80\x8a", "\\ufffd\\ufffd\\ufffd", 0},
    {"surrogate", "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd", 0},
    {"beyond Unicode", "\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd", 0},
    {"cut sequence", "\xe2\x82", "\\ufffd\\ufffd", 0},
    {"0xff 0xfe", "\xff\xfe", "\\ufffd\\ufffd", 0},
};

static void each_octet_is_made_harmless(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[256];
        struct text in = {cases[i].in, cases[i].length == 0 ? strlen(cases[i].in) : cases[i].length};
        size_t length = json_line_escape(in, out, sizeof out);
        if (!text_equal((struct text){out, length}, text_of(cases[i].out))) {
            fail_msg("%s: %.*s", cases[i].name, (int)length, out);
        }
    }
}

/* Eight octets are looked at together: each octet must be seen in each place of them. */
static void each_octet_is_seen_in_each_place(void **state)
{
    (void)state;
    for (int octet = 0; octet < 256; octet++) {
        bool plain = octet >= 0x20 && octet < 0x7f && octet != '"' && octet != '\\';
        for (size_t place = 0; place < 17; place++) {
            char in[17], out[64];
            memset(in, place % 2 == 0 ? '~' : ' ', sizeof in);
            in[place] = (char)octet;
            size_t length = json_line_escape((struct text){in, sizeof in}, out, sizeof out);
            assert_int_equal(length == sizeof in, plain);
            assert_int_equal(out[place], plain ? octet : '\\');
        }
    }
}

static void escaping_never_runs_past_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text in = {cases[i].in, cases[i].length == 0 ? strlen(cases[i].in) : cases[i].length};
        size_t needed = strlen(cases[i].out);
        for (size_t size = 0; size <= needed; size++) {
            char *out = malloc(size + 1);
            assert_non_null(out);
            out[size] = '#';
            assert_int_equal(json_line_escape(in, out, size), size < needed ? SIZE_MAX : needed);
            assert_int_equal(out[size], '#');
            free(out);
        }
    }
}

static void members_come_in_order(void **state)
{
    (void)state;
    char line[256];
    struct json_line json;
    struct text names[] = {TEXT("dns:a"), TEXT("sip:b\"")};
    json_line_begin(&json, line, sizeof line);
    json_line_text(&json, JSON_KEY("event"), TEXT("request"));
    json_line_texts(&json, JSON_KEY("names"), names, 2);
    json_line_texts(&json, JSON_KEY("none"), NULL, 0);
    json_line_number(&json, JSON_KEY("status"), -404);
    size_t length = json_line_end(&json);
    assert_true(text_equal(
        (struct text){line, length},
        TEXT("{\"event\":\"request\",\"names\":[\"dns:a\",\"sip:b\\\"\"],\"none\":[],\"status\":-404}\n")));
    json_line_begin(&json, line, sizeof line);
    length = json_line_end(&json);
    assert_true(text_equal((struct text){line, length}, TEXT("{}\n")));
}

static void a_long_value_is_cut_before_a_character(void **state)
{
    (void)state;
    char value[2000], line[8192];
    for (size_t shift = 0; shift < 4; shift++) {
        struct json_line json;
        memset(value, 'x', shift);
        for (size_t i = shift; i + 4 <= sizeof value; i += 4) {
            memcpy(value + i, "\xf0\x9f\x98\x80", 4);
        }
        json_line_begin(&json, line, sizeof line);
        json_line_text(&json, JSON_KEY("v"), (struct text){value, 1600});
        size_t length = json_line_end(&json);
        assert_true(length <= JSON_LINE_VALUE_MOST * 3 + 20);
        assert_true(
            text_ends_with_ignoring_case((struct text){line, length}, TEXT("\\ud83d\\ude00...\"}\n")));
    }
}

/* Whatever the size and the octets, what comes out is one whole object on one line. */
static void what_does_not_fit_is_left_out_whole(void **state)
{
    (void)state;
    static const char hostile[] = "\"\\\n\x01\xff\xe2\x80\xae";
    for (size_t size = 64; size < 600; size++) {
        char *line = malloc(size);
        struct json_line json;
        struct text names[] = {text_of(hostile), text_of(hostile), text_of(hostile)};
        json_line_begin(&json, line, size);
        json_line_text(&json, JSON_KEY("time"), TEXT("now"));
        json_line_text(&json, JSON_KEY("from"), text_of(hostile));
        json_line_texts(&json, JSON_KEY("names"), names, 3);
        json_line_number(&json, JSON_KEY("status"), 200);
        json_line_text(&json, JSON_KEY("detail"), text_of(hostile));
        size_t length = json_line_end(&json);
        assert_true(length <= size);
        assert_memory_equal(line, "{\"time\":\"now\"", 13);
        assert_memory_equal(line + length - 2, "}\n", 2);
        assert_ptr_equal(memchr(line, '\n', length), line + length - 1);
        line[length - 1] = '\0';
        bool all = strstr(line, "\"from\"") != NULL && strstr(line, "\"names\"") != NULL &&
                   strstr(line, "\"detail\"") != NULL;
        assert_true(all || strstr(line, "\"cut\":true}") != NULL);
        free(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_octet_is_made_harmless),
        cmocka_unit_test(each_octet_is_seen_in_each_place),
        cmocka_unit_test(escaping_never_runs_past_the_end),
        cmocka_unit_test(members_come_in_order),
        cmocka_unit_test(a_long_value_is_cut_before_a_character),
        cmocka_unit_test(what_does_not_fit_is_left_out_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
