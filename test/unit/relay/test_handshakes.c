/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handshakes that come all at once: a few go on in each loop turn, in order, and what is open is not kept
 * waiting. */
#include "relay_fixture.h"

#include <utlist.h>

#define MANY 10u

static struct session *session[MANY];

static int set_up(void **state)
{
    int failed = lab_set_up(state);

    for (size_t i = 0; i < MANY; i++) {
        session[i] = lab_session(PEER_EXTERNAL, false, 0);
        session[i]->state = SESSION_HANDSHAKING;
        session[i]->accepted_logged = false;
        session[i]->channel = (struct tls_channel *)(void *)session[i];
        DL_DELETE(lab.worker->sessions, session[i]);
        DL_APPEND(lab.worker->handshaking, session[i]);
    }
    return failed;
}

static int tear_down(void **state)
{
    while (lab.worker->handshaking != NULL)
        session_close(lab.worker->handshaking, REASON_CLOSED, NULL);
    return lab_tear_down(state);
}

static void comes(struct session *from, size_t length)
{
    static char octets[SESSION_POSTPONED_MOST];

    session_stream_events.data(from, (struct text){octets, length});
}

static void all_come(void)
{
    for (size_t i = 0; i < MANY; i++)
        comes(session[i], 300);
}

static void a_few_each_turn(void **state)
{
    (void)state;
    all_come();
    assert_int_equal(lab.fed_count, SESSION_HANDSHAKE_STEPS);
    assert_ptr_equal(lab.paused, session[MANY - 1]);
    session_serve_postponed(lab.worker);
    assert_int_equal(lab.fed_count, 2 * SESSION_HANDSHAKE_STEPS);
    session_serve_postponed(lab.worker);
    assert_int_equal(lab.fed_count, MANY);
    assert_ptr_equal(lab.resumed, session[MANY - 1]);
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(lab.fed[i], session[i]);
    assert_null(lab.worker->postponed);
    session_serve_postponed(lab.worker);
    assert_int_equal(lab.fed_count, MANY);
    comes(session[0], 300); /* the next turn has room again */
    assert_int_equal(lab.fed_count, MANY + 1);
}

static void who_comes_later_waits_behind(void **state)
{
    (void)state;
    all_come();
    session_serve_postponed(lab.worker);
    comes(session[0], 300);
    assert_int_equal(lab.fed_count, 2 * SESSION_HANDSHAKE_STEPS);
    session_serve_postponed(lab.worker);
    assert_int_equal(lab.fed_count, MANY + 1);
    assert_ptr_equal(lab.fed[MANY], session[0]);
}

static void what_is_open_does_not_wait(void **state)
{
    (void)state;
    all_come();
    lab.outside->channel = (struct tls_channel *)(void *)lab.outside;
    comes(lab.outside, 300);
    assert_ptr_equal(lab.fed[SESSION_HANDSHAKE_STEPS], lab.outside);
}

/* No stranger has us keep much for it, nor comes before others by sending much. */
static void no_more_is_read_than_may_wait(void **state)
{
    (void)state;
    all_come();
    comes(session[0], SESSION_POSTPONED_MOST);
    assert_int_equal(lab.fed_count, SESSION_HANDSHAKE_STEPS);
    assert_int_equal(session[0]->in_length, SESSION_POSTPONED_MOST);
    lab.read_most = SESSION_POSTPONED_MOST;
    session_open(session[1]);
    assert_int_equal(lab.read_most, 0);
}

static void one_that_waits_is_closed(void **state)
{
    (void)state;
    all_come();
    session_close(session[5], REASON_HANDSHAKE_TIMEOUT, NULL);
    lab_close_ended();
    session_serve_postponed(lab.worker);
    session_serve_postponed(lab.worker);
    assert_int_equal(lab.fed_count, MANY - 1);
    for (size_t i = 0; i < lab.fed_count; i++)
        assert_ptr_not_equal(lab.fed[i], session[5]);
}

static void one_that_waited_fails(void **state)
{
    (void)state;
    all_come();
    lab.fed_state = TLS_CLOSED;
    session_serve_postponed(lab.worker);
    assert_int_equal(session[4]->state, SESSION_CLOSING);
    assert_int_equal(session[0]->state, SESSION_HANDSHAKING);
    lab_close_ended();
    session_serve_postponed(lab.worker);
    assert_null(lab.worker->postponed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_few_each_turn),
        TEST(who_comes_later_waits_behind),
        TEST(what_is_open_does_not_wait),
        TEST(no_more_is_read_than_may_wait),
        TEST(one_that_waits_is_closed),
        TEST(one_that_waited_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
