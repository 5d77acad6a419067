/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does the audit show of an address what the settings allow, and never more? */
#include "gateway/log/users.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t key[AUDIT_KEY_OCTETS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* The vector of the paper that defines SipHash. */
static void the_hash_is_siphash(void **state)
{
    (void)state;
    uint8_t input[15];
    for (uint8_t i = 0; i < sizeof input; i++) {
        input[i] = i;
    }
    assert_true(users_hash(key, (struct text){(const char *)input, sizeof input}) == 0xa129ca6149be45e5u);
    assert_true(users_hash(key, TEXT_NONE) == 0x726fdb47dd0e0e31u);
}

struct users_case {
    const char *uri, *full, *domain;
};

static const struct users_case cases[] = {
    {"sip:alice@corp.example", "sip:alice@corp.example", "sip:corp.example"},
    {"sips:alice@corp.example:5061", "sips:alice@corp.example:5061", "sips:corp.example:5061"},
    {"SIP:Alice@CORP.example", "SIP:Alice@CORP.example", "SIP:CORP.example"},
    {"sip:alice:secret@corp.example", "sip:alice@corp.example", "sip:corp.example"},
    {"sip:corp.example", "sip:corp.example", "sip:corp.example"},
    {"sip:[2001:db8::1]:5061", "sip:[2001:db8::1]:5061", "sip:[2001:db8::1]:5061"},
    {"sip:a@b@corp.example", "sip:a@b@corp.example", "sip:corp.example"},
    {"sip:+14255550100;phone-context=x@corp.example", "sip:+14255550100;phone-context=x@corp.example",
     "sip:corp.example"},
    {"tel:+14255550100", "tel:+14255550100", "tel:"},
    {"im:alice@corp.example", "im:alice@corp.example", "im:corp.example"},
    {"urn:service:sos", "urn:service:sos", "urn:"},
    {"alice", "alice", ""},
    {"@", "", ""},
    {"", "", ""},
};

static struct text print(enum audit_users users, const char *uri)
{
    static char shown[USERS_URI_MOST];
    return (struct text){shown, users_print(users, key, text_of(uri), shown)};
}

static void full_and_domain(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text shown = print(AUDIT_USERS_FULL, cases[i].uri);
        if (!text_equal(shown, text_of(cases[i].full))) {
            fail_msg("full %s: %.*s", cases[i].uri, TEXT_ARGUMENTS(shown));
        }
        shown = print(AUDIT_USERS_DOMAIN, cases[i].uri);
        if (!text_equal(shown, text_of(cases[i].domain))) {
            fail_msg("domain %s: %.*s", cases[i].uri, TEXT_ARGUMENTS(shown));
        }
    }
}

static void the_hash_hides_the_user_and_knows_it_again(void **state)
{
    (void)state;
    char first[USERS_URI_MOST + 1] = "";
    struct text shown = print(AUDIT_USERS_HASH, "sip:alice:secret@corp.example");
    memcpy(first, shown.at, shown.length);
    assert_true(text_starts_with(shown, TEXT("sip:user-")));
    assert_true(text_ends_with_ignoring_case(shown, TEXT("@corp.example")));
    assert_int_equal(shown.length, strlen("sip:user-0123456789abcdef@corp.example"));
    assert_null(strstr(first, "alice"));
    assert_true(text_equal(print(AUDIT_USERS_HASH, "sip:alice@corp.example"), text_of(first)));
    assert_false(text_equal(print(AUDIT_USERS_HASH, "sip:Alice@corp.example"), text_of(first)));
    assert_false(text_equal(print(AUDIT_USERS_HASH, "sip:bob@corp.example"), text_of(first)));
    assert_true(text_equal(print(AUDIT_USERS_HASH, "sip:corp.example"), TEXT("sip:corp.example")));
    assert_true(text_starts_with(print(AUDIT_USERS_HASH, "tel:+1425"), TEXT("tel:user-")));
}

static void huge_addresses_stay_within_bounds(void **state)
{
    (void)state;
    char huge[5000];
    memset(huge, 'a', sizeof huge);
    for (size_t at = 0; at < sizeof huge; at += 499) {
        for (int users = AUDIT_USERS_FULL; users <= AUDIT_USERS_HASH; users++) {
            char shown[USERS_URI_MOST];
            huge[at] = '@';
            huge[at / 2] = ':';
            size_t length =
                users_print((enum audit_users)users, key, (struct text){huge, sizeof huge}, shown);
            assert_true(length <= sizeof shown);
            huge[at] = huge[at / 2] = 'a';
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_siphash),
        cmocka_unit_test(full_and_domain),
        cmocka_unit_test(the_hash_hides_the_user_and_knows_it_again),
        cmocka_unit_test(huge_addresses_stay_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
