/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who waits for whom when a peer does not read: a partner for our servers and for itself, our servers for no
 * one. */
#include "relay_fixture.h"

static void from_outside(void)
{
    lab_hear(lab.outside, "MESSAGE sip:alice@corp.example SIP/2.0\nVia: SIP/2.0/TLS h;branch=z9hG4bKa\n"
                          "From: <sip:bob@fabrikam.example>;tag=1\nTo: <sip:alice@corp.example>\nCall-ID: a\n"
                          "CSeq: 1 MESSAGE\nContent-Length: 0\n\n");
}

static void from_inside(void)
{
    lab_hear(lab.inside, "MESSAGE sip:bob@fabrikam.example SIP/2.0\nVia: SIP/2.0/TLS h;branch=z9hG4bKa\n"
                         "From: <sip:alice@corp.example>;tag=1\nTo: <sip:bob@fabrikam.example>\nCall-ID: a\n"
                         "CSeq: 1 MESSAGE\nContent-Length: 0\n\n");
}

static void does_not_read(struct session *session)
{
    lab.fixture.settings.limits.waiting_bytes = 400000;
    lab.full = session;
    lab.waiting = 300000;
}

static void a_partner_waits_for_our_server(void **state)
{
    (void)state;
    does_not_read(lab.fe1);
    from_outside();
    assert_ptr_equal(lab.paused, lab.outside);
    assert_ptr_equal(lab.outside->waits_for, lab.fe1);
    lab.waiting = 0;
    session_flush_dirty(lab.worker);
    assert_ptr_equal(lab.resumed, lab.outside);
    assert_null(lab.outside->waits_for);
}

static void our_server_waits_for_no_partner(void **state)
{
    (void)state;
    does_not_read(lab.edge);
    from_inside();
    assert_null(lab.paused);
    assert_null(lab.inside->waits_for);
}

static void a_partner_that_does_not_read_its_answers_is_not_heard(void **state)
{
    (void)state;
    does_not_read(lab.outside);
    lab.fe1->state = SESSION_DRAINING; /* and so it is answered */
    lab_hear(lab.outside,
             "NEGOTIATE sip:x SIP/2.0\nVia: SIP/2.0/TLS h;branch=z9hG4bKa\nFrom: <sip:a@b.example>\n"
             "To: <sip:x>\nCall-ID: a\nCSeq: 1 NEGOTIATE\nContent-Length: 0\n\n");
    session_flush_dirty(lab.worker);
    assert_ptr_equal(lab.paused, lab.outside);
    lab.waiting = 0;
    lab_hear(lab.outside, "\n\n"); /* it gets an answer, and reads again */
    session_flush_dirty(lab.worker);
    assert_ptr_equal(lab.resumed, lab.outside);
}

static void the_one_that_waits_goes(void **state)
{
    (void)state;
    does_not_read(lab.fe1);
    from_outside();
    session_close(lab.outside, REASON_PEER_CLOSED, NULL);
    assert_null(lab.fe1->waiting);
    lab_close_ended();
    lab.waiting = 0;
    session_flush_dirty(lab.worker);
    assert_null(lab.resumed);
}

static void the_full_one_goes(void **state)
{
    (void)state;
    does_not_read(lab.fe1);
    from_outside();
    session_close(lab.fe1, REASON_OVERLOADED, NULL);
    assert_ptr_equal(lab.resumed, lab.outside);
    assert_null(lab.outside->waits_for);
}

static void over_the_hard_limit(void **state)
{
    (void)state;
    does_not_read(lab.edge);
    lab.waiting = 399900;
    lab.fabrikam->fixed_count = 1;
    from_inside();
    lab.fabrikam->fixed_count = 2;
    assert_says(lab.inside, "SIP/2.0 503 ");
    assert_int_equal(lab_last_event()->reason, REASON_OVERLOADED);
    assert_silent(lab.edge);
}

static void slow_reading_is_no_reading(void **state)
{
    (void)state;
    does_not_read(lab.edge);
    from_inside();
    session_flush_dirty(lab.worker);
    session_check_time(lab.edge, lab.worker->loop.time);
    assert_int_equal(lab.edge->state, SESSION_OPEN);
    lab.worker->loop.time += SESSION_STALL_MS + 1;
    session_check_time(lab.edge, lab.worker->loop.time);
    assert_int_equal(lab.edge->state, SESSION_CLOSING);
    assert_int_equal(lab.edge->end_reason, REASON_OVERLOADED);
}

static void writing_fails(void **state)
{
    (void)state;
    from_outside();
    from_inside();
    lab.writing_fails = true;
    session_flush_dirty(lab.worker);
    assert_int_equal(lab.fe1->state, SESSION_CLOSING);
    assert_int_equal(lab.edge->state, SESSION_CLOSING);
    assert_null(lab.worker->dirty);
}

static size_t octets_written;

static void count_written(struct session *session, struct text octets)
{
    (void)session;
    assert_int_equal((unsigned char)octets.at[0], octets_written / 1000 % 100); /* in order */
    octets_written += octets.length;
}

/* What gathers in one turn takes no more memory than the buffer and one message. */
static void a_full_buffer_is_written_out(void **state)
{
    char message[60000];
    (void)state;
    lab.fixture.settings.limits.waiting_bytes = 10000000;
    lab.edge->channel = (struct tls_channel *)(void *)lab.edge;
    lab.written = count_written;
    octets_written = 0;
    for (size_t i = 0; i < 100; i++) {
        memset(message, (int)i, sizeof(message));
        assert_true(session_send(lab.edge, (struct text){message, 1000}));
        assert_true(lab.edge->out_capacity <= SESSION_OUT_LEAST);
    }
    session_flush_dirty(lab.worker);
    assert_int_equal(octets_written, 100000);
    memset(message, 0, sizeof(message));
    assert_true(session_send(lab.edge, (struct text){message, 1000}));
    memset(message, 1,
           sizeof(message)); /* one that is larger than the buffer goes straight out, behind the others */
    assert_true(session_send(lab.edge, (struct text){message, sizeof(message)}));
    assert_int_equal(octets_written, 101000 + sizeof(message));
    assert_true(lab.edge->is_dirty); /* back-pressure is looked at when the turn ends */
    session_flush_dirty(lab.worker);
    assert_int_equal(octets_written, 101000 + sizeof(message));
    assert_null(lab.edge->out);
}

/* As soon as it is seen: what could not be written is not forgotten, and the session closed in time. */
static void writing_fails_while_it_gathers(void **state)
{
    char message[SESSION_OUT_LEAST / 2 + 1] = "";
    (void)state;
    lab.fixture.settings.limits.waiting_bytes = 10000000;
    lab.writing_fails = true;
    assert_true(session_send(lab.edge, (struct text){message, sizeof(message)}));
    assert_false(session_send(lab.edge, (struct text){message, sizeof(message)}));
    assert_int_equal(lab.edge->state, SESSION_OPEN);
    assert_false(session_is_open(lab.edge));
    session_flush_dirty(lab.worker);
    assert_int_equal(lab.edge->state, SESSION_CLOSING);
}

static void writing_a_large_one_fails(void **state)
{
    char message[SESSION_OUT_LEAST + 1] = "";
    (void)state;
    lab.fixture.settings.limits.waiting_bytes = 10000000;
    lab.writing_fails = true;
    assert_false(session_send(lab.edge, (struct text){message, sizeof(message)}));
    session_flush_dirty(lab.worker);
    assert_int_equal(lab.edge->state, SESSION_CLOSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)
        TEST(a_partner_waits_for_our_server),
        TEST(our_server_waits_for_no_partner),
        TEST(a_partner_that_does_not_read_its_answers_is_not_heard),
        TEST(the_one_that_waits_goes),
        TEST(the_full_one_goes),
        TEST(over_the_hard_limit),
        TEST(slow_reading_is_no_reading),
        TEST(writing_fails),
        TEST(a_full_buffer_is_written_out),
        TEST(writing_fails_while_it_gathers),
        TEST(writing_a_large_one_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
