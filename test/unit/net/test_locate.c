/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/net/locate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Numbers that were written down before. */
struct script {
    const uint32_t *number;
    size_t count, at;
    uint32_t bound[8]; /* what was asked for */
};

static uint32_t scripted(void *context, uint32_t bound)
{
    struct script *script = context;
    assert_true(script->at < script->count);
    script->bound[script->at] = bound;
    assert_true(script->number[script->at] < bound);
    return script->number[script->at++];
}

static uint32_t lowest(void *context, uint32_t bound)
{
    (void)context;
    assert_true(bound > 0);
    return 0;
}

static const struct locate_random no_chance = {lowest, NULL};

static struct srv_target target(const char *host, uint16_t priority, uint16_t weight)
{
    return (struct srv_target){text_of(host), 5061, priority, weight};
}

static void assert_order(const struct located_target *to, size_t count, const char *expected)
{
    assert_int_equal(count, strlen(expected));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(to[i].host.length, 1);
        assert_int_equal(to[i].host.at[0], expected[i]);
    }
}

static void by_priority(void **state)
{
    const struct srv_target targets[] = {target("c", 30, 1), target("a", 10, 1), target("b", 20, 1)};
    const struct srv_answer answer = {.outcome = REASON_OK, .target = targets, .target_count = 3};
    struct located_target to[SRV_TARGETS_MOST];

    (void)state;
    assert_order(to, locate_srv(&answer, &no_chance, to), "abc");
    assert_int_equal(to[0].port, 5061);
}

/* RFC 2782: the first whose running sum is at least the number drawn from 0 to the sum. */
static void by_weight(void **state)
{
    static const struct {
        uint32_t number[3];
        const char *expected;
    } cases[] = {
        {{0, 0, 0}, "abc"}, /* weights 10, 20, 70: sums 10, 30, 100 */
        {{10, 0, 0}, "abc"},  {{11, 0, 0}, "bac"},   {{30, 0, 0}, "bac"},  {{31, 0, 0}, "cab"},
        {{100, 0, 0}, "cab"}, {{100, 11, 0}, "cba"}, {{10, 21, 0}, "acb"},
    };
    const struct srv_target targets[] = {target("a", 1, 10), target("b", 1, 20), target("c", 1, 70)};
    const struct srv_answer answer = {.outcome = REASON_OK, .target = targets, .target_count = 3};
    struct located_target to[SRV_TARGETS_MOST];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct script script = {.number = cases[i].number, .count = 3};
        const struct locate_random random = {scripted, &script};
        assert_order(to, locate_srv(&answer, &random, to), cases[i].expected);
        assert_int_equal(script.bound[0], 101);
    }
}

/* RFC 2782: weight 0 stands first, so that it is chosen when 0 is drawn. */
static void weight_zero_has_a_small_chance(void **state)
{
    const struct srv_target targets[] = {target("a", 1, 10), target("z", 1, 0)};
    const struct srv_answer answer = {.outcome = REASON_OK, .target = targets, .target_count = 2};
    const uint32_t zero[] = {0, 0}, one[] = {1, 0};
    struct located_target to[SRV_TARGETS_MOST];
    struct script script = {.number = zero, .count = 2};
    struct locate_random random = {scripted, &script};

    (void)state;
    assert_order(to, locate_srv(&answer, &random, to), "za");
    script = (struct script){.number = one, .count = 2};
    assert_order(to, locate_srv(&answer, &random, to), "az");
}

static void all_weights_zero(void **state)
{
    const struct srv_target targets[] = {target("a", 1, 0), target("b", 1, 0)};
    const struct srv_answer answer = {.outcome = REASON_OK, .target = targets, .target_count = 2};
    struct located_target to[SRV_TARGETS_MOST];

    (void)state;
    assert_int_equal(locate_srv(&answer, &no_chance, to), 2);
    assert_int_not_equal(to[0].host.at[0], to[1].host.at[0]);
}

static void a_hundred_of_the_greatest_weight(void **state)
{
    struct srv_target targets[SRV_TARGETS_MOST + 1];
    struct located_target to[SRV_TARGETS_MOST];

    (void)state;
    for (size_t i = 0; i <= SRV_TARGETS_MOST; i++)
        targets[i] = target("a", 1, UINT16_MAX);
    const struct srv_answer answer = {
        .outcome = REASON_OK, .target = targets, .target_count = SRV_TARGETS_MOST + 1};
    assert_int_equal(locate_srv(&answer, &locate_random_system, to), SRV_TARGETS_MOST);
}

static void nothing_without_an_answer(void **state)
{
    const struct srv_target targets[] = {target("a", 1, 0)};
    const struct srv_answer failed = {.outcome = REASON_DNS_FAILED, .target = targets, .target_count = 1};
    const struct srv_answer empty = {.outcome = REASON_OK};
    struct located_target to[SRV_TARGETS_MOST];

    (void)state;
    assert_int_equal(locate_srv(&failed, &no_chance, to), 0);
    assert_int_equal(locate_srv(&empty, &no_chance, to), 0);
}

/* Weights 1 and 3: with the sums of RFC 2782 the lighter one comes first in 2 of 5 draws. */
static void system_random_follows_the_weights(void **state)
{
    const struct srv_target targets[] = {target("a", 1, 1), target("b", 1, 3)};
    const struct srv_answer answer = {.outcome = REASON_OK, .target = targets, .target_count = 2};
    struct located_target to[SRV_TARGETS_MOST];
    unsigned first = 0;

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        locate_srv(&answer, &locate_random_system, to);
        first += to[0].host.at[0] == 'a';
    }
    assert_in_range(first, 1800, 2200); /* expected 2000, deviation 35 */
}

static void fixed_keeps_its_order(void **state)
{
    char b[] = "b", a[] = "a";
    const struct host_port list[] = {{b, 1}, {a, 2}};
    struct located_target to[SRV_TARGETS_MOST];

    (void)state;
    assert_order(to, locate_fixed(list, 2, to), "ba");
    assert_int_equal(to[1].port, 2);
    assert_int_equal(locate_fixed(NULL, 0, to), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_priority),
        cmocka_unit_test(by_weight),
        cmocka_unit_test(weight_zero_has_a_small_chance),
        cmocka_unit_test(all_weights_zero),
        cmocka_unit_test(a_hundred_of_the_greatest_weight),
        cmocka_unit_test(nothing_without_an_answer),
        cmocka_unit_test(system_random_follows_the_weights),
        cmocka_unit_test(fixed_keeps_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
