/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip_test.h"

#include "gateway/sip/octet.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* RFC 3261 25.1, rule by rule. */
static void classes_are_those_of_the_grammar(void **state)
{
    static const struct {
        unsigned class;
        const char *others; /* besides letters and digits */
    } cases[] = {
        {OCTET_TOKEN, "-.!%*_+`'~"},
        {OCTET_USER, "-_.!~*'()&=+$,;?/:%"},
        {OCTET_VISIBLE, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
        {OCTET_VALUE, "!#$%&'()*+-./:=?[]^_`{|}~"},
        {OCTET_NAME, "-.!%*_+`'~[]/:&$()"},
        {OCTET_URI, "!#$%&'()*+,-./:;=?@[]_~"},
        {OCTET_URI_PLAIN, "!#$&'()*+,-./:=[]_~"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (int c = 0; c < 256; c++) {
            bool is_in = c < 128 && c > 0 && (isalnum(c) || strchr(cases[i].others, c) != NULL);
            if (octet_is((char)c, cases[i].class) != is_in)
                fail_msg("octet 0x%02x, class 0x%02x", (unsigned)c, cases[i].class);
        }
    }
    for (int c = 0; c < 256; c++) {
        assert_int_equal(octet_is((char)c, OCTET_BLANK), c != 0 && c < 128 && strchr(" \t\r\n", c) != NULL);
        assert_int_equal(octet_is((char)c, OCTET_HEX), c < 128 && isxdigit(c) != 0);
    }
}

static void every_known_name_is_recognised_in_any_case(void **state)
{
    static const struct {
        const char *name;
        enum sip_header_kind kind;
        char compact;
    } cases[] = {
#define X(kind, text, compact, single) {(text), SIP_HEADER_##kind, (compact)},
        SIP_HEADERS(X)
#undef X
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char name[64] = "";
        assert_true(strlen(cases[i].name) < sizeof(name));
        assert_int_equal(sip_header_kind_of(text_of(cases[i].name)), cases[i].kind);
        for (size_t k = 0; cases[i].name[k] != '\0'; k++)
            name[k] = (char)toupper((unsigned char)cases[i].name[k]);
        assert_int_equal(sip_header_kind_of(text_of(name)), cases[i].kind);
        for (size_t k = 0; name[k] != '\0'; k++)
            name[k] = (char)tolower((unsigned char)name[k]);
        assert_int_equal(sip_header_kind_of(text_of(name)), cases[i].kind);
        if (cases[i].compact != 0) {
            char upper = (char)toupper((unsigned char)cases[i].compact);
            assert_int_equal(sip_header_kind_of((struct text){&cases[i].compact, 1}), cases[i].kind);
            assert_int_equal(sip_header_kind_of((struct text){&upper, 1}), cases[i].kind);
        }
    }
}

/* Every known name with one octet changed is another name, also where only bit 5 differs. */
static void a_name_that_differs_anywhere_is_another(void **state)
{
    (void)state;
    for (int kind = 1; kind < SIP_HEADER_KINDS; kind++) {
        struct text name = text_of(sip_header_name((enum sip_header_kind)kind));
        char changed[64];
        for (size_t at = 0; at < name.length; at++) {
            for (int c = 0; c < 256; c++) {
                if (tolower(c) == tolower((unsigned char)name.at[at]))
                    continue;
                memcpy(changed, name.at, name.length);
                changed[at] = (char)c;
                enum sip_header_kind found = sip_header_kind_of((struct text){changed, name.length});
                if (found == (enum sip_header_kind)kind)
                    fail_msg("%s with 0x%02x at %zu", name.at, (unsigned)c, at);
            }
        }
        if (name.length > 2) /* "T" is To */
            assert_int_not_equal(sip_header_kind_of((struct text){name.at, name.length - 1}), kind);
    }
    assert_int_equal(sip_header_kind_of(TEXT_NONE), SIP_HEADER_OTHER);
    assert_int_equal(sip_header_kind_of(TEXT("Content-Lengthy")), SIP_HEADER_OTHER);
    assert_int_equal(sip_header_kind_of(TEXT("Content_Length")), SIP_HEADER_OTHER);
}

static void a_line_is_cut_into_name_and_value(void **state)
{
    static const struct {
        struct text line;
        const char *name, *value; /* NULL: refused */
    } cases[] = {
        {{"Subject: hello\r\n", 16}, "Subject", "hello"},
        {{"s:hello\r\n", 9}, "s", "hello"},
        {{"Subject \t : \t hello there \t\r\n", 29}, "Subject", "hello there"},
        {{"Subject:\r\n hello\r\n  there\r\n", 27}, "Subject", "hello\r\n  there"},
        {{"Subject:\r\n", 10}, "Subject", ""},
        {{"a!%*_+`'~.-z: v\r\n", 17}, "a!%*_+`'~.-z", "v"},
        {{"no colon\r\n", 10}, NULL, NULL},
        {{"\r\n", 2}, NULL, NULL},
        {{": no name\r\n", 11}, NULL, NULL},
        {{"two words: x\r\n", 14}, NULL, NULL},
        {{"fold\r\n : x\r\n", 12}, NULL, NULL},
        {{"nul\0: x\r\n", 9}, NULL, NULL},
        {{"br(cket: x\r\n", 12}, NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sip_header header;
        assert_int_equal(sip_header_read(cases[i].line, &header), cases[i].name != NULL);
        if (cases[i].name == NULL)
            continue;
        assert_text(header.name, cases[i].name);
        assert_text(header.value, cases[i].value);
        assert_int_equal(header.line.length, cases[i].line.length);
    }
}

static void line_ends_are_crlf_and_nothing_else(void **state)
{
    static const struct {
        struct text octets;
        enum sip_line found;
        size_t end;
    } cases[] = {
        {{"a: b\r\nc", 7}, SIP_LINE_COMPLETE, 6},
        {{"a: b\r\n\r\n", 8}, SIP_LINE_COMPLETE, 6},
        {{"a: b\r\n c\r\n\td\r\n\r", 15}, SIP_LINE_COMPLETE, 14},
        {{"\r\n", 2}, SIP_LINE_EMPTY, 2},
        {{"\r\n body", 7}, SIP_LINE_EMPTY, 2},
        {{"", 0}, SIP_LINE_NEED_MORE, 0},
        {{"a: b", 4}, SIP_LINE_NEED_MORE, 0},
        {{"a: b\r", 5}, SIP_LINE_NEED_MORE, 0},
        {{"a: b\r\n", 6}, SIP_LINE_NEED_MORE, 0},
        {{"a: b\r\n c", 8}, SIP_LINE_NEED_MORE, 0},
        {{"\r", 1}, SIP_LINE_NEED_MORE, 0},
        {{"a: b\nc: d\r\n\r", 12}, SIP_LINE_BROKEN, 0},
        {{"a: b\rc: d\r\n\r", 12}, SIP_LINE_BROKEN, 0},
        {{"a: b\r\r\n\r\n", 9}, SIP_LINE_BROKEN, 0},
        {{"\n", 1}, SIP_LINE_BROKEN, 0},
        {{"a: b\r\n \r\n\r\n", 11}, SIP_LINE_BROKEN, 0},
        {{"a: b\r\n \t \r\n c\r\n\r\n", 17}, SIP_LINE_BROKEN, 0},
        {{"a: \0\r\nc", 7}, SIP_LINE_BROKEN, 0},
        {{"a: \"\\\0\"\r\nc", 10}, SIP_LINE_COMPLETE, 9},
        {{"a: \"\\\\\0\"\r\nc", 11}, SIP_LINE_BROKEN, 0},
        {{"a: \x01\x1f\x7f\x80\xff\tx\r\nc", 13}, SIP_LINE_COMPLETE, 12},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t scanned = 0, end = 0;
        char *octets = exact_copy(cases[i].octets);
        bool is_folded = false;
        enum sip_line found =
            sip_line_find((struct text){octets, cases[i].octets.length}, 0, &scanned, &end, &is_folded);
        if (found != cases[i].found || (cases[i].end > 0 && end != cases[i].end) ||
            (found == SIP_LINE_COMPLETE && is_folded != (memchr(octets, '\n', end) != octets + end - 1)))
            fail_msg("case %zu gives %d, %zu", i, (int)found, end);
        free(octets);
    }
}

static void expect_lines(struct text lines, size_t count)
{
    assert_int_equal(sip_header_lines(lines), count);
    assert_int_equal(sip_header_is_line(lines), count == 1);
}

static void lines_of_ours_cannot_smuggle(void **state)
{
    (void)state;
    expect_lines(TEXT("a: b\r\n"), 1);
    expect_lines(TEXT("a: b\r\nc:\r\n"), 2);
    expect_lines(TEXT(""), 0);
    expect_lines(TEXT("a: b"), 0);
    expect_lines(TEXT("a: b\r"), 0);
    expect_lines(TEXT("a: b\n"), 0);
    expect_lines(TEXT("a: b\r\n\r\n"), 0);
    expect_lines(TEXT("a: b\r\n c\r\nd: \te\r\n\tf\r\n"), 2);
    expect_lines(TEXT("a: b\r\n "), 0);
    expect_lines(TEXT("a: b\r\n \r\n"), 0);
    expect_lines(TEXT("a: b\r\n c"), 0);
    expect_lines(TEXT("a: b\r\n c\r"), 0);
    expect_lines(TEXT("\r\n"), 0);
    expect_lines(TEXT(" a: b\r\n"), 0);
    expect_lines(TEXT("a: b\nc: d\r\n"), 0);
    expect_lines(TEXT("a: b\rc: d\r\n"), 0);
    expect_lines(TEXT("a: \0b\r\n"), 0);
    expect_lines(TEXT("a b\r\n"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_those_of_the_grammar),
        cmocka_unit_test(every_known_name_is_recognised_in_any_case),
        cmocka_unit_test(a_name_that_differs_anywhere_is_another),
        cmocka_unit_test(a_line_is_cut_into_name_and_value),
        cmocka_unit_test(line_ends_are_crlf_and_nothing_else),
        cmocka_unit_test(lines_of_ours_cannot_smuggle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
