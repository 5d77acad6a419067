/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/domain.h"

static void what_is_a_name(void **state)
{
    static const char *const good[] = {"a",  "a.b",  "a-b.c_d", "1.a", "a.1b", "xn--bcher-kva.example",
                                       "a.", "a.b.", "A.Z"};
    static const char *const bad[] = {"",    ".",   "a..b", ".a",  "a..", "-a.b", "a-.b",   "a.-b",  "a.b-",
                                      "a b", "a.1", "1",    "1.2", "a/b", "a@b",  "\xe4.b", "a.b-.", "a*.b"};
    char name[260];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(domain_is_valid(text_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (domain_is_valid(text_of(bad[i])))
            fail_msg("\"%s\"", bad[i]);
    }
    memset(name, 'a', sizeof(name));
    assert_true(domain_is_valid((struct text){name, 63}));
    assert_false(domain_is_valid((struct text){name, 64}));
    for (size_t i = 63; i < sizeof(name); i += 64)
        name[i] = '.';
    assert_true(domain_is_valid((struct text){name, DOMAIN_LONGEST}));
    assert_false(domain_is_valid((struct text){name, DOMAIN_LONGEST + 1}));
}

/* Names that are equal have one hash, whatever their length; every octet counts. */
static void a_hash_ignores_case_and_nothing_else(void **state)
{
    char lower[64], upper[64];

    (void)state;
    for (size_t length = 1; length < 40; length++) {
        for (size_t i = 0; i < length; i++) {
            lower[i] = "abcxyz-_09.\x7f@[`{\xc1\xe1"[(i * 7 + length) % 18];
            upper[i] = lower[i] >= 'a' && lower[i] <= 'z' ? (char)(lower[i] - 32) : lower[i];
        }
        lower[length - 1] = 'm';
        upper[length - 1] = 'M';
        uint64_t hash = domain_hash((struct text){lower, length});
        assert_true(domain_hash((struct text){upper, length}) == hash);
        for (size_t i = 0; i < length; i++) {
            char before = lower[i];
            lower[i] = (char)(before ^ 1);
            assert_true(domain_hash((struct text){lower, length}) != hash);
            lower[i] = before;
        }
        lower[length] = '.';
        assert_true(domain_hash((struct text){lower, length + 1}) == hash);
    }
    assert_true(domain_hash(TEXT("a@b")) != domain_hash(TEXT("a`b"))); /* 0x20 apart, and no letters */
    assert_true(domain_hash(TEXT("\xc1")) != domain_hash(TEXT("\xe1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_a_name),
        cmocka_unit_test(a_hash_ignores_case_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
