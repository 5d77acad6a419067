/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions that have to be opened first, and what becomes of the requests that wait for them. */
#include "relay_fixture.h"

#include <stdio.h>

static void send_in_call(const char *branch, const char *call_id)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "INFO sip:bob@fabrikam.example SIP/2.0\nVia: SIP/2.0/TLS fe1.corp.example;branch=z9hG4bK%s\n"
             "From: <sip:alice@corp.example>;tag=1\nTo: <sip:bob@fabrikam.example>\nCall-ID: %s\n"
             "CSeq: 1 INFO\nContent-Length: 0\n\n",
             branch, call_id);
    lab_hear(lab.inside, text);
}

static void send_message(const char *id)
{
    send_in_call(id, id);
}

/* Nobody is there yet. */
static int set_up(void **state)
{
    if (lab_set_up(state) != 0)
        return 1;
    session_close(lab.edge, REASON_CLOSED, NULL);
    lab_close_ended();
    lab.event_count = 0;
    return 0;
}

/* As above, and fabrikam has one target only. */
static int set_up_one_target(void **state)
{
    int failed = set_up(state);
    lab.fabrikam->fixed_count = 1;
    return failed;
}

static int tear_down(void **state)
{
    lab.fabrikam->fixed_count = 2;
    return lab_tear_down(state);
}

static struct hop *edge_hop(void)
{
    return hop_find(lab.worker, lab.fabrikam, TEXT("edge.fabrikam.example"), 5061);
}

#define assert_message(session, id) assert_non_null(strstr(lab_said(session), "Call-ID: " id "\n"))

/* ---- one after the other ---- */

static void all_that_wait_go_when_it_opens(void **state)
{
    (void)state;
    send_message("a");
    send_message("b");
    assert_int_equal(lab.address_questions, 1);
    lab_answer_addresses(REASON_OK, 1);
    send_message("c");
    assert_int_equal(lab.connects, 1);
    const char *said = lab_said(lab_connected());
    assert_non_null(strstr(said, "Call-ID: a\n"));
    assert_true(strstr(said, "Call-ID: a\n") < strstr(said, "Call-ID: b\n"));
    assert_non_null(strstr(said, "Call-ID: c\n"));
    assert_int_equal(lab.shared.parked, 0);
    assert_int_equal(edge_hop()->waiting_count, 0);
}

static void the_next_address_is_tried(void **state)
{
    (void)state;
    send_message("a");
    lab_answer_addresses(REASON_OK, 3);
    lab_connect_fails(REASON_CONNECT_FAILED);
    lab_connect_fails(REASON_TLS_FAILED);
    assert_int_equal(lab.connects, 3);
    assert_message(lab_connected(), "a");
}

static void then_the_next_target(void **state)
{
    (void)state;
    send_message("a");
    lab_answer_addresses(REASON_OK, 2);
    lab_connect_fails(REASON_CONNECT_FAILED);
    lab_connect_fails(REASON_CONNECT_FAILED);
    assert_int_equal(lab.address_questions, 2); /* of edge2 */
    lab_answer_addresses(REASON_ADDRESS_NOT_FOUND, 0);
    assert_says(lab.inside, "SIP/2.0 504 ");
    assert_int_equal(lab_last_event()->reason, REASON_ADDRESS_NOT_FOUND);
    assert_int_equal(lab.shared.parked, 0);
}

static void a_refused_identity(void **state)
{
    (void)state;
    send_message("a");
    lab_answer_addresses(REASON_OK, 1);
    lab_connect_fails(REASON_IDENTITY_MISMATCH);
    assert_says(lab.inside, "SIP/2.0 504 ");
    assert_int_equal(lab_last_event()->reason, REASON_IDENTITY_MISMATCH);
}

/* ---- servers that fail again and again ---- */

static void a_failing_server_is_tried_seldom(void **state)
{
    char id[16];
    (void)state;
    for (int i = 0; i < 10; i++) { /* within a quarter of a second */
        snprintf(id, sizeof(id), "%d", i);
        send_message(id);
        if (lab_is_asked(true)) {
            lab_answer_addresses(REASON_OK, 1);
            lab_connect_fails(REASON_CONNECT_FAILED);
        }
        lab_pass(10);
    }
    assert_int_equal(lab.connects, 1);
    lab_pass(250);
    lab_answer_addresses(REASON_OK, 1); /* those that wait have it tried again */
    lab_connect_fails(REASON_CONNECT_FAILED);
    assert_int_equal(lab.shared.parked, 0);
}

static void after_a_long_attempt_it_rests_too(void **state)
{
    (void)state;
    send_message("a");
    lab_answer_addresses(REASON_OK, 1);
    lab.worker->loop.time += 5000;
    lab_connect_fails(REASON_CONNECT_FAILED);
    send_message("b");
    assert_false(lab_is_asked(true));
    lab_pass(250);
    assert_true(lab_is_asked(true));
}

/* Whose fault it is does not matter to the partner: its request was allowed, and could not be carried out. */
static void our_own_servers_cannot_be_found(void **state)
{
    (void)state;
    session_close(lab.fe1, REASON_CLOSED, NULL);
    lab.fixture.settings.next_hop_count = 1;
    lab_hear(lab.outside, "MESSAGE sip:alice@corp.example SIP/2.0\nVia: SIP/2.0/TLS h;branch=z9hG4bKa\n"
                          "From: <sip:bob@fabrikam.example>;tag=1\nTo: <sip:alice@corp.example>\nCall-ID: a\n"
                          "CSeq: 1 MESSAGE\nContent-Length: 0\n\n");
    lab_answer_addresses(REASON_ADDRESS_NOT_FOUND, 0);
    assert_says(lab.outside, "SIP/2.0 504 ");
}

static void other_targets_are_preferred_to_a_failing_one(void **state)
{
    struct session *edge2 = lab_session(PEER_EXTERNAL, true, 0);
    (void)state;
    lab_join(edge2, lab.fabrikam, "edge2.fabrikam.example", 5061);
    send_message("a");
    lab_answer_addresses(REASON_OK, 1);
    lab_connect_fails(REASON_CONNECT_FAILED);
    assert_message(edge2, "a");
    send_message("b"); /* at once, without trying the first again */
    assert_message(edge2, "b");
    assert_int_equal(lab.address_questions, 1);
}

/* A TLS 1.3 server tells us only afterwards that it does not want us. */
static void it_opens_and_throws_us_out(void **state)
{
    char id[16];
    (void)state;
    for (unsigned i = 1; i <= 3; i++) {
        snprintf(id, sizeof(id), "%u", i);
        send_message(id);
        lab_answer_addresses(REASON_OK, 1);
        struct session *session = lab_connected();
        assert_says(session, "INFO ");
        session_close(session, REASON_TLS_FAILED, NULL);
        assert_says(lab.inside, "SIP/2.0 504 ");
        assert_int_equal(lab_last_event()->event, AUDIT_REQUEST);
        assert_int_equal(lab_last_event()->reason, REASON_TLS_FAILED);
        assert_int_equal(edge_hop()->failures, i); /* and the rest grows with it */
        lab.worker->loop.time += 31000;
    }
}

/* ---- bounds ---- */

static void the_partners_limit_of_sessions(void **state)
{
    char id[16];
    (void)state;
    lab.fabrikam->limits.connections = 2;
    lab.fixture.settings.limits.in_flight = 1000;
    send_message("a");
    lab_answer_addresses(REASON_OK, 1);
    struct session *session = lab_connected();
    struct partner_counters *counters = partner_registry_find(lab.shared.partners, "fabrikam");
    assert_int_equal(counters->sessions_out, 1);
    counters->sessions_out = 2; /* another worker has the last place */
    for (int i = 0; i < 200; i++) {
        snprintf(id, sizeof(id), "%d", i);
        send_message(id);
        lab_said(session);
        if (lab_is_asked(true))
            lab_answer_addresses(REASON_OK, 1);
    }
    assert_int_equal(lab.address_questions, 2); /* one attempt for a second session, then a rest */
    assert_int_equal(lab.connects, 1);
    send_message("z"); /* the one that stands is not avoided */
    assert_message(session, "z");
    counters->sessions_out = 1;
}

static void no_room_among_all_sessions(void **state)
{
    (void)state;
    lab.fixture.settings.limits.sessions = lab.shared.sessions;
    send_message("a");
    lab_answer_addresses(REASON_OK, 3);
    assert_int_equal(lab.connects, 0);
    assert_says(lab.inside, "SIP/2.0 503 ");
    assert_int_equal(lab_last_event()->reason, REASON_CONNECTION_LIMIT);
}

static void no_server_takes_all_waiting_places(void **state)
{
    char id[16];
    (void)state;
    lab.fixture.settings.limits.parked = 64;
    lab.fixture.settings.limits.in_flight = 1000;
    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof(id), "%d", i);
        send_message(id);
    }
    assert_int_equal(lab.shared.parked, 16);
    assert_says(lab.inside, "SIP/2.0 503 ");
}

/* ---- order ---- */

static void a_call_stays_on_its_session(void **state)
{
    struct session *one = lab_session(PEER_EXTERNAL, true, 0), *other = lab_session(PEER_EXTERNAL, true, 0);
    struct session *first = NULL;
    char branch[16];
    (void)state;
    lab_join(one, lab.fabrikam, "edge.fabrikam.example", 5061);
    lab_join(other, lab.fabrikam, "edge.fabrikam.example", 5061);
    for (int i = 0; i < 6; i++) {
        snprintf(branch, sizeof(branch), "%d", i);
        send_in_call(branch, "one");
        struct session *used = one->out_length > 0 ? one : other;
        assert_says(used, "INFO ");
        assert_true(first == NULL || first == used);
        first = used;
    }
    struct session *second = first == one ? other : one;
    lab.fixture.settings.limits.in_flight = 1000;
    size_t on_second = 0;
    for (int i = 10; i < 50; i++) { /* other calls are spread */
        snprintf(branch, sizeof(branch), "%d", i);
        send_message(branch);
        on_second += second->out_length > 0;
        lab_said(first), lab_said(second);
    }
    assert_in_range(on_second, 8, 32);
    session_close(first, REASON_PEER_CLOSED, NULL);
    lab_close_ended(); /* nobody remembers it */
    lab_said(second);
    send_in_call("last", "one");
    assert_says(second, "INFO ");
}

/* ---- ends ---- */

static void the_sender_goes_while_it_waits(void **state)
{
    (void)state;
    send_message("a");
    session_close(lab.inside, REASON_PEER_CLOSED, NULL);
    assert_int_equal(transaction_table_count(lab.worker->transactions), 0);
    lab_answer_addresses(REASON_OK, 1);
    assert_silent(lab_connected()); /* it opens for nobody */
}

static void it_is_closed_while_it_connects(void **state)
{
    (void)state;
    send_message("a");
    lab_answer_addresses(REASON_OK, 1);
    lab_connect_fails(REASON_SHUTTING_DOWN);
    assert_says(lab.inside, "SIP/2.0 503 ");
    assert_null(edge_hop()->connecting);
    assert_int_equal(lab.shared.parked, 0);
}

static void a_hop_without_sessions_is_forgotten(void **state)
{
    (void)state;
    assert_non_null(edge_hop());
    lab_pass(60000);
    assert_int_equal(HASH_COUNT(lab.worker->hops), 1); /* fe1's */
}

/* A reload may take a domain away, or give it to another partner, while a handshake is under way; what is
 * then written to the log must be there. */
static void a_domain_that_went_during_the_handshake(void **state)
{
    static const char *const now[] = {"gone.example", "contoso.example"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct session *session = lab_session(PEER_EXTERNAL, true, 0);
        lab_join(session, lab.fabrikam, "edge.fabrikam.example", 5061);
        free(session->peer);
        session->peer = NULL;
        snprintf(session->domain, sizeof(session->domain), "%s", now[i]);
        assert_int_equal(session_judge(session, NULL, 0), REASON_UNKNOWN_DOMAIN);
        assert_null(session->peer->partner);
        assert_int_equal(session->peer->path_count, 0);
        session_close(session, REASON_UNKNOWN_DOMAIN, NULL);
        assert_int_equal(lab_last_event()->reason, REASON_UNKNOWN_DOMAIN);
    }
    lab_close_ended();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_ONE(name) cmocka_unit_test_setup_teardown(name, set_up_one_target, tear_down)
        TEST_ONE(after_a_long_attempt_it_rests_too),
        TEST(our_own_servers_cannot_be_found),
        TEST(all_that_wait_go_when_it_opens),
        TEST(the_next_address_is_tried),
        TEST(then_the_next_target),
        TEST_ONE(a_refused_identity),
        TEST_ONE(a_failing_server_is_tried_seldom),
        TEST(other_targets_are_preferred_to_a_failing_one),
        TEST_ONE(it_opens_and_throws_us_out),
        TEST_ONE(the_partners_limit_of_sessions),
        TEST_ONE(no_room_among_all_sessions),
        TEST_ONE(no_server_takes_all_waiting_places),
        TEST(a_call_stays_on_its_session),
        TEST(the_sender_goes_while_it_waits),
        TEST_ONE(it_is_closed_while_it_connects),
        TEST(a_hop_without_sessions_is_forgotten),
        TEST_ONE(a_domain_that_went_during_the_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
