/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/net/dns_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAME "_sipfederationtls._tcp.fabrikam.example"

static struct dns_message message;

static enum dns_answer_result open_as(uint16_t type, struct dns_answer *answer)
{
    return dns_answer_open(message_text(&message), TEXT(NAME), type, answer);
}

static void begin(uint16_t flags, uint16_t type)
{
    message_begin(&message, 1, flags, NAME, type);
}

static void assert_text(struct text t, const char *expected)
{
    assert_int_equal(t.length, strlen(expected));
    assert_memory_equal(t.at, expected, t.length);
}

static void srv_records_in_order(void **state)
{
    struct dns_answer answer;
    struct dns_record record;

    (void)state;
    begin(DNS_FLAG_ANSWER | DNS_FLAG_AUTHENTIC, DNS_TYPE_SRV);
    message_srv(&message, NAME, 300, 10, 5, 5061, "SIP.Fabrikam.example");
    message_srv(&message, "_SIPfederationtls._tcp.fabrikam.EXAMPLE", 200, 20, 6, 5062, "b.fabrikam.example");
    message_srv(&message, "other.example", 1, 1, 1, 1, "c.fabrikam.example");
    assert_int_equal(open_as(DNS_TYPE_SRV, &answer), DNS_ANSWER_RECORDS);
    assert_int_equal(answer.ttl, 200);
    assert_true(answer.authenticated);
    assert_false(answer.aliased);
    assert_true(dns_answer_next(&answer, &record));
    assert_text(record.host, "sip.fabrikam.example");
    assert_int_equal(record.priority, 10);
    assert_int_equal(record.weight, 5);
    assert_int_equal(record.port, 5061);
    assert_int_equal(record.ttl, 300);
    assert_true(dns_answer_next(&answer, &record));
    assert_text(record.host, "b.fabrikam.example");
    assert_false(dns_answer_next(&answer, &record));
}

static void srv_target_root_is_empty(void **state)
{
    struct dns_answer answer;
    struct dns_record record;

    (void)state;
    begin(DNS_FLAG_ANSWER, DNS_TYPE_SRV);
    message_srv(&message, NAME, 300, 0, 0, 0, "");
    assert_int_equal(open_as(DNS_TYPE_SRV, &answer), DNS_ANSWER_RECORDS);
    assert_true(dns_answer_next(&answer, &record));
    assert_int_equal(record.host.length, 0);
}

static void srv_target_that_is_no_host_is_passed_over(void **state)
{
    static const char *const bad[] = {"a b.example", "192.0.2.1", "-a.example", "a\\.example",
                                      "\xc3\xa4.example"};
    struct dns_answer answer;
    struct dns_record record;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        begin(DNS_FLAG_ANSWER, DNS_TYPE_SRV);
        message_srv(&message, NAME, 300, 0, 0, 5061, bad[i]);
        message_srv(&message, NAME, 300, 0, 0, 5061, "good.example");
        assert_int_equal(open_as(DNS_TYPE_SRV, &answer), DNS_ANSWER_RECORDS);
        assert_true(dns_answer_next(&answer, &record));
        assert_text(record.host, "good.example");
        assert_false(dns_answer_next(&answer, &record));
    }
}

static void addresses_and_tlsa(void **state)
{
    static const uint8_t v6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
    struct dns_answer answer;
    struct dns_record record;

    (void)state;
    begin(DNS_FLAG_ANSWER, DNS_TYPE_A);
    message_a(&message, NAME, 60, "192.0.2.7");
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_RECORDS);
    assert_true(dns_answer_next(&answer, &record));
    assert_memory_equal(record.address, "\xc0\x00\x02\x07", 4);

    begin(DNS_FLAG_ANSWER, DNS_TYPE_AAAA);
    message_aaaa(&message, NAME, 60, "2001:db8::1");
    assert_int_equal(open_as(DNS_TYPE_AAAA, &answer), DNS_ANSWER_RECORDS);
    assert_true(dns_answer_next(&answer, &record));
    assert_memory_equal(record.address, v6, 16);

    begin(DNS_FLAG_ANSWER, DNS_TYPE_TLSA);
    size_t at = message_begin_record(&message, DNS_ANSWERS, NAME, DNS_TYPE_TLSA, 60);
    message_put(&message, "\3\1\1ABCDEF", 9);
    message_end_record(&message, at);
    assert_int_equal(open_as(DNS_TYPE_TLSA, &answer), DNS_ANSWER_RECORDS);
    assert_true(dns_answer_next(&answer, &record));
    assert_int_equal(record.tlsa.usage, 3);
    assert_int_equal(record.tlsa.selector, 1);
    assert_int_equal(record.tlsa.matching, 1);
    assert_text(record.tlsa.data, "ABCDEF");
}

static void address_of_wrong_length_is_passed_over(void **state)
{
    struct dns_answer answer;
    struct dns_record record;

    (void)state;
    begin(DNS_FLAG_ANSWER, DNS_TYPE_A);
    size_t at = message_begin_record(&message, DNS_ANSWERS, NAME, DNS_TYPE_A, 60);
    message_put(&message, "\1\2\3\4\5", 5);
    message_end_record(&message, at);
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_RECORDS);
    assert_false(dns_answer_next(&answer, &record));
}

static void aliases_are_followed_in_any_order(void **state)
{
    struct dns_answer answer;
    struct dns_record record;

    (void)state;
    begin(DNS_FLAG_ANSWER, DNS_TYPE_A);
    message_a(&message, "c.example", 90, "192.0.2.7");
    message_cname(&message, "b.example", 30, "c.example");
    message_cname(&message, NAME, 60, "B.example");
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_RECORDS);
    assert_int_equal(answer.ttl, 30);
    assert_true(answer.aliased);
    assert_true(dns_answer_next(&answer, &record));
    assert_memory_equal(record.address, "\xc0\x00\x02\x07", 4);
}

static void alias_loops_end(void **state)
{
    struct dns_answer answer;
    char from[32], to[32];

    (void)state;
    begin(DNS_FLAG_ANSWER, DNS_TYPE_A);
    message_cname(&message, NAME, 60, NAME);
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_MALFORMED);

    begin(DNS_FLAG_ANSWER, DNS_TYPE_A);
    message_cname(&message, NAME, 60, "a.example");
    message_cname(&message, "a.example", 60, "b.example");
    message_cname(&message, "b.example", 60, "a.example");
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_MALFORMED);

    for (unsigned length = DNS_ALIASES_MOST - 1; length <= DNS_ALIASES_MOST; length++) {
        begin(DNS_FLAG_ANSWER, DNS_TYPE_A);
        message_cname(&message, NAME, 60, "n0.example");
        for (unsigned i = 0; i < length; i++) {
            snprintf(from, sizeof from, "n%u.example", i);
            snprintf(to, sizeof to, "n%u.example", i + 1);
            message_cname(&message, from, 60, to);
        }
        snprintf(from, sizeof from, "n%u.example", length);
        message_a(&message, from, 60, "192.0.2.7");
        assert_int_equal(open_as(DNS_TYPE_A, &answer),
                         length < DNS_ALIASES_MOST ? DNS_ANSWER_RECORDS : DNS_ANSWER_MALFORMED);
    }
}

static void denials_take_their_ttl_from_the_soa(void **state)
{
    static const struct {
        uint32_t ttl, minimum, expected;
    } cases[] = {{600, 60, 60}, {60, 600, 60}, {0, 600, 0}};
    struct dns_answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(DNS_FLAG_ANSWER | DNS_RCODE_NO_SUCH_NAME, DNS_TYPE_SRV);
        message_soa(&message, cases[i].ttl, cases[i].minimum);
        assert_int_equal(open_as(DNS_TYPE_SRV, &answer), DNS_ANSWER_NO_NAME);
        assert_int_equal(answer.ttl, cases[i].expected);
        begin(DNS_FLAG_ANSWER, DNS_TYPE_SRV);
        message_soa(&message, cases[i].ttl, cases[i].minimum);
        assert_int_equal(open_as(DNS_TYPE_SRV, &answer), DNS_ANSWER_NO_DATA);
        assert_int_equal(answer.ttl, cases[i].expected);
    }
}

static void denial_at_the_end_of_an_alias(void **state)
{
    struct dns_answer answer;

    (void)state;
    begin(DNS_FLAG_ANSWER | DNS_RCODE_NO_SUCH_NAME, DNS_TYPE_A);
    message_cname(&message, NAME, 20, "gone.example");
    message_soa(&message, 600, 600);
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_NO_NAME);
    assert_int_equal(answer.ttl, 20);
}

static void denial_without_soa(void **state)
{
    struct dns_answer answer;

    (void)state;
    begin(DNS_FLAG_ANSWER, DNS_TYPE_A);
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_NO_DATA);
    assert_int_equal(answer.ttl, 0);
}

static void referral_is_no_denial(void **state)
{
    struct dns_answer answer;

    (void)state;
    begin(DNS_FLAG_ANSWER, DNS_TYPE_A);
    size_t at = message_begin_record(&message, DNS_AUTHORITIES, "example", 2, 60);
    message_put_name(&message, "ns.example");
    message_end_record(&message, at);
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_FAILED);
}

static void rcodes(void **state)
{
    struct dns_answer answer;

    (void)state;
    for (uint16_t rcode = 0; rcode < 16; rcode++) {
        begin(DNS_FLAG_ANSWER | rcode, DNS_TYPE_A);
        enum dns_answer_result expected = rcode == 0   ? DNS_ANSWER_NO_DATA
                                          : rcode == 3 ? DNS_ANSWER_NO_NAME
                                                       : DNS_ANSWER_FAILED;
        assert_int_equal(open_as(DNS_TYPE_A, &answer), expected);
        assert_int_equal(answer.rcode, rcode);
    }
}

/* RFC 6891: BADVERS is 16, its lower half looks like NOERROR. */
static void extended_rcode_is_no_denial(void **state)
{
    struct dns_answer answer;

    (void)state;
    begin(DNS_FLAG_ANSWER, DNS_TYPE_A);
    size_t at = message_begin_record(&message, DNS_ADDITIONALS, "", DNS_TYPE_OPT, 0x01000000);
    message_end_record(&message, at);
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_FAILED);
    assert_int_equal(answer.rcode, 16);
}

static void not_an_answer_to_this_question(void **state)
{
    struct dns_answer answer;

    (void)state;
    begin(0x0100, DNS_TYPE_A); /* a query */
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_MALFORMED);
    begin(DNS_FLAG_ANSWER | 0x2800, DNS_TYPE_A); /* opcode UPDATE */
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_MALFORMED);
    begin(DNS_FLAG_ANSWER, DNS_TYPE_AAAA);
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_MALFORMED);
    message_begin(&message, 1, DNS_FLAG_ANSWER, "evil.example", DNS_TYPE_A);
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_MALFORMED);
    begin(DNS_FLAG_ANSWER, DNS_TYPE_A);
    message.at[5] = 0; /* no question */
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_MALFORMED);
    begin(DNS_FLAG_ANSWER | DNS_FLAG_TRUNCATED, DNS_TYPE_A);
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_TRUNCATED);
}

static void compressed_names(void **state)
{
    struct dns_answer answer;
    struct dns_record record;

    (void)state;
    begin(DNS_FLAG_ANSWER, DNS_TYPE_SRV);
    size_t at = message_begin_record(&message, DNS_ANSWERS, "x", DNS_TYPE_SRV, 60);
    message.length -= 13; /* the owner again, as a pointer to the question */
    message_put_16(&message, 0xc00c);
    message_put(&message, "\0\x21\0\1\0\0\0\x3c\0\0", 10);
    at = message.length;
    message_put(&message, "\0\1\0\2\x13\xc5\3sip", 10);
    message_put_16(&message, 0xc00c + 23); /* fabrikam.example */
    message_end_record(&message, at);
    assert_int_equal(open_as(DNS_TYPE_SRV, &answer), DNS_ANSWER_RECORDS);
    assert_true(dns_answer_next(&answer, &record));
    assert_text(record.host, "sip.fabrikam.example");
}

/* Ways of a pointer to never end or to lead out: to itself, to each other, forward, outside. */
static void pointers_that_lead_nowhere(void **state)
{
    static const uint16_t targets[] = {0, 1, 2, 5, 0x3fff};
    struct dns_answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        begin(DNS_FLAG_ANSWER, DNS_TYPE_A);
        size_t start = message.length;
        unsigned target = targets[i] == 0x3fff ? 0x3fff : (unsigned)start + targets[i];
        message.at[7] = 1;
        message_put_16(&message, 0xc000 | target);
        message_put(&message, "\0\1\0\1\0\0\0\0\0\4\1\2\3\4\xc0\x0c", 16);
        assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_MALFORMED);
    }
}

static void names_over_their_bounds(void **state)
{
    struct dns_answer answer;
    char label[65], name[300] = "";

    (void)state;
    memset(label, 'a', 63);
    label[63] = '\0';
    for (unsigned i = 0; i < 4; i++) {
        strcat(name, label);
        strcat(name, i < 3 ? "." : "");
    }
    begin(DNS_FLAG_ANSWER, DNS_TYPE_A);
    message_a(&message, name, 60, "192.0.2.7"); /* 255 octets of text: two too many */
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_MALFORMED);
    memcpy(label + 63, "b", 2); /* 64 octets: no label type any more */
    begin(DNS_FLAG_ANSWER, DNS_TYPE_A);
    message_a(&message, label, 60, "192.0.2.7");
    assert_int_equal(open_as(DNS_TYPE_A, &answer), DNS_ANSWER_MALFORMED);
}

/* Every truncation of an answer is malformed, and none is read past its end (the copy has no slack). */
static void cut_at_every_octet(void **state)
{
    struct dns_answer answer;
    struct dns_record record;

    (void)state;
    begin(DNS_FLAG_ANSWER, DNS_TYPE_SRV);
    message_cname(&message, NAME, 60, "alias.example");
    message_srv(&message, "alias.example", 60, 1, 2, 5061, "sip.fabrikam.example");
    message_soa(&message, 60, 60);
    size_t opt = message_begin_record(&message, DNS_ADDITIONALS, "", DNS_TYPE_OPT, 0);
    message_end_record(&message, opt);
    for (size_t length = 0; length <= message.length; length++) {
        char *exact = malloc(length == 0 ? 1 : length);
        assert_non_null(exact);
        memcpy(exact, message.at, length);
        enum dns_answer_result result =
            dns_answer_open((struct text){exact, length}, TEXT(NAME), DNS_TYPE_SRV, &answer);
        assert_int_equal(result, length < message.length ? DNS_ANSWER_MALFORMED : DNS_ANSWER_RECORDS);
        if (result == DNS_ANSWER_RECORDS)
            assert_true(dns_answer_next(&answer, &record));
        free(exact);
    }
}

/* Whatever octet is changed to whatever value: it ends, and reads nothing that is not there. */
static void every_octet_changed(void **state)
{
    static const uint8_t values[] = {0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff};
    struct dns_answer answer;
    struct dns_record record;

    (void)state;
    begin(DNS_FLAG_ANSWER, DNS_TYPE_SRV);
    message_srv(&message, NAME, 60, 1, 2, 5061, "sip.fabrikam.example");
    message_soa(&message, 60, 60);
    char *exact = malloc(message.length);
    assert_non_null(exact);
    unsigned records = 0;
    for (size_t at = 0; at < message.length; at++) {
        for (size_t v = 0; v < sizeof values; v++) {
            memcpy(exact, message.at, message.length);
            exact[at] = (char)values[v];
            if (dns_answer_open((struct text){exact, message.length}, TEXT(NAME), DNS_TYPE_SRV, &answer) ==
                DNS_ANSWER_RECORDS)
                records += dns_answer_next(&answer, &record);
        }
    }
    free(exact);
    assert_true(records > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(srv_records_in_order),
        cmocka_unit_test(srv_target_root_is_empty),
        cmocka_unit_test(srv_target_that_is_no_host_is_passed_over),
        cmocka_unit_test(addresses_and_tlsa),
        cmocka_unit_test(address_of_wrong_length_is_passed_over),
        cmocka_unit_test(aliases_are_followed_in_any_order),
        cmocka_unit_test(alias_loops_end),
        cmocka_unit_test(denials_take_their_ttl_from_the_soa),
        cmocka_unit_test(denial_at_the_end_of_an_alias),
        cmocka_unit_test(denial_without_soa),
        cmocka_unit_test(referral_is_no_denial),
        cmocka_unit_test(rcodes),
        cmocka_unit_test(extended_rcode_is_no_denial),
        cmocka_unit_test(not_an_answer_to_this_question),
        cmocka_unit_test(compressed_names),
        cmocka_unit_test(pointers_that_lead_nowhere),
        cmocka_unit_test(names_over_their_bounds),
        cmocka_unit_test(cut_at_every_octet),
        cmocka_unit_test(every_octet_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
