/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CANCEL, timers, and sessions that end at every step. */
#include "exchange.h"

#include <utlist.h>

/* ---- CANCEL ---- */

static void cancel_waits_for_a_provisional_answer(void **state)
{ /* RFC 3261 9.1 */
    (void)state;
    send_on("INVITE");
    lab_hear(lab.inside, REQUEST("CANCEL", ""));
    assert_says(lab.inside, "SIP/2.0 200 OK\n");
    assert_silent(lab.edge);
    reply(180, "INVITE");
    const char *cancel = lab_said(lab.edge);
    assert_int_equal(strncmp(cancel, "CANCEL sip:bob@fabrikam.example SIP/2.0\n", 40), 0);
    assert_non_null(strstr(cancel, branch));
    assert_says(lab.inside, "SIP/2.0 180 ");
    reply(200, "CANCEL"); /* of this hop alone */
    assert_silent(lab.inside);
    reply(487, "INVITE");
    assert_says(lab.edge, "ACK ");
    assert_says(lab.inside, "SIP/2.0 487 ");
}

static void cancel_crosses_the_2xx(void **state)
{
    (void)state;
    send_on("INVITE");
    reply(180, "INVITE");
    lab_hear(lab.inside, REQUEST("CANCEL", ""));
    assert_says(lab.edge, "CANCEL ");
    lab_said(lab.inside);
    reply(200, "INVITE");
    assert_says(lab.inside, "SIP/2.0 200 ");
    assert_silent(lab.edge);
}

static void cancel_comes_twice_or_too_late(void **state)
{
    (void)state;
    send_on("INVITE");
    reply(180, "INVITE");
    lab_hear(lab.inside, REQUEST("CANCEL", ""));
    lab_hear(lab.inside, REQUEST("CANCEL", ""));
    const char *cancel = lab_said(lab.edge);
    assert_null(strstr(cancel + 1, "CANCEL sip:"));
    reply(487, "INVITE");
    lab_said(lab.edge), lab_said(lab.inside);
    lab_hear(lab.inside, REQUEST("CANCEL", ""));
    assert_silent(lab.edge);
    lab_pass(TRANSACTION_TIMER_B_MS + 1);
    lab_said(lab.inside);
    lab_hear(lab.inside, REQUEST("CANCEL", ""));
    assert_says(lab.inside, "SIP/2.0 481 ");
    expect_event(REASON_NO_TRANSACTION, 481);
}

static void cancel_of_someone_elses_call(void **state)
{
    (void)state;
    send_on("INVITE");
    reply(180, "INVITE");
    lab_said(lab.inside);
    struct session *other = lab_session(PEER_INTERNAL, false, 2);
    lab_hear(other, REQUEST("CANCEL", ""));
    assert_says(other, "SIP/2.0 481 ");
    assert_silent(lab.edge);
}

static void a_cancelled_call_tries_no_further_target(void **state)
{
    struct session *edge2 = second_edge();
    (void)state;
    send_on("INVITE");
    lab_hear(lab.inside, REQUEST("CANCEL", ""));
    lab_said(lab.inside);
    reply(503, "INVITE");
    assert_silent(edge2);
    assert_says(lab.inside, "SIP/2.0 487 ");
    expect_event(REASON_CANCELLED, 487);
    assert_int_equal(lab.shared.in_flight, 0);
}

/* ---- time ---- */

static void no_answer_to_an_invite(void **state)
{
    (void)state;
    send_on("INVITE");
    lab_pass(TRANSACTION_TIMER_B_MS - 1);
    assert_silent(lab.inside);
    lab_pass(1);
    assert_says(lab.inside, "SIP/2.0 408 ");
    expect_event(REASON_TIMED_OUT, 408);
    assert_silent(lab.edge); /* never a CANCEL before a provisional answer */
}

static void no_answer_to_others_is_no_answer(void **state)
{ /* RFC 4320 4.2 */
    (void)state;
    send_on("MESSAGE");
    lab_pass(TRANSACTION_TIMER_B_MS);
    assert_silent(lab.inside);
    expect_event(REASON_TIMED_OUT, 0);
    reply(200, "MESSAGE");
    assert_silent(lab.inside);
}

static void it_rings_too_long(void **state)
{ /* RFC 3261 16.8 */
    (void)state;
    send_on("INVITE");
    reply(180, "INVITE");
    lab_said(lab.inside);
    lab_pass(TRANSACTION_TIMER_C_MS - 1);
    reply(183, "INVITE"); /* it begins anew */
    lab_said(lab.inside);
    lab_pass(TRANSACTION_TIMER_C_MS - 1);
    assert_silent(lab.edge);
    lab_pass(1);
    assert_says(lab.edge, "CANCEL ");
    assert_silent(lab.inside);
    reply(487, "INVITE");
    assert_says(lab.edge, "ACK ");
    assert_says(lab.inside, "SIP/2.0 487 ");
}

static void it_rings_too_long_and_says_no_more(void **state)
{
    (void)state;
    send_on("INVITE");
    reply(180, "INVITE");
    lab_said(lab.inside);
    lab_pass(TRANSACTION_TIMER_C_MS);
    assert_says(lab.edge, "CANCEL ");
    reply(180, "INVITE"); /* keeps nothing alive any more */
    lab_said(lab.inside);
    lab_pass(TRANSACTION_TIMER_B_MS);
    assert_says(lab.inside, "SIP/2.0 408 ");
    assert_int_equal(count_of_transactions(), 0);
}

/* ---- the caller's session ends ---- */

static void the_caller_goes_while_it_rings(void **state)
{
    (void)state;
    send_on("INVITE");
    reply(180, "INVITE");
    session_close(lab.inside, REASON_PEER_CLOSED, NULL);
    assert_says(lab.edge, "CANCEL ");
    reply(487, "INVITE");
    assert_says(lab.edge, "ACK ");
    assert_int_equal(count_of_transactions(), 0);
    assert_int_equal(lab.shared.in_flight, 0);
}

static void the_caller_goes_before_it_rings(void **state)
{
    (void)state;
    send_on("INVITE");
    session_close(lab.inside, REASON_PEER_CLOSED, NULL);
    lab_close_ended();
    assert_silent(lab.edge);
    reply(180, "INVITE");
    assert_says(lab.edge, "CANCEL ");
    reply(200, "INVITE"); /* picked up all the same; nobody hears it */
    lab_pass(TRANSACTION_TIMER_B_MS + 1);
    assert_int_equal(count_of_transactions(), 0);
}

static void the_caller_comes_back_on_another_session(void **state)
{
    (void)state;
    send_on("INVITE");
    session_close(lab.inside, REASON_PEER_CLOSED, NULL);
    struct session *again = lab_session(PEER_INTERNAL, false, 2);
    again->sender = lab.inside->sender;
    lab_hear(again, REQUEST("INVITE", "")); /* the same, and nobody heard of the first */
    assert_says(lab.edge, "INVITE ");
    assert_says(again, "SIP/2.0 100 ");
    lab_hear(again, REQUEST("CANCEL", ""));
    assert_says(again, "SIP/2.0 200 ");
}

static void cancel_on_another_session_of_the_same_sender(void **state)
{
    struct session *other = lab_session(PEER_INTERNAL, false, 2);
    (void)state;
    other->sender = lab.inside->sender;
    send_on("INVITE");
    reply(180, "INVITE");
    lab_said(lab.inside);
    lab_hear(other, REQUEST("CANCEL", ""));
    assert_says(other, "SIP/2.0 200 ");
    assert_says(lab.edge, "CANCEL ");
    reply(487, "INVITE");
    assert_says(lab.inside, "SIP/2.0 487 ");
    assert_silent(other);
}

static void the_sender_of_a_message_goes(void **state)
{
    (void)state;
    send_on("MESSAGE");
    session_close(lab.inside, REASON_PEER_CLOSED, NULL);
    assert_int_equal(count_of_transactions(), 0);
    reply(200, "MESSAGE");
}

static void both_go_after_the_call_was_taken(void **state)
{
    (void)state;
    send_on("INVITE");
    reply(200, "INVITE");
    session_close(lab.edge, REASON_PEER_CLOSED, NULL);
    session_close(lab.inside, REASON_PEER_CLOSED, NULL);
    assert_int_equal(count_of_transactions(), 0);
}

static void a_draining_session_ends_after_its_last_answer(void **state)
{
    (void)state;
    send_on("MESSAGE");
    session_drain(lab.inside, REASON_PARTNER_DISABLED, "a reload");
    assert_int_equal(lab.inside->state, SESSION_DRAINING);
    session_check_time(lab.inside, lab.worker->loop.time);
    assert_int_equal(lab.inside->state, SESSION_DRAINING);
    lab_hear(lab.inside, REQUEST("INVITE", "")); /* nothing new is taken */
    assert_true(atoi(lab_said(lab.inside) + 8) >= 400);
    reply(200, "MESSAGE");
    assert_says(lab.inside, "SIP/2.0 200 ");
    session_check_time(lab.inside, lab.worker->loop.time);
    assert_int_equal(lab.inside->state, SESSION_CLOSING);
}

/* ---- what was remembered of it ---- */

static size_t remembered_by(const struct session *session)
{
    const struct affinity *affinity;
    size_t count = 0;
    DL_FOREACH2(session->affinities, affinity, session_next)
    {
        assert_ptr_equal(affinity->session, session);
        count++;
    }
    return count;
}

/* Of the many that a worker remembers an ending session looks at its own only. */
static void an_ended_session_forgets_what_it_had(void **state)
{
    struct session *one = lab_session(PEER_EXTERNAL, true, 0), *other = lab_session(PEER_EXTERNAL, true, 0);
    static struct transaction moved;
    char call[16];
    size_t left = 0;
    (void)state;
    lab_join(one, lab.fabrikam, "edge.fabrikam.example", 5061);
    lab_join(other, lab.fabrikam, "edge.fabrikam.example", 5061);
    lab.fixture.settings.limits.in_flight = 1000;
    for (int i = 0; i < 60; i++) {
        snprintf(call, sizeof(call), "%d", i);
        moved = (struct transaction){.call_id = text_of(call)};
        hop_remember(one, &moved);
        hop_remember(one, &moved); /* once more is not twice */
    }
    size_t had = remembered_by(one);
    assert_in_range(had, 55, 60);  /* two may share a place */
    for (int i = 0; i < 20; i++) { /* a call that goes on elsewhere is no longer its own */
        snprintf(call, sizeof(call), "%d", i);
        moved = (struct transaction){.call_id = text_of(call)};
        hop_remember(other, &moved);
    }
    size_t others = remembered_by(other);
    assert_in_range(others, 15, 20);
    assert_in_range(remembered_by(one), had - 20, had - 15);
    for (size_t i = 0; i < HOP_AFFINITIES; i++) { /* whoever looked at these would clear them */
        if (lab.worker->affinity[i].session == NULL)
            lab.worker->affinity[i].session = one;
    }
    session_close(one, REASON_PEER_CLOSED, NULL);
    for (size_t i = 0; i < HOP_AFFINITIES; i++)
        left += lab.worker->affinity[i].session == one;
    assert_int_equal(left, HOP_AFFINITIES - had);
    assert_int_equal(remembered_by(other), others);
    for (size_t i = 0; i < HOP_AFFINITIES; i++) {
        if (lab.worker->affinity[i].session == one)
            lab.worker->affinity[i].session = NULL;
    }
    lab_close_ended();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)
        TEST(the_caller_comes_back_on_another_session), TEST(cancel_on_another_session_of_the_same_sender),
        TEST(cancel_waits_for_a_provisional_answer),    TEST(cancel_crosses_the_2xx),
        TEST(cancel_comes_twice_or_too_late),           TEST(cancel_of_someone_elses_call),
        TEST(a_cancelled_call_tries_no_further_target), TEST(no_answer_to_an_invite),
        TEST(no_answer_to_others_is_no_answer),         TEST(it_rings_too_long),
        TEST(it_rings_too_long_and_says_no_more),       TEST(the_caller_goes_while_it_rings),
        TEST(the_caller_goes_before_it_rings),          TEST(the_sender_of_a_message_goes),
        TEST(both_go_after_the_call_was_taken),         TEST(a_draining_session_ends_after_its_last_answer),
        TEST(an_ended_session_forgets_what_it_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
