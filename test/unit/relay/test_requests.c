/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request on its way, and what may come between. */
#include "gateway/relay/discovered.h"
#include "requests.h"

#include <stdio.h>

#include <utlist.h>

/* ---- crossing ---- */

static void it_crosses_inwards(void **state)
{
    (void)state;
    lab_hear(lab.outside, IN("MESSAGE", "a", ""));
    assert_silent(lab.outside);
    assert_says(lab.fe1, "MESSAGE sip:alice@corp.example SIP/2.0\n");
    assert_int_equal(lab.shared.in_flight, 1);
}

static void it_crosses_outwards(void **state)
{
    (void)state;
    lab_hear(lab.inside, OUT("MESSAGE", "a", ""));
    assert_says(lab.edge, "MESSAGE sip:bob@fabrikam.example SIP/2.0\n");
}

static void an_invite_hears_at_once_that_it_is_tried(void **state)
{
    (void)state;
    lab_hear(lab.outside, IN("INVITE", "a", ""));
    assert_says(lab.outside, "SIP/2.0 100 Trying\n");
    assert_says(lab.fe1, "INVITE ");
}

static void the_same_request_again_is_dropped(void **state)
{
    (void)state;
    lab_hear(lab.outside, IN("MESSAGE", "a", ""));
    assert_says(lab.fe1, "MESSAGE ");
    lab_hear(lab.outside, IN("MESSAGE", "a", ""));
    assert_silent(lab.fe1);
    lab_hear(lab.outside, IN("INFO", "a", "")); /* the branch is the same, the method is not */
    assert_says(lab.fe1, "INFO ");
}

/* ---- refusals ---- */

static void refusals_inwards_are_bare(void **state)
{
    (void)state;
    lab_hear(lab.outside,
             "MESSAGE sip:a@elsewhere.example SIP/2.0\nVia: SIP/2.0/TLS h;branch=z9hG4bKa\n"
             "From: <sip:bob@fabrikam.example>;tag=1\nTo: <sip:a@elsewhere.example>\nCall-ID: a\n"
             "CSeq: 1 MESSAGE\nContent-Length: 0\n\n");
    const char *answer = lab_said(lab.outside);
    assert_int_equal(strncmp(answer, "SIP/2.0 403 Forbidden\n", 22), 0);
    assert_null(strstr(answer, "Reason:"));
    expect_event(REASON_NOT_OUR_DOMAIN, 403);
    assert_silent(lab.fe1);
}

static void refusals_outwards_say_why(void **state)
{
    (void)state;
    lab_hear(lab.inside, "MESSAGE sip:a@elsewhere.example SIP/2.0\nVia: SIP/2.0/TLS h;branch=z9hG4bKa\n"
                         "From: <sip:alice@corp.example>;tag=1\nTo: <sip:a@elsewhere.example>\nCall-ID: a\n"
                         "CSeq: 1 MESSAGE\nContent-Length: 0\n\n");
    const char *answer = lab_said(lab.inside);
    assert_int_equal(strncmp(answer, "SIP/2.0 404 Not Found\n", 22), 0);
    assert_non_null(strstr(answer, "Reason: SIP ;text=\"unknown-domain: no partner owns the domain\"\n"));
    expect_event(REASON_UNKNOWN_DOMAIN, 404);
}

static void another_partners_from(void **state)
{
    (void)state;
    struct session *contoso = lab_session(PEER_EXTERNAL, false, 1);
    lab_hear(contoso, IN("MESSAGE", "a", ""));
    assert_says(contoso, "SIP/2.0 403 ");
    expect_event(REASON_FROM_DOMAIN_NOT_AUTHORIZED, 403);
    assert_string_equal(lab_last_event()->partner, "fabrikam");
}

/* Who names a partner that is told everything is not told for that. */
static void diagnostics_are_for_the_sender(void **state)
{
    (void)state;
    lab.fabrikam->diagnostics_public = true;
    struct session *contoso = lab_session(PEER_EXTERNAL, false, 1);
    lab_hear(contoso, IN("MESSAGE", "a", ""));
    const char *answer = lab_said(contoso);
    assert_int_equal(strncmp(answer, "SIP/2.0 403 ", 12), 0);
    assert_null(strstr(answer, "Reason:"));
    lab_hear(lab.outside, IN("MESSAGE", "b", "Route: <sip:edge.contoso.example;lr>\n"));
    answer = lab_said(lab.outside);
    assert_int_equal(strncmp(answer, "SIP/2.0 403 ", 12), 0);
    assert_non_null(strstr(answer, "Reason: SIP ;text=\"not-our-domain"));
}

static void what_a_proxy_refuses_anyhow(void **state)
{
    static const struct {
        const char *more;
        enum reason reason;
        int status;
    } cases[] = {
        {"Max-Forwards: 0\n", REASON_TOO_MANY_HOPS, 483},
        {"Max-Breadth: 0\n", REASON_MAX_BREADTH_EXCEEDED, 440},
        {"Proxy-Require: foo, bar\n", REASON_UNSUPPORTED_EXTENSION, 420},
        {"Route: <tel:+1234>\n", REASON_MALFORMED_MESSAGE, 400},
        {"Route: <http://fe1.corp.example>\n", REASON_MALFORMED_MESSAGE, 400},
        {"Route: sip:fe1.corp.example\n", REASON_MALFORMED_MESSAGE, 400},
        {"CSeq: 2 MESSAGE\n", REASON_MALFORMED_MESSAGE, 400},
        {"Route: <sip:edge.contoso.example;lr>\n", REASON_NOT_OUR_DOMAIN, 403},
        {"Route: <sip:fe1.corp.example;lr;maddr=192.0.2.9>\n", REASON_NOT_OUR_DOMAIN, 403},
        {"Route: <sip:fe1.corp.example;lr;%6Dadd%72=192.0.2.9>\n", REASON_NOT_OUR_DOMAIN, 403},
        {"Route: <sip:fe1.corp.example;lr>, <sip:192.0.2.9;lr>\n", REASON_NOT_OUR_DOMAIN, 403},
        {"Route: <sip:fe1.corp.example;lr>\nRoute: <tel:+1234>\n", REASON_NOT_OUR_DOMAIN, 403},
        {"Route: <sip:sip.corp.example;lr>, <sip:fe1.corp.example;lr>, "
         "<sip:fe1.corp.example;lr;maddr=192.0.2.9>\n",
         REASON_NOT_OUR_DOMAIN, 403},
        {"Proxy-Require: foo,,\n", REASON_MALFORMED_MESSAGE, 400},
        {"Proxy-Require:\n", REASON_MALFORMED_MESSAGE, 400},
    };
    char text[1024];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        snprintf(text, sizeof(text), IN("MESSAGE", "%zu", "%s"), i, i, cases[i].more);
        lab_hear(lab.outside, text);
        const char *answer = lab_said(lab.outside);
        if (*answer == '\0')
            fail_msg("crossed: %s", cases[i].more);
        assert_int_equal(atoi(answer + 8), cases[i].status);
        assert_true(cases[i].status != 420 || strstr(answer, "Unsupported: foo, bar\n") != NULL);
        expect_event(cases[i].reason, cases[i].status);
    }
    assert_silent(lab.fe1);
}

/* By way of our servers, and by us again, is no way elsewhere. */
static void routes_inside(void **state)
{
    (void)state;
    lab_hear(lab.outside,
             IN("MESSAGE", "a",
                "Route: <sip:sip.corp.example;lr>, <sip:fe1.corp.example;lr>\n"
                "Route: <sip:corp.example;lr;maddr=fe1.corp.example>, <sip:edge.corp.example;lr>\n"));
    assert_says(lab.fe1, "MESSAGE ");
}

static void an_ack_is_never_answered(void **state)
{
    (void)state;
    lab_hear(lab.outside, IN("ACK", "a", "Max-Forwards: 0\n"));
    assert_silent(lab.outside);
    expect_event(REASON_TOO_MANY_HOPS, 0);
    lab_hear(lab.outside, IN("ACK", "b", "Route: <sip:edge.contoso.example;lr>\n"));
    assert_silent(lab.outside);
    expect_event(REASON_NOT_OUR_DOMAIN, 0);
}

static void the_ack_for_our_own_refusal_is_absorbed(void **state)
{
    char ack[1024], tag[64] = "";
    (void)state;
    lab_hear(lab.outside, IN("INVITE", "a", "Max-Forwards: 0\n"));
    const char *to = strstr(lab_said(lab.outside), "To: <sip:alice@corp.example>;tag=");
    assert_non_null(to);
    sscanf(to, "To: <sip:alice@corp.example>;tag=%32[0-9a-f]", tag);
    size_t events = lab.event_count;
    snprintf(ack, sizeof(ack),
             "ACK sip:alice@corp.example SIP/2.0\nVia: SIP/2.0/TLS sip.fabrikam.example;branch=z9hG4bKa\n"
             "From: <sip:bob@fabrikam.example>;tag=1\nTo: <sip:alice@corp.example>;tag=%s\nCall-ID: a\n"
             "CSeq: 1 ACK\nContent-Length: 0\n\n",
             tag);
    lab_hear(lab.outside, ack);
    assert_int_equal(lab.event_count, events);
    assert_silent(lab.fe1);
    assert_silent(lab.outside);
}

static void negotiate_is_declined(void **state)
{
    (void)state;
    lab_hear(lab.outside, IN("NEGOTIATE", "a", ""));
    assert_says(lab.outside, "SIP/2.0 501 ");
    expect_event(REASON_METHOD_NOT_SUPPORTED, 501);
}

static void options_to_the_gateway(void **state)
{
    (void)state;
    lab_hear(lab.outside,
             "OPTIONS sip:sip.corp.example:5061;transport=tls SIP/2.0\nVia: SIP/2.0/TLS h;branch=z9hG4bKa\n"
             "From: <sip:ping@fabrikam.example>;tag=1\nTo: <sip:sip.corp.example>\nCall-ID: a\n"
             "CSeq: 1 OPTIONS\nContent-Length: 0\n\n");
    assert_says(lab.outside, "SIP/2.0 200 OK\n");
    assert_silent(lab.fe1);
    assert_int_equal(lab.shared.in_flight, 0);
}

/* More changes than a plan of edits holds: nothing crosses, and the sender hears of it. */
static void too_much_to_strip(void **state)
{
    static char many[8192], text[16384];
    size_t length = 0;
    (void)state;
    for (int i = 0; i < 80; i++)
        length +=
            (size_t)sprintf(many + length, "P-Preferred-Identity: <sip:boss@corp.example>\nX-%d: y\n", i);
    snprintf(text, sizeof(text), IN("MESSAGE", "a", "%s"), many);
    lab.fabrikam->limits.message_size = 65536;
    lab_hear(lab.outside, text);
    assert_says(lab.outside, "SIP/2.0 503 ");
    expect_event(REASON_OVERLOADED, 503);
    assert_silent(lab.fe1);
    assert_int_equal(lab.shared.in_flight, 0);
}

/* A stranger's certificate is nobody's concern, or it could show so many that those of partners are
 * forgotten. */
static void a_certificate_is_remembered_once_it_is_believed(void **state)
{
    struct session *stranger = lab_session(PEER_EXTERNAL, false, 0);
    (void)state;
    lab.shared.seen = seen_create();
    stranger->chain = &lab.chain[0];
    stranger->peer->partner = stranger->peer->candidate = NULL;
    stranger->state = SESSION_HANDSHAKING;
    DL_DELETE(lab.worker->sessions, stranger);
    DL_APPEND(lab.worker->handshaking, stranger);
    session_open(stranger);
    assert_int_equal(seen_count(lab.shared.seen), 0);
    lab_hear(stranger, IN("MESSAGE", "a", ""));
    assert_says(lab.fe1, "MESSAGE ");
    assert_int_equal(seen_count(lab.shared.seen), 1);
    stranger->chain = NULL;
    seen_destroy(lab.shared.seen);
    lab.shared.seen = NULL;
}

/* Nobody here would call them before it ends. */
static void certificates_of_discovered_peers_are_not_remembered(void **state)
{
    struct session *stranger = lab_session(PEER_EXTERNAL, false, 0);
    (void)state;
    lab.shared.seen = seen_create();
    lab.fabrikam->is_discovered = true;
    stranger->chain = &lab.chain[0];
    stranger->peer->candidate = lab.fabrikam;
    stranger->state = SESSION_HANDSHAKING;
    DL_DELETE(lab.worker->sessions, stranger);
    DL_APPEND(lab.worker->handshaking, stranger);
    session_open(stranger);
    assert_int_equal(seen_count(lab.shared.seen), 0);
    stranger->chain = NULL;
    lab.fabrikam->is_discovered = false;
    seen_destroy(lab.shared.seen);
    lab.shared.seen = NULL;
}

/* As a partner whose servers have names of nobody's: it is counted as what it has proven to be. */
static void one_that_looked_discovered_may_be_a_partner(void **state)
{
    struct session *stranger = lab_session(PEER_EXTERNAL, false, 0);
    struct snapshot *snapshot = lab.worker->snapshot;
    struct partner_counters *discovered = snapshot_counters(lab.worker, snapshot, lab.contoso);
    struct partner_counters *partner = snapshot_counters(lab.worker, snapshot, lab.fabrikam);
    unsigned before[] = {atomic_load(&discovered->sessions_in), atomic_load(&partner->sessions_in)};
    (void)state;
    lab.shared.discovered = discovered_create();
    lab.fixture.settings.limits.discovered_rate = 20;
    lab.contoso->is_discovered = true;
    stranger->chain = &lab.chain[0];
    stranger->peer->candidate = lab.contoso;
    stranger->counters = discovered;
    atomic_fetch_add(&discovered->sessions_in, 1);
    lab_hear(stranger, IN("MESSAGE", "a", ""));
    assert_says(lab.fe1, "MESSAGE ");
    assert_ptr_equal(stranger->peer->candidate, lab.fabrikam);
    assert_int_equal(atomic_load(&discovered->sessions_in), before[0]);
    assert_int_equal(atomic_load(&partner->sessions_in), before[1] + 1);
    stranger->chain = NULL;
    lab.contoso->is_discovered = false;
    discovered_destroy(lab.shared.discovered);
    lab.shared.discovered = NULL;
}

/* ---- bounds ---- */

static void no_more_than_may_be_in_flight(void **state)
{
    char text[1024];
    (void)state;
    for (int i = 0; i < 10; i++) {
        snprintf(text, sizeof(text), IN("MESSAGE", "%d", ""), i, i);
        lab_hear(lab.outside, text);
        assert_says(lab.fe1, "MESSAGE ");
    }
    lab_hear(lab.outside, IN("MESSAGE", "x", ""));
    assert_says(lab.outside, "SIP/2.0 503 ");
    expect_event(REASON_OVERLOADED, 503);
    assert_silent(lab.fe1);
}

static void forged_senders_cost_the_forger(void **state)
{
    char text[1024];
    struct session *contoso = lab_session(PEER_EXTERNAL, false, 1);
    (void)state;
    lab.contoso->limits.burst = lab.fabrikam->limits.burst = 3;
    lab.contoso->limits.messages_per_second = 1; /* however slow the machine is */
    for (int i = 0; i < 3; i++) {                /* From fabrikam */
        snprintf(text, sizeof(text), IN("MESSAGE", "f%d", ""), i, i);
        lab_hear(contoso, text);
        assert_says(contoso, "SIP/2.0 403 ");
    }
    lab_hear(contoso, IN("MESSAGE", "g", ""));
    assert_says(contoso, "SIP/2.0 503 ");
    expect_event(REASON_RATE_LIMITED, 503);
    lab_hear(lab.outside, IN("MESSAGE", "a", "")); /* and fabrikam has all its messages left */
    assert_says(lab.fe1, "MESSAGE ");
}

static void garbage_counts_too(void **state)
{
    (void)state;
    lab.fabrikam->limits.burst = 2;
    lab.fabrikam->limits.messages_per_second = 1;
    lab_hear(lab.outside, IN("MESSAGE", "a", "CSeq: 1 MESSAGE\n"));
    assert_says(lab.outside, "SIP/2.0 400 ");
    lab_hear(lab.outside, IN("NEGOTIATE", "b", ""));
    assert_says(lab.outside, "SIP/2.0 501 ");
    lab_hear(lab.outside, IN("MESSAGE", "c", ""));
    assert_says(lab.outside, "SIP/2.0 503 ");
    lab_hear(lab.outside, IN("MESSAGE", "d", "CSeq: 1 MESSAGE\n"));
    assert_says(lab.outside, "SIP/2.0 503 ");
}

static void larger_than_the_partner_may_send(void **state)
{
    static char text[8192], body[5000];
    (void)state;
    memset(body, 'x', sizeof(body) - 1);
    snprintf(
        text, sizeof(text),
        "MESSAGE sip:alice@corp.example SIP/2.0\nVia: SIP/2.0/TLS h;branch=z9hG4bKa\n"
        "From: <sip:bob@fabrikam.example>;tag=1\nTo: <sip:alice@corp.example>\nCall-ID: a\nCSeq: 1 MESSAGE\n"
        "Content-Length: $L\n\n%s",
        body);
    lab_hear(lab.outside, text);
    assert_says(lab.outside, "SIP/2.0 513 ");
    expect_event(REASON_MESSAGE_TOO_LARGE, 513);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)
        TEST(it_crosses_inwards),
        TEST(it_crosses_outwards),
        TEST(an_invite_hears_at_once_that_it_is_tried),
        TEST(the_same_request_again_is_dropped),
        TEST(refusals_inwards_are_bare),
        TEST(refusals_outwards_say_why),
        TEST(another_partners_from),
        TEST(diagnostics_are_for_the_sender),
        TEST(what_a_proxy_refuses_anyhow),
        TEST(routes_inside),
        TEST(an_ack_is_never_answered),
        TEST(the_ack_for_our_own_refusal_is_absorbed),
        TEST(negotiate_is_declined),
        TEST(options_to_the_gateway),
        TEST(too_much_to_strip),
        TEST(a_certificate_is_remembered_once_it_is_believed),
        TEST(certificates_of_discovered_peers_are_not_remembered),
        TEST(one_that_looked_discovered_may_be_a_partner),
        TEST(no_more_than_may_be_in_flight),
        TEST(forged_senders_cost_the_forger),
        TEST(garbage_counts_too),
        TEST(larger_than_the_partner_may_send),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
