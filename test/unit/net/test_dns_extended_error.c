/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a resolver says of an answer that it keeps back (RFC 8914). */
#include "test/unit/net/dns_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NAME "_5061._tcp.edge.example"

static struct dns_message message;

static enum dns_answer_result open_it(struct dns_answer *answer)
{
    return dns_answer_open(message_text(&message), TEXT(NAME), DNS_TYPE_TLSA, answer);
}

static void begin(uint16_t rcode)
{
    message_begin(&message, 1, (uint16_t)(DNS_FLAG_ANSWER | rcode), NAME, DNS_TYPE_TLSA);
}

static void those_of_signatures_mean_bogus(void **state)
{
    struct dns_answer answer;

    (void)state;
    for (unsigned code = 0; code < 64; code++) {
        begin(DNS_RCODE_SERVER_FAILURE);
        message_extended_error(&message, code, "words");
        assert_int_equal(open_it(&answer), DNS_ANSWER_FAILED);
        assert_int_equal(answer.bogus != NULL, code >= 6 && code <= 12);
    }
}

static void only_a_failure_is_bogus(void **state)
{
    static const uint16_t rcodes[] = {0, 1, 3, 4, 5};
    struct dns_answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof rcodes / sizeof rcodes[0]; i++) {
        begin(rcodes[i]);
        message_extended_error(&message, 6, "");
        (void)!open_it(&answer);
        assert_null(answer.bogus);
    }
}

/* Options of any length, the last one cut off: whatever fits is read, and nothing beyond. */
static void options_that_do_not_fit(void **state)
{
    static const uint8_t options[] = {0,  10, 0, 2, 1, 2, 0, 15, 0, 1,   6, 0,
                                      15, 0,  3, 0, 7, 0, 0, 15, 0, 200, 0, 8};
    struct dns_answer answer;

    (void)state;
    for (size_t length = 0; length <= sizeof options; length++) {
        begin(DNS_RCODE_SERVER_FAILURE);
        size_t record = message_begin_record(&message, DNS_ADDITIONALS, "", DNS_TYPE_OPT, 0);
        message_put(&message, options, length);
        message_end_record(&message, record);
        assert_int_equal(open_it(&answer), DNS_ANSWER_FAILED);
        assert_int_equal(answer.bogus != NULL, length >= 18);
    }
}

static void the_first_that_means_it_is_told(void **state)
{
    struct dns_answer answer;

    (void)state;
    begin(DNS_RCODE_SERVER_FAILURE);
    message_extended_error(&message, 22, "no reachable authority");
    message_extended_error(&message, 7, "");
    message_extended_error(&message, 6, "");
    assert_int_equal(open_it(&answer), DNS_ANSWER_FAILED);
    assert_string_equal(answer.bogus, "a signature has expired");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_of_signatures_mean_bogus),
        cmocka_unit_test(only_a_failure_is_bogus),
        cmocka_unit_test(options_that_do_not_fit),
        cmocka_unit_test(the_first_that_means_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
