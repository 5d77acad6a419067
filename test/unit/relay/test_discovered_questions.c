/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/sip/sip_test.h"

#include <stdio.h>

#include "gateway/relay/discovered_questions.h"
#include "policy/keyed_hash.h"

static const struct hash_key key = {.word = {1, 2}};

static unsigned take(struct discovered_questions *questions, const char *domain, uint64_t most)
{
    return discovered_questions_take(questions, &key, text_of(domain), 0, most);
}

static unsigned take_number(struct discovered_questions *questions, unsigned number)
{
    char domain[32];

    snprintf(domain, sizeof(domain), "x%u.example", number);
    return take(questions, domain, 1000);
}

static void many_domains_end_and_a_place_that_is_given_back_serves_again(void **state)
{
    struct discovered_questions questions = {0};
    unsigned place = 0;
    (void)state;

    for (unsigned i = 0; i < DISCOVERED_QUESTIONS_MOST; i++)
        assert_true((place = take_number(&questions, i)) > 0);
    assert_int_equal(take_number(&questions, 1000), 0);
    assert_true(take_number(&questions, 3) > 0);
    discovered_questions_give(&questions, 0);
    assert_int_equal(take_number(&questions, 1000), 0);
    discovered_questions_give(&questions, place);
    assert_int_equal(take_number(&questions, 1000), place);
}

static void those_who_wait_for_one_domain_share_its_place(void **state)
{
    struct discovered_questions questions = {0};
    (void)state;

    unsigned place = take(&questions, "litware.example", 3);
    assert_int_equal(take(&questions, "LITWARE.example.", 3), place);
    unsigned other = take(&questions, "adatum.example", 3);
    assert_true(other > 0 && other != place);
    assert_int_equal(take(&questions, "litware.example", 3), 0); /* three wait */
    discovered_questions_give(&questions, place);
    assert_int_equal(take(&questions, "litware.example", 3), place);
}

/* One that was given back lies before the one that is asked for. */
static void a_free_place_is_not_taken_for_one_that_is_asked_already(void **state)
{
    struct discovered_questions questions = {0};
    (void)state;

    unsigned first = take(&questions, "a.example", 10), second = take(&questions, "b.example", 10);
    discovered_questions_give(&questions, first);
    assert_int_equal(take(&questions, "b.example", 10), second);
    assert_int_equal(take(&questions, "c.example", 10), first);
}

static void one_peer_has_a_part_of_them(void **state)
{
    struct discovered_questions questions = {0};
    char domain[32];
    unsigned place = 0;
    (void)state;

    for (unsigned i = 0; i < DISCOVERED_QUESTIONS_OF_ONE; i++) {
        snprintf(domain, sizeof(domain), "x%u.example", i);
        place = discovered_questions_take(&questions, &key, text_of(domain), 7, 1000);
        assert_true(place > 0);
    }
    assert_int_equal(discovered_questions_take(&questions, &key, TEXT("y.example"), 7, 1000), 0);
    assert_int_equal(discovered_questions_take(&questions, &key, text_of(domain), 7, 1000), place);
    assert_true(discovered_questions_take(&questions, &key, TEXT("y.example"), 8, 1000) > 0);
    assert_true(discovered_questions_take(&questions, &key, TEXT("y.example"), 7, 1000) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_domains_end_and_a_place_that_is_given_back_serves_again),
        cmocka_unit_test(those_who_wait_for_one_domain_share_its_place),
        cmocka_unit_test(one_peer_has_a_part_of_them),
        cmocka_unit_test(a_free_place_is_not_taken_for_one_that_is_asked_already),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
