/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/sip/sip_test.h"

#include <stdio.h>
#include <string.h>

#include "gateway/relay/discovered.h"

#define SECOND INT64_C(1000000000)
#define BEGIN (1000 * SECOND)

static struct limits limits;

static int create(void **state)
{
    limits_set_defaults(&limits);
    *state = discovered_create();
    return *state == NULL ? -1 : 0;
}

static int destroy(void **state)
{
    discovered_destroy(*state);
    return 0;
}

static void certificate_of(unsigned number, uint8_t certificate[32])
{
    memset(certificate, 0, 32);
    memcpy(certificate, &number, sizeof(number));
}

static enum discovered_answer take(void *discovered, unsigned peer, const char *user, int64_t now_ns,
                                   bool *is_first)
{
    uint8_t certificate[32];
    const struct discovered_request request = {
        .certificate = certificate, .user = text_of(user), .host = TEXT("corp.example"), .now_ns = now_ns};

    *is_first = false;
    certificate_of(peer, certificate);
    enum discovered_answer answer = discovered_take_message(discovered, &limits, certificate, now_ns);
    return answer == DISCOVERED_ALLOWED ? discovered_take_address(discovered, &limits, &request, is_first)
                                        : answer;
}

static void the_first_of_each_is_told(void **state)
{
    bool is_first;

    assert_int_equal(take(*state, 1, "a", BEGIN, &is_first), DISCOVERED_ALLOWED);
    assert_true(is_first);
    assert_int_equal(take(*state, 1, "a", BEGIN, &is_first), DISCOVERED_ALLOWED);
    assert_false(is_first);
    take(*state, 2, "a", BEGIN, &is_first);
    assert_true(is_first);
}

/* Nothing is told of one that nobody believes, however much it sends. */
static void the_first_that_is_believed_is_told(void **state)
{
    uint8_t certificate[32];
    bool is_first;

    certificate_of(1, certificate);
    for (int i = 0; i < 5; i++)
        assert_int_equal(discovered_take_message(*state, &limits, certificate, BEGIN), DISCOVERED_ALLOWED);
    assert_int_equal(take(*state, 1, "a", BEGIN, &is_first), DISCOVERED_ALLOWED);
    assert_true(is_first);
}

static void each_has_a_rate_of_its_own(void **state)
{
    int allowed = 0;
    bool is_first;

    for (int i = 0; i < 100; i++)
        allowed += take(*state, 1, "a", BEGIN, &is_first) == DISCOVERED_ALLOWED;
    assert_int_equal(allowed, limits.discovered_rate);
    assert_int_equal(take(*state, 1, "a", BEGIN, &is_first), DISCOVERED_TOO_FAST);
    assert_int_equal(take(*state, 2, "a", BEGIN, &is_first), DISCOVERED_ALLOWED);
    assert_int_equal(take(*state, 1, "a", BEGIN + SECOND, &is_first), DISCOVERED_ALLOWED);
}

static void new_addresses_end_and_old_ones_go_on(void **state)
{
    char user[16];
    int64_t now = BEGIN;
    bool is_first;

    for (unsigned i = 0; i < limits.discovered_users; i++) {
        snprintf(user, sizeof(user), "u%u", i);
        assert_int_equal(take(*state, 1, user, now += SECOND, &is_first), DISCOVERED_ALLOWED);
    }
    assert_int_equal(take(*state, 1, "another", now += SECOND, &is_first), DISCOVERED_TOO_MANY_ADDRESSES);
    assert_true(is_first);
    assert_int_equal(take(*state, 1, "one more", now += SECOND, &is_first), DISCOVERED_TOO_MANY_ADDRESSES);
    assert_false(is_first);
    assert_int_equal(take(*state, 1, "u7", now += SECOND, &is_first), DISCOVERED_ALLOWED);
    assert_int_equal(take(*state, 1, "", now += SECOND, &is_first), DISCOVERED_ALLOWED);
    assert_int_equal(take(*state, 2, "another", now, &is_first), DISCOVERED_ALLOWED);
}

static void who_is_idle_gives_way_and_who_is_not_stays(void **state)
{
    bool is_first;

    for (unsigned i = 0; i < DISCOVERED_PEERS_MOST; i++)
        assert_int_equal(take(*state, i, "a", BEGIN, &is_first), DISCOVERED_ALLOWED);
    take(*state, 0, "a", BEGIN + SECOND, &is_first);
    int64_t later = BEGIN + DISCOVERED_IDLE_NS;
    assert_int_equal(take(*state, DISCOVERED_PEERS_MOST, "a", later - 1, &is_first), DISCOVERED_FULL);
    assert_int_equal(take(*state, DISCOVERED_PEERS_MOST, "a", later, &is_first), DISCOVERED_ALLOWED);
    take(*state, 0, "a", later, &is_first);
    assert_false(is_first); /* it is known still */
    take(*state, 1, "a", later, &is_first);
    assert_true(is_first); /* the one used longest ago had to go */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_of_each_is_told, create, destroy),
        cmocka_unit_test_setup_teardown(the_first_that_is_believed_is_told, create, destroy),
        cmocka_unit_test_setup_teardown(each_has_a_rate_of_its_own, create, destroy),
        cmocka_unit_test_setup_teardown(new_addresses_end_and_old_ones_go_on, create, destroy),
        cmocka_unit_test_setup_teardown(who_is_idle_gives_way_and_who_is_not_stays, create, destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
