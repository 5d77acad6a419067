/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/net/dns_answer.h"
#include "gateway/net/dns_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void query_octets(void **state)
{
    static const uint8_t expected[] = "\x12\x34\x01\x20\0\1\0\0\0\0\0\1\1a\7example\0\0\x21\0\1"
                                      "\0\0\x29\x04\xd0\0\0\0\0\0";
    uint8_t octets[DNS_QUERY_SIZE];
    char name[300];

    (void)state;
    assert_int_equal(dns_query_write(0x1234, TEXT("a.example."), DNS_TYPE_SRV, DNS_QUERY_EDNS, octets),
                     sizeof expected);
    assert_memory_equal(octets, expected, sizeof expected);
    assert_int_equal(dns_query_write(1, TEXT("a.example"), DNS_TYPE_SRV, 0, octets), sizeof expected - 11);

    memset(name, 'a', sizeof name);
    assert_int_equal(dns_query_write(1, (struct text){name, 64}, DNS_TYPE_A, DNS_QUERY_EDNS, octets), 0);
    for (size_t i = 50; i < sizeof name; i += 50)
        name[i] = '.';
    assert_true(dns_query_write(1, (struct text){name, 253}, DNS_TYPE_A, DNS_QUERY_EDNS, octets) > 0);
    assert_int_equal(dns_query_write(1, (struct text){name, 254}, DNS_TYPE_A, DNS_QUERY_EDNS, octets), 0);
    assert_int_equal(dns_query_write(1, TEXT(""), DNS_TYPE_A, DNS_QUERY_EDNS, octets), 0);
    assert_int_equal(dns_query_write(1, TEXT("a..b"), DNS_TYPE_A, DNS_QUERY_EDNS, octets), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(query_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
