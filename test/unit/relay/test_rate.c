/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/sip/sip_test.h"

#include <pthread.h>

#include "gateway/relay/rate.h"

#define SECOND INT64_C(1000000000)
#define BEGIN (1000 * SECOND)

static int passed_at(struct partner_counters *counters, const struct partner_limits *limits, int64_t now,
                     int tries)
{
    int passed = 0;
    for (int i = 0; i < tries; i++)
        passed += rate_allows(counters, limits, now);
    return passed;
}

static void a_burst_passes_and_no_more(void **state)
{
    struct partner_counters counters = {0};
    const struct partner_limits limits = {.messages_per_second = 10, .burst = 25};
    (void)state;
    assert_int_equal(passed_at(&counters, &limits, BEGIN, 100), 25);
    assert_int_equal(passed_at(&counters, &limits, BEGIN, 100), 0);
}

static void then_the_steady_rate(void **state)
{
    struct partner_counters counters = {0};
    const struct partner_limits limits = {.messages_per_second = 10, .burst = 25};
    (void)state;
    passed_at(&counters, &limits, BEGIN, 100);
    assert_int_equal(passed_at(&counters, &limits, BEGIN + SECOND / 10 - 1, 100), 0);
    assert_int_equal(passed_at(&counters, &limits, BEGIN + SECOND / 10, 100), 1);
    for (int i = 1; i <= 50; i++)
        assert_int_equal(passed_at(&counters, &limits, BEGIN + i * SECOND, 100), i == 1 ? 9 : 10);
}

static void silence_earns_one_burst_at_most(void **state)
{
    struct partner_counters counters = {0};
    const struct partner_limits limits = {.messages_per_second = 10, .burst = 25};
    (void)state;
    passed_at(&counters, &limits, BEGIN, 100);
    assert_int_equal(passed_at(&counters, &limits, BEGIN + 3600 * SECOND, 100), 25);
}

static void a_burst_of_one(void **state)
{
    struct partner_counters counters = {0};
    const struct partner_limits limits = {.messages_per_second = 1, .burst = 1};
    (void)state;
    assert_int_equal(passed_at(&counters, &limits, BEGIN, 5), 1);
    assert_int_equal(passed_at(&counters, &limits, BEGIN + SECOND - 1, 5), 0);
    assert_int_equal(passed_at(&counters, &limits, BEGIN + SECOND, 5), 1);
}

static void the_largest_limits_do_not_overflow(void **state)
{
    struct partner_counters counters = {0}, slow = {0};
    const struct partner_limits limits = {.messages_per_second = 1000000, .burst = 1000000};
    const struct partner_limits slowest = {.messages_per_second = 1, .burst = 1000000};
    (void)state;
    assert_int_equal(passed_at(&counters, &limits, BEGIN, 1000001), 1000000);
    assert_int_equal(passed_at(&slow, &slowest, BEGIN, 1000001), 1000000);
}

static void other_limits_after_a_reload(void **state)
{
    struct partner_counters counters = {0};
    const struct partner_limits before = {.messages_per_second = 1, .burst = 100};
    const struct partner_limits after = {.messages_per_second = 1000, .burst = 10};
    (void)state;
    passed_at(&counters, &before, BEGIN, 100); /* due 100 s ahead */
    assert_int_equal(passed_at(&counters, &after, BEGIN + SECOND, 10), 0);
    assert_int_equal(passed_at(&counters, &after, BEGIN + 100 * SECOND, 100), 10);
}

/* ---- threads ---- */

struct runner {
    struct partner_counters *counters;
    const struct partner_limits *limits;
    int passed;
};

static void *run(void *argument)
{
    struct runner *runner = argument;
    runner->passed = passed_at(runner->counters, runner->limits, BEGIN, 20000);
    return NULL;
}

static void two_threads_share_one_burst(void **state)
{
    struct partner_counters counters = {0};
    const struct partner_limits limits = {.messages_per_second = 10, .burst = 10000};
    struct runner runner[2] = {{&counters, &limits, 0}, {&counters, &limits, 0}};
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, run, &runner[0]), 0);
    run(&runner[1]);
    pthread_join(thread, NULL);
    assert_int_equal(runner[0].passed + runner[1].passed, 10000);
}

static void a_partner_keeps_its_counters(void **state)
{
    struct partner_registry *registry = partner_registry_create();
    (void)state;
    assert_non_null(registry);
    struct partner_counters *fabrikam = partner_registry_find(registry, "fabrikam");
    struct partner_counters *contoso = partner_registry_find(registry, "contoso");
    assert_non_null(fabrikam);
    assert_ptr_not_equal(fabrikam, contoso);
    assert_ptr_equal(partner_registry_find(registry, "fabrikam"), fabrikam);
    partner_registry_destroy(registry);
    partner_registry_destroy(NULL);
}

static void shares_of_a_bound(void **state)
{
    (void)state;
    assert_int_equal(rate_share(100, 4), 25);
    assert_int_equal(rate_share(1, 4), 1);
    assert_true(rate_share(10, 4) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_and_no_more),
        cmocka_unit_test(then_the_steady_rate),
        cmocka_unit_test(silence_earns_one_burst_at_most),
        cmocka_unit_test(a_burst_of_one),
        cmocka_unit_test(the_largest_limits_do_not_overflow),
        cmocka_unit_test(other_limits_after_a_reload),
        cmocka_unit_test(two_threads_share_one_burst),
        cmocka_unit_test(a_partner_keeps_its_counters),
        cmocka_unit_test(shares_of_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
