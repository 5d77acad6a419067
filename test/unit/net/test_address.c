/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/net/address.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void read_and_print(void **state)
{
    static const struct {
        const char *host, *expected; /* NULL: no address */
    } cases[] = {
        {"192.0.2.1", "192.0.2.1:5061"},
        {"2001:DB8::1", "[2001:db8::1]:5061"},
        {"[::1]", "[::1]:5061"},
        {"0.0.0.0", "0.0.0.0:5061"},
        {"::ffff:192.0.2.1", "[::ffff:192.0.2.1]:5061"},
        {"", NULL},
        {"[]", NULL},
        {"192.0.2", NULL},
        {"192.0.2.256", NULL},
        {"fe80::1%eth0", NULL},
        {"example", NULL},
        {"[::1", NULL},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", NULL},
    };
    union address address;
    char text[ADDRESS_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool good = address_read(text_of(cases[i].host), 5061, &address);
        assert_int_equal(good, cases[i].expected != NULL);
        if (!good)
            continue;
        assert_string_equal(address_print(&address, text, sizeof text), cases[i].expected);
        assert_int_equal(address_port(&address), 5061);
        char host[ADDRESS_TEXT_SIZE];
        struct text printed = address_host_printed(text);
        assert_true(text_equal(printed, text_of(address_print_host(&address, host, sizeof host))));
    }
    assert_false(address_read(((struct text){"127.0.0.1\0", 10}), 1, &address));
}

static void refused(void **state)
{
    static const char *const bad[] = {"127.0.0.1",
                                      "127.255.255.254",
                                      "0.0.0.0",
                                      "0.1.2.3",
                                      "169.254.169.254",
                                      "224.0.0.1",
                                      "239.1.1.1",
                                      "255.255.255.255",
                                      "::",
                                      "::1",
                                      "fe80::1",
                                      "febf::1",
                                      "ff02::1",
                                      "::ffff:127.0.0.1",
                                      "::ffff:169.254.1.1",
                                      "::127.0.0.1",
                                      "64:ff9b::127.0.0.1",
                                      "::ffff:0.0.0.0"};
    static const char *const good[] = {"192.0.2.1",        "10.0.0.1",          "192.168.1.1", "169.253.1.1",
                                       "128.0.0.1",        "223.1.1.1",         "2001:db8::1", "fd00::1",
                                       "::ffff:192.0.2.1", "64:ff9b::192.0.2.1"};
    union address address;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_true(address_read(text_of(bad[i]), 0, &address));
        if (!address_is_refused(&address))
            fail_msg("%s is not refused", bad[i]);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(address_read(text_of(good[i]), 0, &address));
        if (address_is_refused(&address))
            fail_msg("%s is refused", good[i]);
    }
}

/* What the web may lead us to. */
static void global(void **state)
{
    static const char *const special[] = {
        "0.0.0.0",     "10.0.0.1",        "100.64.0.1",        "100.127.255.255",
        "127.0.0.1",   "169.254.169.254", "172.16.0.1",        "172.31.255.255",
        "192.0.0.1",   "192.0.2.1",       "192.88.99.1",       "192.168.0.1",
        "198.18.0.1",  "198.19.255.255",  "198.51.100.1",      "203.0.113.1",
        "224.0.0.1",   "240.0.0.1",       "255.255.255.255",   "::",
        "::1",         "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "fe80::1",
        "fc00::1",     "fd12::1",         "ff02::1",           "2001::1",
        "2001:1ff::1", "2001:db8::1",     "2002:a00:1::1",     "3fff::1",
        "4000::1",     "100::1",          "64:ff9b:1::1",
    };
    static const char *const good[] = {
        "1.1.1.1",      "9.255.255.255",   "11.0.0.1",       "100.63.255.255",   "100.128.0.1",
        "172.15.0.1",   "172.32.0.1",      "192.1.0.1",      "192.167.0.1",      "198.17.0.1",
        "198.20.0.1",   "223.255.255.255", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2001:200::1",
        "2001:4860::1", "2002:101:101::1", "2a00::1",        "2606:4700::1",
    };
    union address address;
    (void)state;
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        assert_true(address_read(text_of(special[i]), 0, &address));
        if (address_is_global(&address))
            fail_msg("%s is global", special[i]);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(address_read(text_of(good[i]), 0, &address));
        if (!address_is_global(&address))
            fail_msg("%s is not global", good[i]);
    }
}

static void equal_hosts(void **state)
{
    union address a, b, c, d;

    (void)state;
    assert_true(address_read(TEXT("192.0.2.1"), 1, &a));
    assert_true(address_read(TEXT("::ffff:192.0.2.1"), 2, &b));
    assert_true(address_read(TEXT("192.0.2.2"), 1, &c));
    assert_true(address_read(TEXT("::"), 1, &d));
    assert_true(address_equal_host(&a, &b));
    assert_false(address_equal_host(&a, &c));
    assert_false(address_equal_host(&a, &d));
    assert_true(address_is_unspecified(&d));
    assert_false(address_is_unspecified(&a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_and_print),
        cmocka_unit_test(refused),
        cmocka_unit_test(global),
        cmocka_unit_test(equal_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
