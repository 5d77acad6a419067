/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything at once, in any order: requests, answers true and false, CANCEL, ACK, DNS, connections, time,
 * sessions that drain and end. Whatever happens, nothing is used after its end, and all counters come back to
 * 0 (see lab_tear_down). A failing run is repeated by its seed. */
#include "relay_fixture.h"

#include <stdio.h>

#include <utlist.h>

#define SESSIONS_MOST 24
#define SENT_MOST 64
#define RUNS 40
#define STEPS 1500

static uint64_t chance;

static unsigned below(unsigned bound)
{ /* xorshift64* */
    chance ^= chance >> 12;
    chance ^= chance << 25;
    chance ^= chance >> 27;
    return (unsigned)((chance * 2685821657736338717u) >> 33) % bound;
}

/* What went out on a session: enough to answer it. */
struct sent {
    uint64_t session_id;
    char branch[BRANCH_LENGTH + 1], method[16], via_host[32];
};

static struct sent sent[SENT_MOST];
static size_t sent_count;
static char text[8192];

/* ---- sessions ---- */

static struct session *any_session(void)
{
    struct session *session, *chosen = NULL;
    unsigned seen = 0;
    DL_FOREACH(lab.worker->sessions, session)
    {
        if (below(++seen) == 0)
            chosen = session;
    }
    return chosen;
}

static size_t session_total(void)
{
    struct session *session;
    size_t count;
    DL_COUNT(lab.worker->sessions, session, count);
    return count;
}

/* Reads what a session has queued: each request in it may be answered later. */
static void note_sent(struct session *session)
{
    for (const char *at = lab_said(session); (at = strstr(at, " SIP/2.0\nVia: SIP/2.0/TLS ")) != NULL; at++) {
        struct sent *note = &sent[sent_count++ % SENT_MOST];
        const char *cseq = strstr(at, "\nCSeq: ");
        *note = (struct sent){.session_id = session->id};
        if (cseq == NULL ||
            sscanf(at, " SIP/2.0\nVia: SIP/2.0/TLS %31[^;];branch=%47[^\n;]", note->via_host, note->branch) !=
                2 ||
            sscanf(cseq, "\nCSeq: %*u %15s", note->method) != 1)
            fail_msg("what was sent cannot be read: %.200s", at);
    }
}

static void take_all(void)
{
    struct session *session, *next;
    DL_FOREACH_SAFE(lab.worker->sessions, session, next)
    {
        note_sent(session);
    }
}

/* ---- what may happen ---- */

static void a_request_comes(void)
{
    static const char *const methods[] = {"INVITE", "INVITE", "INVITE",  "MESSAGE",   "BYE", "CANCEL",
                                          "CANCEL", "ACK",    "OPTIONS", "NEGOTIATE", "INFO"};
    static const char *const domains[] = {"corp.example", "fabrikam.example", "contoso.example",
                                          "nobody.example"};
    struct session *session = any_session();
    const char *method = methods[below(COUNT_OF(methods))];
    bool inside = session != NULL && session->side == PEER_INTERNAL;
    unsigned branch = below(100);

    if (session == NULL)
        return;
    const char *from = below(10) == 0 ? domains[below(4)] : inside ? "corp.example" : "fabrikam.example";
    const char *to = below(10) == 0 ? domains[below(4)] : inside ? "fabrikam.example" : "corp.example";
    snprintf(text, sizeof(text),
             "%s sip:x@%s SIP/2.0\nVia: SIP/2.0/TLS h%u.example;branch=z9hG4bK%u\n%s"
             "From: <sip:y@%s>;tag=1\nTo: <sip:x@%s>%s\nCall-ID: %u\nCSeq: 1 %s\nContent-Length: 0\n\n",
             method, to, branch % 2, branch, below(20) == 0 ? "Max-Forwards: 0\n" : "", from, to,
             below(3) == 0 ? ";tag=2" : "", branch, method);
    lab_hear(session, text);
}

static void an_answer_comes(void)
{
    static const int statuses[] = {100, 180, 183, 200, 200, 202, 302, 404, 486, 487, 500, 503, 503, 603};
    struct session *session, *from = below(10) == 0 ? any_session() : NULL;
    const struct sent *note = &sent[below(SENT_MOST)];

    DL_FOREACH(lab.worker->sessions, session)
    {
        if (from == NULL && session->id == note->session_id)
            from = session;
    }
    if (from == NULL || note->branch[0] == '\0')
        return;
    snprintf(text, sizeof(text),
             "SIP/2.0 %d X\nVia: SIP/2.0/TLS %s;branch=%s\n%sFrom: <sip:y@corp.example>;tag=1\n"
             "To: <sip:x@corp.example>;tag=%u\nCall-ID: 1\nCSeq: 1 %s\nContent-Length: 0\n\n",
             statuses[below(COUNT_OF(statuses))], note->via_host, note->branch,
             below(20) == 0 ? "" : "Via: SIP/2.0/TLS h;branch=z9hG4bKx\n", below(3), note->method);
    lab_hear(from, text);
}

static void garbage_comes(void)
{
    static const char *const garbage[] = {"\n\n", "X\n\n", "INVITE sip:a@b SIP/2.0\nContent-Length: 0\n\n",
                                          "MESSAGE sip:a@corp.example SIP/2.0\nContent-Length: 5\n\nab",
                                          "SIP/2.0 200 OK\nContent-Length: 0\n\n"};
    struct session *session = any_session();
    if (session != NULL)
        lab_hear(session, garbage[below(COUNT_OF(garbage))]);
}

static void a_session_ends(void)
{
    static const enum reason reasons[] = {REASON_PEER_CLOSED, REASON_TLS_FAILED, REASON_OVERLOADED};
    struct session *session = any_session();
    if (session == NULL)
        return;
    if (below(3) == 0)
        session_drain(session, REASON_PARTNER_DISABLED, "a reload");
    else
        session_close(session, reasons[below(3)], NULL);
}

static void a_session_begins(void)
{
    if (session_total() < SESSIONS_MOST)
        lab_session(below(2) == 0 ? PEER_INTERNAL : PEER_EXTERNAL, false, 0);
}

static void a_connection_goes_on(void)
{
    static const enum reason reasons[] = {REASON_CONNECT_FAILED, REASON_TLS_FAILED, REASON_IDENTITY_MISMATCH};
    if (lab.connecting != NULL && below(3) > 0)
        lab_connected();
    else if (lab.connecting != NULL)
        lab_connect_fails(reasons[below(3)]);
    else if (lab_is_asked(true))
        lab_answer_addresses(below(4) == 0 ? REASON_DNS_FAILED : REASON_OK, 1 + below(3));
}

static void dns_answers(void)
{
    static const struct srv_target target = {{"edge.fabrikam.example", 21}, 5061, 0, 0};
    static struct srv_record_set found = {.answer = {.target = &target, .target_count = 1},
                                          .references = 1u << 30};
    static struct srv_record_set failed = {.answer = {.outcome = REASON_DNS_FAILED}, .references = 1u << 30};
    if (lab_is_asked(false))
        lab_answer(below(4) == 0 ? &failed : &found);
    lab.fabrikam->locate = below(2) == 0 ? LOCATE_SRV : LOCATE_FIXED;
}

static void time_passes(void)
{
    struct session *session, *next;
    lab_pass(below(4) == 0 ? below(200000) : below(300));
    DL_FOREACH_SAFE(lab.worker->sessions, session, next)
    {
        session_check_time(session, lab.worker->loop.time);
    }
}

/* The end of a turn of the loop. */
static void all_is_written(void)
{
    take_all();
    struct session *full = any_session();
    for (int i = 0; i < 8 && full != NULL && (full->side == PEER_EXTERNAL || !full->we_connected); i++)
        full = any_session(); /* one of our own servers, where there is one: it makes partners wait */
    lab.full = full;
    lab.waiting = below(2) == 0 ? 300000 : 0;
    lab.writing_fails = below(8) == 0;
    session_flush_dirty(lab.worker);
    lab.writing_fails = false;
}

static void step(void)
{
    unsigned what = below(100);
    if (what < 35)
        a_request_comes();
    else if (what < 60)
        an_answer_comes();
    else if (what < 62)
        garbage_comes();
    else if (what < 65)
        a_session_ends();
    else if (what < 70)
        a_session_begins();
    else if (what < 78)
        a_connection_goes_on();
    else if (what < 83)
        dns_answers();
    else if (what < 86)
        time_passes();
    else if (what < 88)
        lab_close_ended();
    else if (what < 91)
        all_is_written();
    else
        take_all();
}

/* ---- what must always be so ---- */

static void check(void)
{
    struct session *session;
    struct transaction *transaction;
    size_t in_flight = 0, entered = 0;

    DL_FOREACH(lab.worker->sessions, session)
    {
        size_t downstream = 0, open = 0;
        assert_true(session->state == SESSION_OPEN || session->state == SESSION_DRAINING);
        DL_FOREACH2(session->upstream_transactions, transaction, upstream_next)
        {
            assert_ptr_equal(transaction->upstream, session);
            assert_true(transaction->state != TRANSACTION_FREE);
            in_flight += transaction->is_in_flight;
            open += transaction->is_in_flight;
            entered++;
        }
        DL_FOREACH2(session->downstream_transactions, transaction, downstream_next)
        {
            assert_ptr_equal(transaction->downstream, session);
            assert_true(transaction->state != TRANSACTION_FREE);
            downstream++;
            open += transaction->is_in_flight;
            in_flight += transaction->upstream == NULL && transaction->is_in_flight;
            entered += transaction->upstream == NULL;
        }
        assert_int_equal(session->downstream_count, downstream);
        assert_int_equal(session->in_flight, open);
    }
    for (session = lab.worker->dirty; session != NULL; session = session->dirty_next)
        assert_true(session->is_dirty && session->state != SESSION_CLOSING);
    assert_int_equal(entered, transaction_table_count(lab.worker->transactions));
    assert_int_equal(in_flight, lab.worker->in_flight);
    assert_int_equal(in_flight, lab.shared.in_flight);
    assert_true(lab.shared.parked <= in_flight);
}

static void a_storm(void **state)
{
    uint64_t seed = (uint64_t)(uintptr_t)*state;

    chance = seed * 0x9e3779b97f4a7c15u;
    sent_count = 0;
    memset(sent, 0, sizeof(sent));
    lab_set_up(NULL);
    lab.fixture.settings.limits.in_flight = 40;
    lab.fixture.settings.limits.parked = 20;
    lab.fixture.settings.limits.waiting_bytes = 310000;
    lab.fabrikam->limits.connections = 3;
    lab.fabrikam->limits.messages_per_second = 1000000;
    lab.fabrikam->limits.burst = 1000000;
    for (int i = 0; i < STEPS; i++) {
        step();
        check();
    }
    lab.fabrikam->locate = LOCATE_FIXED;
    if (lab.connecting != NULL) /* not among the worker's sessions yet */
        lab_connect_fails(REASON_SHUTTING_DOWN);
    while (lab.worker->sessions != NULL || lab.connecting != NULL) {
        if (lab.connecting != NULL)
            lab_connect_fails(REASON_SHUTTING_DOWN);
        else
            session_close(lab.worker->sessions, REASON_SHUTTING_DOWN, NULL);
        lab_close_ended();
    }
    lab_tear_down(NULL);
}

int main(void)
{
    static struct CMUnitTest tests[RUNS];
    static char names[RUNS][32];

    for (size_t i = 0; i < RUNS; i++) {
        snprintf(names[i], sizeof(names[i]), "storm %zu", i + 1);
        tests[i] = (struct CMUnitTest){names[i], a_storm, NULL, NULL, (void *)(uintptr_t)(i + 1)};
    }
    return _cmocka_run_group_tests("storms", tests, RUNS, NULL, NULL);
}
