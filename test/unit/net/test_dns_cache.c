/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/net/dns_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static unsigned released; /* values that left the cache */
static int values[64];

static void count_release(void *value)
{
    assert_non_null(value);
    released++;
}

static int begin(void **state)
{
    released = 0;
    *state = dns_cache_create(4, count_release);
    return *state == NULL;
}

static int end(void **state)
{
    dns_cache_destroy(*state);
    return 0;
}

static void assert_look(struct dns_cache *cache, const char *name, uint64_t now,
                        enum dns_cache_state expected, void *expected_value)
{
    void *value;
    assert_int_equal(dns_cache_look(cache, text_of(name), now, &value), expected);
    assert_ptr_equal(value, expected_value);
}

static void fresh_stale_gone(void **state)
{
    struct dns_cache *cache = *state;

    assert_look(cache, "a.example", 0, DNS_CACHE_NONE, NULL);
    dns_cache_put(cache, TEXT("A.example."), 1000, &values[0], 100, 50);
    assert_look(cache, "a.EXAMPLE", 1000, DNS_CACHE_FRESH, &values[0]);
    assert_look(cache, "a.example.", 1099, DNS_CACHE_FRESH, &values[0]);
    assert_look(cache, "a.example", 1100, DNS_CACHE_STALE, &values[0]);
    assert_look(cache, "a.example", 1149, DNS_CACHE_STALE, &values[0]);
    assert_look(cache, "a.example", 1150, DNS_CACHE_NONE, NULL);
    assert_int_equal(released, 0);
}

static void the_newer_value_counts(void **state)
{
    struct dns_cache *cache = *state;

    dns_cache_put(cache, TEXT("a.example"), 0, &values[0], 100, 0);
    dns_cache_put(cache, TEXT("a.example"), 10, &values[1], 100, 0);
    assert_int_equal(released, 1);
    assert_look(cache, "a.example", 105, DNS_CACHE_FRESH, &values[1]);
    assert_int_equal(dns_cache_count(cache), 1);
}

static void ttl_zero(void **state)
{
    struct dns_cache *cache = *state;

    dns_cache_put(cache, TEXT("a.example"), 0, &values[0], 0, 50); /* kept, but only to help out */
    assert_look(cache, "a.example", 0, DNS_CACHE_STALE, &values[0]);
    dns_cache_put(cache, TEXT("a.example"), 0, &values[1], 0, 0); /* not kept at all, nor the old one */
    assert_look(cache, "a.example", 0, DNS_CACHE_NONE, NULL);
    assert_int_equal(released, 2);
    dns_cache_put(cache, TEXT("b.example"), 0, &values[2], 0, 0);
    assert_int_equal(released, 3);
    assert_int_equal(dns_cache_count(cache), 0);
}

static void stale_helps_out_within_its_bound(void **state)
{
    struct dns_cache *cache = *state;
    uint64_t until = 0;

    dns_cache_put(cache, TEXT("a.example"), 0, &values[0], 1000, DNS_STALE_MOST_MS);
    assert_ptr_equal(dns_cache_prolong(cache, TEXT("a.example"), 2000, &until), &values[0]);
    assert_int_equal(until, 2000 + DNS_STALE_RETRY_MS);
    assert_look(cache, "a.example", until - 1, DNS_CACHE_FRESH, &values[0]);
    assert_look(cache, "a.example", until, DNS_CACHE_STALE, &values[0]);

    uint64_t last = 1000 + DNS_STALE_MOST_MS;
    assert_ptr_equal(dns_cache_prolong(cache, TEXT("a.example"), last - 5, &until), &values[0]);
    assert_int_equal(until, last);
    assert_look(cache, "a.example", last, DNS_CACHE_NONE, NULL);
    assert_null(dns_cache_prolong(cache, TEXT("a.example"), last, &until));
    assert_null(dns_cache_prolong(cache, TEXT("b.example"), 0, &until));
}

static void denials_never_help_out(void **state)
{
    struct dns_cache *cache = *state;
    uint64_t until;

    dns_cache_put(cache, TEXT("a.example"), 0, &values[0], 100, 0);
    assert_null(dns_cache_prolong(cache, TEXT("a.example"), 100, &until));
}

static void full_cache_lets_the_unused_go(void **state)
{
    struct dns_cache *cache = *state;
    char name[32];

    for (unsigned i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        dns_cache_put(cache, text_of(name), 0, &values[i], 100, 0);
    }
    assert_look(cache, "n0.example", 1, DNS_CACHE_FRESH, &values[0]);
    assert_look(cache, "n2.example", 1, DNS_CACHE_FRESH, &values[2]);
    dns_cache_put(cache, TEXT("new.example"), 1, &values[4], 100, 0);
    assert_int_equal(dns_cache_count(cache), 4);
    assert_int_equal(released, 1);
    assert_look(cache, "n1.example", 2, DNS_CACHE_NONE, NULL);
    assert_look(cache, "n0.example", 2, DNS_CACHE_FRESH, &values[0]);
    assert_look(cache, "new.example", 2, DNS_CACHE_FRESH, &values[4]);
}

static void everything_used_still_makes_room(void **state)
{
    struct dns_cache *cache = *state;
    char name[32];

    for (unsigned i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        dns_cache_put(cache, text_of(name), 0, &values[i], 100, 0);
        assert_look(cache, name, 1, DNS_CACHE_FRESH, &values[i]);
        assert_true(dns_cache_count(cache) <= 4);
    }
    assert_int_equal(released, 56);
}

static void cache_of_one_and_of_none(void **state)
{
    struct dns_cache *one = dns_cache_create(1, count_release), *none = dns_cache_create(0, count_release);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        char name[] = {(char)('a' + i), '\0'};
        dns_cache_put(one, text_of(name), 0, &values[i], 100, 0);
        assert_look(one, name, 0, DNS_CACHE_FRESH, &values[i]);
        dns_cache_put(none, text_of(name), 0, &values[i], 100, 0);
        assert_look(none, name, 0, DNS_CACHE_NONE, NULL);
    }
    dns_cache_destroy(one);
    dns_cache_destroy(none);
    assert_int_equal(released, 6);
}

static void names_that_are_none(void **state)
{
    struct dns_cache *cache = *state;
    char name[300];

    memset(name, 'a', sizeof name);
    dns_cache_put(cache, (struct text){name, sizeof name}, 0, &values[0], 100, 0);
    dns_cache_put(cache, TEXT_NONE, 0, &values[1], 100, 0);
    assert_int_equal(released, 2);
    assert_look(cache, "", 0, DNS_CACHE_NONE, NULL);
}

static void bounds_of_ttls(void **state)
{
    (void)state;
    assert_int_equal(dns_ttl_positive(0), 0);
    assert_int_equal(dns_ttl_positive(7), 7000);
    assert_int_equal(dns_ttl_positive(UINT32_MAX), DNS_TTL_MOST_MS);
    assert_int_equal(dns_ttl_negative(0), DNS_NEGATIVE_TTL_LEAST_MS);
    assert_int_equal(dns_ttl_negative(60), 60000);
    assert_int_equal(dns_ttl_negative(UINT32_MAX), DNS_NEGATIVE_TTL_MOST_MS);
}

#define CACHE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CACHE_TEST(fresh_stale_gone),
        CACHE_TEST(the_newer_value_counts),
        CACHE_TEST(ttl_zero),
        CACHE_TEST(stale_helps_out_within_its_bound),
        CACHE_TEST(denials_never_help_out),
        CACHE_TEST(full_cache_lets_the_unused_go),
        CACHE_TEST(everything_used_still_makes_room),
        CACHE_TEST(cache_of_one_and_of_none),
        CACHE_TEST(names_that_are_none),
        CACHE_TEST(bounds_of_ttls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
