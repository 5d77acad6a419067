/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes back, from where it may come, and the next target when it does not. */
#include "exchange.h"

/* ---- answers ---- */

static void an_answer_goes_home(void **state)
{
    (void)state;
    send_on("MESSAGE");
    reply(200, "MESSAGE");
    const char *answer = lab_said(lab.inside);
    assert_int_equal(strncmp(answer, "SIP/2.0 200 Whatever\nVia: SIP/2.0/TLS fe1.corp.example;", 55), 0);
    assert_null(strstr(answer, "sip.corp.example"));
    expect_event(REASON_OK, 200);
    assert_int_equal(lab.shared.in_flight, 0);
    assert_int_equal(count_of_transactions(), 0);
    reply(200, "MESSAGE"); /* once more: nobody waits */
    assert_silent(lab.inside);
}

static void a_refusal_goes_home(void **state)
{
    (void)state;
    send_on("MESSAGE");
    reply(404, "MESSAGE");
    assert_says(lab.inside, "SIP/2.0 404 Whatever\n");
    expect_event(REASON_RELAYED, 404);
    assert_int_equal(count_of_transactions(), 0);
    assert_silent(lab.edge); /* no ACK but for INVITE */
}

static void a_refused_invite_is_acknowledged_here(void **state)
{
    (void)state;
    send_on("INVITE");
    reply(486, "INVITE");
    const char *ack = lab_said(lab.edge);
    assert_int_equal(strncmp(ack, "ACK sip:bob@fabrikam.example SIP/2.0\n", 37), 0);
    assert_non_null(strstr(ack, branch));
    assert_non_null(strstr(ack, "To: <sip:bob@fabrikam.example>;tag=2\n"));
    assert_says(lab.inside, "SIP/2.0 486 ");
    expect_event(REASON_RELAYED, 486);
    assert_int_equal(lab.shared.in_flight, 0);
    assert_int_equal(count_of_transactions(), 1);
    lab_hear(lab.inside,
             "ACK sip:bob@fabrikam.example SIP/2.0\nVia: SIP/2.0/TLS fe1.corp.example;branch=z9hG4bKa\n"
             "From: <sip:alice@corp.example>;tag=1\nTo: <sip:bob@fabrikam.example>;tag=2\nCall-ID: a\n"
             "CSeq: 1 ACK\nContent-Length: 0\n\n");
    assert_silent(lab.edge); /* absorbed */
    assert_int_equal(count_of_transactions(), 0);
}

static void after_a_refusal_nothing_more_passes(void **state)
{
    (void)state;
    send_on("INVITE");
    reply(486, "INVITE");
    lab_said(lab.edge), lab_said(lab.inside);
    reply(200, "INVITE");
    reply(486, "INVITE");
    reply(180, "INVITE");
    assert_silent(lab.inside);
    assert_int_equal(lab.event_count, 1);
}

static void an_ack_that_never_comes(void **state)
{
    (void)state;
    send_on("INVITE");
    reply(486, "INVITE");
    lab_pass(TRANSACTION_TIMER_B_MS + 1);
    assert_int_equal(count_of_transactions(), 0);
}

/* RFC 6026: a fork behind the next server gives several, and each may come again. */
static void every_2xx_to_an_invite_passes(void **state)
{
    (void)state;
    send_on("INVITE");
    reply(180, "INVITE");
    assert_says(lab.inside, "SIP/2.0 180 ");
    for (int i = 0; i < 3; i++) {
        reply(200, "INVITE");
        assert_says(lab.inside, "SIP/2.0 200 ");
    }
    assert_int_equal(lab.event_count, 1);
    assert_silent(lab.edge); /* the ACK is the caller's */
    lab_pass(TRANSACTION_TIMER_B_MS + 1);
    assert_int_equal(count_of_transactions(), 0);
    reply(200, "INVITE");
    assert_silent(lab.inside);
}

static void provisional_answers(void **state)
{
    (void)state;
    send_on("INVITE");
    reply(100, "INVITE");
    assert_silent(lab.inside); /* ours went before */
    reply(183, "INVITE");
    assert_says(lab.inside, "SIP/2.0 183 ");
    reply(500, "INVITE");
    lab_said(lab.inside);
    reply(183, "INVITE"); /* too late */
    assert_silent(lab.inside);
}

static void no_provisional_answer_to_others(void **state)
{ /* RFC 4320 4.1 */
    (void)state;
    send_on("MESSAGE");
    reply(100, "MESSAGE");
    reply(183, "MESSAGE");
    assert_silent(lab.inside);
    reply(200, "MESSAGE");
    assert_says(lab.inside, "SIP/2.0 200 ");
}

/* ---- strangers ---- */

static void answers_from_elsewhere(void **state)
{
    struct session *contoso = lab_session(PEER_EXTERNAL, false, 1),
                   *edge2 = lab_session(PEER_EXTERNAL, true, 0);
    (void)state;
    send_on("MESSAGE");
    reply_by(contoso, 200, "MESSAGE", "");
    reply_by(edge2, 200, "MESSAGE", "");
    reply_by(lab.outside, 200, "MESSAGE", "");
    reply_by(lab.fe1, 200, "MESSAGE", "");
    reply_by(lab.inside, 200, "MESSAGE", "");
    assert_silent(lab.inside);
    branch[20] = branch[20] == '0' ? '1' : '0';
    reply(200, "MESSAGE");
    assert_silent(lab.inside);
    branch[20] = branch[20] == '0' ? '1' : '0';
    reply(200, "INVITE"); /* another method */
    assert_silent(lab.inside);
    assert_int_equal(lab.shared.in_flight, 1);
}

static void answers_that_are_no_answers(void **state)
{
    char text[1024];
    (void)state;
    send_on("MESSAGE");
    snprintf(
        text, sizeof(text),
        "SIP/2.0 200 OK\nVia: SIP/2.0/TLS sip.corp.example:5061;branch=%s\nFrom: <sip:a@corp.example>;tag=1\n"
        "To: <sip:b@fabrikam.example>\nCall-ID: a\nCSeq: 1 MESSAGE\nContent-Length: 0\n\n",
        branch);
    lab_hear(lab.edge, text); /* no Via is left */
    snprintf(text, sizeof(text),
             "SIP/2.0 200 OK\nVia: SIP/2.0/TLS other.example:5061;branch=%s, SIP/2.0/TLS x\nFrom: "
             "<sip:a@corp.example>\n"
             "To: <sip:b@fabrikam.example>\nCall-ID: a\nCSeq: 1 MESSAGE\nContent-Length: 0\n\n",
             branch);
    lab_hear(lab.edge, text); /* not our Via */
    snprintf(text, sizeof(text),
             "SIP/2.0 200 OK\nVia: SIP/2.0/TLS sip.corp.example:5061;branch=%s\nContent-Length: 0\n\n",
             branch);
    lab_hear(lab.edge, text);
    assert_silent(lab.inside);
    assert_silent(lab.edge);
    assert_int_equal(lab.shared.in_flight, 1);
}

/* ---- the next target ---- */

static void after_503_the_next_target(void **state)
{
    struct session *edge2 = second_edge();
    char first[sizeof(branch)];
    (void)state;
    send_on("INVITE");
    strcpy(first, branch);
    reply_by(lab.edge, 503, "INVITE", "Retry-After: 60\n");
    assert_says(lab.edge, "ACK ");
    assert_silent(lab.inside);
    assert_says(edge2, "INVITE ");
    strcpy(branch, lab_branch());
    assert_string_not_equal(branch, first);
    assert_string_equal(branch + 31, first + 31); /* the loop mark */
    reply_by(edge2, 200, "INVITE", "");
    assert_says(lab.inside, "SIP/2.0 200 ");
    strcpy(branch, first);
    reply(200, "INVITE"); /* the first one changes its mind */
    assert_silent(lab.inside);
}

static void a_lone_503_is_a_500(void **state)
{
    struct session *edge2 = second_edge();
    (void)state;
    send_on("MESSAGE");
    reply(503, "MESSAGE");
    assert_says(edge2, "MESSAGE ");
    strcpy(branch, lab_branch());
    reply_by(edge2, 503, "MESSAGE", "Retry-After: 60\n");
    const char *answer = lab_said(lab.inside);
    assert_int_equal(strncmp(answer, "SIP/2.0 500 ", 12), 0);
    assert_null(strstr(answer, "Retry-After"));
    expect_event(REASON_RELAYED, 500);
}

static void the_target_goes_before_it_answers(void **state)
{
    struct session *edge2 = second_edge();
    (void)state;
    send_on("INVITE");
    session_close(lab.edge, REASON_PEER_CLOSED, NULL);
    assert_says(edge2, "INVITE ");
    assert_silent(lab.inside);
}

static void the_target_goes_while_it_rings(void **state)
{
    struct session *edge2 = second_edge();
    (void)state;
    send_on("INVITE");
    reply(180, "INVITE");
    lab_said(lab.inside);
    session_close(lab.edge, REASON_PEER_CLOSED, NULL);
    assert_silent(edge2); /* it may have rung: no second phone */
    assert_says(lab.inside, "SIP/2.0 504 ");
    expect_event(REASON_CONNECT_FAILED, 504);
}

static void no_target_has_a_session(void **state)
{
    (void)state;
    session_close(lab.edge, REASON_PEER_CLOSED, NULL);
    lab_hear(lab.inside, REQUEST("MESSAGE", ""));
    assert_int_equal(lab.address_questions, 1);
    assert_int_equal(lab.shared.parked, 1);
    lab_pass(10001);
    assert_says(lab.inside, "SIP/2.0 504 ");
    expect_event(REASON_CONNECT_FAILED, 504);
}

static void the_target_has_no_room(void **state)
{
    struct session *edge2 = second_edge();
    (void)state;
    lab.waiting = 65000;
    lab_hear(lab.inside,
             REQUEST("MESSAGE",
                     "Subject: a long one, so that it does not fit any more into what is left for the "
                     "session, which are five hundred octets and some, no more; so it has to be written "
                     "for longer than that, with words that say nothing and take room for nothing but "
                     "room, until the whole of it, with the lines that the gateway adds, is longer.\n"));
    assert_silent(lab.edge);
    assert_says(edge2, "MESSAGE ");
}

/* ---- larger than the partner may send ---- */

#define LONG_LINE                                                                                            \
    "X-Long: a line that says nothing, and takes room for nothing but room, until the whole answer, which "  \
    "is short without it, is longer than the limits.message-size of the partner that it came from\n"

static void large_reply(int status, const char *method)
{
    reply_by(lab.edge, status, method, LONG_LINE);
}

/* Nothing of it crosses, and the sender need not wait. */
static void an_answer_that_is_too_large(void **state)
{
    (void)state;
    lab.fabrikam->limits.message_size = 450;
    send_on("MESSAGE");
    large_reply(200, "MESSAGE");
    const char *answer = lab_said(lab.inside);
    assert_int_equal(strncmp(answer, "SIP/2.0 513 ", 12), 0);
    assert_non_null(strstr(answer, "message-too-large"));
    assert_null(strstr(answer, "X-Long"));
    expect_event(REASON_MESSAGE_TOO_LARGE, 513);
    assert_int_equal(lab.shared.in_flight, 0);
    assert_int_equal(count_of_transactions(), 0);
    send_on("MESSAGE"); /* the session goes on */
    reply(200, "MESSAGE");
    assert_says(lab.inside, "SIP/2.0 200 ");
}

static void a_large_refusal_of_an_invite_is_acknowledged(void **state)
{
    (void)state;
    lab.fabrikam->limits.message_size = 450;
    send_on("INVITE");
    large_reply(486, "INVITE");
    assert_says(lab.edge, "ACK sip:bob@fabrikam.example SIP/2.0\n");
    assert_says(lab.inside, "SIP/2.0 513 ");
    expect_event(REASON_MESSAGE_TOO_LARGE, 513);
    assert_int_equal(lab.shared.in_flight, 0);
}

static void a_large_provisional_answer_is_not_the_last_word(void **state)
{
    (void)state;
    lab.fabrikam->limits.message_size = 450;
    send_on("INVITE");
    large_reply(183, "INVITE");
    assert_silent(lab.inside);
    assert_int_equal(lab.event_count, 0);
    reply(200, "INVITE");
    assert_says(lab.inside, "SIP/2.0 200 ");
    large_reply(200, "INVITE"); /* another leg */
    assert_silent(lab.inside);
    assert_int_equal(lab.event_count, 1);
}

static void a_large_503_is_a_503(void **state)
{
    struct session *edge2 = second_edge();
    (void)state;
    lab.fabrikam->limits.message_size = 450;
    send_on("MESSAGE");
    large_reply(503, "MESSAGE");
    assert_says(edge2, "MESSAGE ");
}

/* More to be taken out than a plan of edits holds: whoever waits hears so, and the log does not say that it
 * crossed. */
static void an_answer_that_cannot_be_written(void **state)
{
    static const char *const methods[] = {"MESSAGE", "INVITE"};
    char many[1700] = "";
    (void)state;
    for (size_t i = 0; i < 70; i++)
        strcat(many, "P-Preferred-Identity:x\n");
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        for (int status = 200; status <= 404; status += 204) {
            send_on(methods[i]);
            reply_by(lab.edge, status, methods[i], many);
            lab_said(lab.edge);
            assert_says(lab.inside, "SIP/2.0 513 ");
            expect_event(REASON_MESSAGE_TOO_LARGE, 513);
            assert_int_equal(count_of_transactions(), 0);
        }
    }
    send_on("INVITE");
    reply_by(lab.edge, 183, "INVITE", many);
    assert_silent(lab.inside);
    reply(200, "INVITE");
    assert_says(lab.inside, "SIP/2.0 200 ");
}

/* The bound is the partner's, not that of our own servers towards him. */
static void our_own_answers_are_not_the_partners(void **state)
{
    char text[2048];
    (void)state;
    lab.fabrikam->limits.message_size = 450;
    lab_hear(lab.outside, "MESSAGE sip:alice@corp.example SIP/2.0\nVia: SIP/2.0/TLS h;branch=z9hG4bKa\n"
                          "From: <sip:bob@fabrikam.example>;tag=1\nTo: <sip:alice@corp.example>\nCall-ID: a\n"
                          "CSeq: 1 MESSAGE\nContent-Length: 0\n\n");
    assert_says(lab.fe1, "MESSAGE ");
    strcpy(branch, lab_branch());
    snprintf(text, sizeof(text),
             "SIP/2.0 200 OK\nVia: SIP/2.0/TLS edge.corp.example:15061;branch=%s\nVia: SIP/2.0/TLS "
             "h;branch=z9hG4bKa\n"
             "From: <sip:bob@fabrikam.example>;tag=1\nTo: <sip:alice@corp.example>;tag=2\nCall-ID: a\n"
             "CSeq: 1 MESSAGE\n" LONG_LINE "Content-Length: 0\n\n",
             branch);
    lab_hear(lab.fe1, text);
    assert_says(lab.outside, "SIP/2.0 200 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)
        TEST(after_a_refusal_nothing_more_passes),
        TEST(an_answer_goes_home),
        TEST(a_refusal_goes_home),
        TEST(a_refused_invite_is_acknowledged_here),
        TEST(an_ack_that_never_comes),
        TEST(every_2xx_to_an_invite_passes),
        TEST(provisional_answers),
        TEST(no_provisional_answer_to_others),
        TEST(answers_from_elsewhere),
        TEST(answers_that_are_no_answers),
        TEST(after_503_the_next_target),
        TEST(a_lone_503_is_a_500),
        TEST(an_answer_that_cannot_be_written),
        TEST(the_target_goes_before_it_answers),
        TEST(the_target_goes_while_it_rings),
        TEST(no_target_has_a_session),
        TEST(the_target_has_no_room),
        TEST(an_answer_that_is_too_large),
        TEST(a_large_refusal_of_an_invite_is_acknowledged),
        TEST(a_large_provisional_answer_is_not_the_last_word),
        TEST(a_large_503_is_a_503),
        TEST(our_own_answers_are_not_the_partners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
