/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that are the same, and names that only look so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "factory_der.h"
#include "policy/distinguished_name.h"

/* "C=DE,O=A B+OU=x": relative names by commas, attributes by plus; a value may begin with u: p: t: i: for its
 * kind of string (UTF8String unless said). C, O, OU, CN only. */
static struct text name_of(const char *spelt)
{
    static const struct {
        const char *word;
        char octet;
    } types[] = {{"CN", 3}, {"C", 6}, {"O", 10}, {"OU", 11}};
    char copy[512], *rest = copy, *part;
    struct bytes rdns = {0}, rdn = {0}, name = {0};

    strcpy(copy, spelt);
    while (rest != NULL && (part = rest) != NULL && *part != '\0') {
        struct bytes pair = {0}, attribute = {0};
        size_t length = strcspn(part, ",+");
        char separator = part[length];
        rest = separator == '\0' ? NULL : part + length + 1;
        part[length] = '\0';
        char *value = strchr(part, '=');
        assert_non_null(value);
        *value++ = '\0';
        bytes_put(&pair, "\x06\x03\x55\x04", 4);
        for (size_t i = 0; i < 4; i++) {
            if (strcmp(types[i].word, part) == 0)
                bytes_put(&pair, &types[i].octet, 1);
        }
        uint8_t tag = DER_UTF8_STRING;
        if (value[0] != '\0' && value[1] == ':') {
            tag = value[0] == 'p'   ? DER_PRINTABLE_STRING
                  : value[0] == 't' ? 0x14
                  : value[0] == 'i' ? DER_IA5_STRING
                                    : DER_UTF8_STRING;
            value += 2;
        }
        bytes_wrap_string(&pair, tag, value);
        bytes_wrap(&attribute, DER_SEQUENCE, &pair);
        bytes_append(&rdn, &attribute);
        if (separator != '+') {
            bytes_wrap(&rdns, DER_SET, &rdn);
            rdn.length = 0;
        }
    }
    bytes_wrap(&name, DER_SEQUENCE, &rdns);
    return bytes_text(&name);
}

static void equality(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        {"", "", true},
        {"CN=a", "CN=a", true},
        {"CN=a", "CN=A", true},
        {"CN=a", "CN=p:A", true},
        {"CN=i:a", "CN=p:A", true},
        {"CN=a b", "CN=  a   B ", true},
        {"CN=a b", "CN=ab", false},
        {"CN=", "CN= ", true},
        {"CN=a", "CN=", false},
        {"CN=a", "CN=b", false},
        {"CN=a", "O=a", false},
        {"CN=a", "CN=a,CN=a", false},
        {"CN=a,O=b", "O=b,CN=a", false}, /* the order counts */
        {"CN=a+O=b", "O=B+CN=A", true},  /* but not within a relative name */
        {"CN=a+O=b", "CN=a,O=b", false},
        {"CN=a+CN=b", "CN=a+CN=a", false},
        {"CN=a+CN=a", "CN=a+CN=b", false},
        {"CN=a+CN=a", "CN=a", false},

        {"CN=t:a", "CN=t:a", true},
        {"CN=t:a", "CN=a", false}, /* other alphabets are not guessed at */
        {"CN=t:a", "CN=t:A", false},
        {"CN=\xc3\xa4", "CN=\xc3\xa4", true},
        {"CN=\xc3\xa4", "CN=\xc3\x84", false}, /* not folded: unsure */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct text a = name_of(rows[i].a), b = name_of(rows[i].b);
        assert_true(distinguished_name_is_sound(a) && distinguished_name_is_sound(b));
        if (distinguished_name_equal(a, b) != rows[i].equal ||
            distinguished_name_equal(b, a) != rows[i].equal)
            fail_msg("%s and %s", rows[i].a, rows[i].b);
        if (rows[i].equal)
            assert_true(distinguished_name_hash(a) == distinguished_name_hash(b));
        free((char *)a.at);
        free((char *)b.at);
    }
}

static void subtrees(void **state)
{
    static const struct {
        const char *name, *subtree;
        enum name_match match;
    } rows[] = {
        {"C=DE,O=a,CN=x", "C=DE,O=a", NAME_EQUAL},
        {"C=DE,O=a", "C=DE,O=a", NAME_EQUAL},
        {"C=DE,O=a", "C=DE,O=a,CN=x", NAME_DIFFERENT},
        {"C=DE,O=b,CN=x", "C=DE,O=a", NAME_DIFFERENT},
        {"C=DE,CN=x,O=a", "C=DE,O=a", NAME_DIFFERENT},
        {"C=DE,O=a", "", NAME_EQUAL},
        {"", "C=DE", NAME_DIFFERENT},
        {"O=\xc3\xa4,CN=x", "O=\xc3\x84", NAME_UNSURE},
        {"O=t:a,CN=x", "O=a", NAME_UNSURE},
        {"O=t:a,CN=x", "O=a,CN=y", NAME_DIFFERENT},
        {"O=plain", "O=\xc3\x84", NAME_DIFFERENT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct text name = name_of(rows[i].name), subtree = name_of(rows[i].subtree);
        if (distinguished_name_within(name, subtree) != rows[i].match)
            fail_msg("%s within %s", rows[i].name, rows[i].subtree);
        free((char *)name.at);
        free((char *)subtree.at);
    }
}

static void unsound_names(void **state)
{
    (void)state;
    assert_true(distinguished_name_is_sound(TEXT("\x30\x00")));
    assert_true(distinguished_name_is_empty(TEXT("\x30\x00")));
    assert_false(distinguished_name_is_sound(TEXT("")));
    assert_false(distinguished_name_is_sound(TEXT("\x30\x02\x31\x00"))); /* an empty relative name */
    assert_false(distinguished_name_is_sound(TEXT("\x30\x02\x30\x00"))); /* a SEQUENCE for a SET */
    assert_false(
        distinguished_name_is_sound(TEXT("\x30\x09\x31\x07\x30\x05\x06\x03\x55\x04\x03"))); /* no value */
    assert_false(distinguished_name_is_sound(TEXT("\x30\x00\x00")));
}

static void the_number_of_attributes_is_bounded(void **state)
{
    char wide[512], deep[512];
    (void)state;
    for (size_t count = NAME_RDN_ATTRIBUTES_MOST; count <= NAME_RDN_ATTRIBUTES_MOST + 1; count++) {
        wide[0] = '\0';
        for (size_t i = 0; i < count; i++)
            strcat(wide, i == 0 ? "O=a" : "+O=a");
        struct text name = name_of(wide);
        assert_int_equal(distinguished_name_is_sound(name), count <= NAME_RDN_ATTRIBUTES_MOST);
        free((char *)name.at);
    }
    for (size_t count = NAME_ATTRIBUTES_MOST; count <= NAME_ATTRIBUTES_MOST + 1; count++) {
        deep[0] = '\0';
        for (size_t i = 0; i < count; i++)
            strcat(deep, i == 0 ? "O=a" : ",O=a");
        struct text name = name_of(deep);
        assert_int_equal(distinguished_name_is_sound(name), count <= NAME_ATTRIBUTES_MOST);
        free((char *)name.at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality),
        cmocka_unit_test(subtrees),
        cmocka_unit_test(unsound_names),
        cmocka_unit_test(the_number_of_attributes_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
