/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions that are joined, abandoned, too many, or overtaken by the end; answers that expire. */
#include "test/unit/net/resolver_fixture.h"

#include <stdio.h>
#include <string.h>

#define DOMAIN "fabrikam.example"

static void equal_questions_are_joined(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, script_good);
    for (unsigned i = 0; i < 50; i++)
        ask_srv(fixture, i % 2 == 0 ? DOMAIN : "FABRIKAM.EXAMPLE.");
    test_loop_until(&fixture->test, &fixture->srv_answers, 50);
    assert_int_equal(fixture->server.queries, 1);
    assert_int_equal(fixture->srv->answer.outcome, REASON_OK);
}

static void ttl_zero_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    (void)fixture;
    message_srv(&exchange->reply, exchange->name, 0, 1, 1, 5061, "sip." DOMAIN);
}

static void ttl_zero_serves_those_who_asked(void **state)
{
    struct resolver_fixture *fixture = *state;
    const struct srv_record_set *peeked;

    begin_resolver(fixture, ttl_zero_script);
    for (unsigned i = 0; i < 10; i++)
        ask_srv(fixture, DOMAIN);
    test_loop_until(&fixture->test, &fixture->srv_answers, 10);
    assert_int_equal(fixture->srv->answer.outcome, REASON_OK);
    assert_int_equal(fixture->server.queries, 1);
    assert_false(resolver_peek_federation_srv(fixture->resolver, TEXT(DOMAIN), &peeked));
    get_srv(fixture, DOMAIN);
    assert_int_equal(fixture->server.queries, 2);
}

static void abandoned_questions_are_not_answered(void **state)
{
    struct resolver_fixture *fixture = *state;
    const struct srv_record_set *peeked;

    begin_resolver(fixture, script_good);
    struct resolver_question *first = ask_srv(fixture, DOMAIN);
    ask_srv(fixture, DOMAIN);
    resolver_question_abandon(first);
    test_loop_until(&fixture->test, &fixture->srv_answers, 1);

    resolver_question_abandon(ask_srv(fixture, "alone.example")); /* the answer still comes to the cache */
    test_loop_sleep(&fixture->test, 50);
    assert_int_equal(fixture->srv_answers, 1);
    assert_true(resolver_peek_federation_srv(fixture->resolver, TEXT("alone.example"), &peeked));

    resolver_question_abandon(ask_srv(fixture, DOMAIN)); /* one whose answer is on its way */
    test_loop_sleep(&fixture->test, 20);
    assert_int_equal(fixture->srv_answers, 1);
}

static struct resolver_question *other; /* to be abandoned by a callback */

static void abandon_other(struct resolver_fixture *fixture)
{
    (void)fixture;
    if (other != NULL)
        resolver_question_abandon(other);
    other = NULL;
}

static void abandoned_by_the_callback_before(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, script_good);
    fixture->on_answer = abandon_other;
    ask_srv(fixture, DOMAIN);
    other = ask_srv(fixture, DOMAIN);
    test_loop_until(&fixture->test, &fixture->srv_answers, 1);
    test_loop_sleep(&fixture->test, 20);
    assert_int_equal(fixture->srv_answers, 1);
}

static void ask_again(struct resolver_fixture *fixture)
{
    if (fixture->srv_answers < 1000)
        ask_srv(fixture, DOMAIN);
}

static void callback_that_asks_again_does_not_hold_the_loop(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, script_good);
    get_srv(fixture, DOMAIN);
    fixture->on_answer = ask_again;
    ask_srv(fixture, DOMAIN);
    uv_run(&fixture->test.loop, UV_RUN_NOWAIT);
    uv_run(&fixture->test.loop, UV_RUN_NOWAIT);
    assert_true(fixture->srv_answers < 10);
    test_loop_until(&fixture->test, &fixture->srv_answers, 1000);
}

static void closed_with_questions_open(void **state)
{
    struct resolver_fixture *fixture = *state;
    char name[32];

    begin_resolver(fixture, script_silence);
    for (unsigned i = 0; i < 300; i++) { /* some in flight, some waiting */
        snprintf(name, sizeof name, "d%u.example", i);
        ask_srv(fixture, name);
    }
    ask_addresses(fixture, DOMAIN);
    test_loop_sleep(&fixture->test, 20);
    resolver_question_abandon(ask_srv(fixture, DOMAIN));
    end_resolver(fixture);
    assert_int_equal(fixture->srv_answers, 300);
    assert_int_equal(fixture->srv->answer.outcome, REASON_SHUTTING_DOWN);
    assert_int_equal(fixture->addresses->outcome, REASON_SHUTTING_DOWN);
}

static void closed_at_once(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, script_good);
    end_resolver(fixture);
    begin_resolver(fixture, script_good);
    ask_srv(fixture, DOMAIN);
    end_resolver(fixture);
    assert_int_equal(fixture->srv->answer.outcome, REASON_SHUTTING_DOWN);
}

static void close_in_answer(struct resolver_fixture *fixture)
{
    if (fixture->srv_answers + fixture->address_answers == 1)
        resolver_close(fixture->resolver, resolver_closed, fixture);
}

static void closed_in_a_callback(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, script_good);
    fixture->on_answer = close_in_answer;
    ask_srv(fixture, DOMAIN);
    ask_srv(fixture, DOMAIN);
    ask_srv(fixture, "other.example");
    ask_addresses(fixture, DOMAIN);
    test_loop_until(&fixture->test, &fixture->closed, 1);
    assert_int_equal(fixture->srv_answers, 3);
    assert_int_equal(fixture->address_answers, 1);
}

static void answers_outlive_the_resolver(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, script_good);
    get_srv(fixture, DOMAIN);
    get_addresses(fixture, DOMAIN);
    end_resolver(fixture);
    assert_target(fixture->srv, 0, "sip." DOMAIN, 5061);
    assert_address(fixture->addresses, 0, "2001:db8::7");
}

static unsigned most_in_flight;

static void count_in_flight(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    struct resolver_statistics statistics;

    resolver_statistics(fixture->resolver, &statistics);
    if (statistics.in_flight > most_in_flight)
        most_in_flight = (unsigned)statistics.in_flight;
    script_good(fixture, exchange);
}

static void queries_in_flight_are_bounded(void **state)
{
    struct resolver_fixture *fixture = *state;
    char name[32];

    most_in_flight = 0;
    fixture->options.timeout_ms = 5000;
    begin_resolver(fixture, count_in_flight);
    for (unsigned i = 0; i < 1500; i++) {
        snprintf(name, sizeof name, "d%u.example", i);
        ask_srv(fixture, name);
    }
    test_loop_until(&fixture->test, &fixture->srv_answers, 1500);
    assert_int_equal(fixture->srv->answer.outcome, REASON_OK);
    assert_in_range(most_in_flight, 50, RESOLVER_QUERIES_MOST);
    assert_int_equal(fixture->server.queries, 1500); /* none was lost and asked again */
}

static unsigned outcomes[REASON_COUNT];

static void count_outcome(struct resolver_fixture *fixture)
{
    outcomes[fixture->srv->answer.outcome]++;
}

static void too_many_questions(void **state)
{
    struct resolver_fixture *fixture = *state;
    struct resolver_statistics statistics;
    char name[32];

    memset(outcomes, 0, sizeof outcomes);
    begin_resolver(fixture, script_silence);
    fixture->on_answer = count_outcome;
    for (unsigned i = 0; i < RESOLVER_WAITING_MOST + 500; i++) {
        snprintf(name, sizeof name, "d%u.example", i);
        ask_srv(fixture, name);
    }
    ask_srv(fixture, "d0.example"); /* joining is always possible */
    test_loop_until(&fixture->test, &fixture->srv_answers, RESOLVER_WAITING_MOST + 501);
    assert_int_equal(outcomes[REASON_OVERLOADED], 500);
    assert_int_equal(outcomes[REASON_DNS_FAILED], RESOLVER_WAITING_MOST + 1);
    resolver_statistics(fixture->resolver, &statistics);
    assert_int_equal(statistics.overloaded, 500);
    assert_int_equal(statistics.waiting, 0);
    test_loop_sleep(&fixture->test, 2 * TIMEOUT_MS); /* what was in flight is given up by then */
    resolver_statistics(fixture->resolver, &statistics);
    assert_int_equal(statistics.in_flight, 0);
    fixture->on_answer = NULL;
    fixture->script = script_good;
    assert_int_equal(get_srv(fixture, DOMAIN)->answer.outcome, REASON_OK);
}

static void failing_later_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    if (fixture->step > 0)
        script_server_failure(fixture, exchange);
    else if (exchange->type == DNS_TYPE_SRV)
        message_srv(&exchange->reply, exchange->name, 1, 1, 1, 5061, "sip." DOMAIN);
    else if (exchange->type == DNS_TYPE_A)
        message_a(&exchange->reply, exchange->name, 1, "192.0.2.7");
}

static void expired_answers_help_out_when_the_dns_fails(void **state)
{
    struct resolver_fixture *fixture = *state;
    const struct srv_record_set *peeked;

    begin_resolver(fixture, failing_later_script);
    get_srv(fixture, DOMAIN);
    get_addresses(fixture, DOMAIN);
    test_loop_sleep(&fixture->test, 1050);
    fixture->step = 1;
    assert_false(resolver_peek_federation_srv(fixture->resolver, TEXT(DOMAIN), &peeked));
    const struct srv_record_set *srv = get_srv(fixture, DOMAIN);
    const struct address_set *addresses = get_addresses(fixture, DOMAIN);
    assert_int_equal(srv->answer.outcome, REASON_OK);
    assert_true(srv->answer.stale);
    assert_int_equal(addresses->outcome, REASON_OK);
    assert_true(addresses->stale);
    assert_in_range(srv->expires - uv_now(&fixture->test.loop), 29000, 30000);
    unsigned queries = fixture->server.queries;
    assert_true(resolver_peek_federation_srv(fixture->resolver, TEXT(DOMAIN), &peeked));
    get_srv(fixture, DOMAIN); /* the DNS is left alone for a while */
    assert_int_equal(fixture->server.queries, queries);
}

static void denied_later_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    if (fixture->step > 0)
        script_no_such_name(fixture, exchange);
    else
        failing_later_script(fixture, exchange);
}

static void expired_answers_do_not_outlive_a_denial(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, denied_later_script);
    get_srv(fixture, DOMAIN);
    test_loop_sleep(&fixture->test, 1050);
    fixture->step = 1;
    assert_int_equal(get_srv(fixture, DOMAIN)->answer.outcome, REASON_SRV_NOT_FOUND);
}

static void failures_are_forgotten_soon(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, failing_later_script);
    fixture->step = 1;
    assert_int_equal(get_srv(fixture, DOMAIN)->answer.outcome, REASON_DNS_FAILED);
    fixture->step = 0;
    test_loop_sleep(&fixture->test, 1050);
    assert_int_equal(get_srv(fixture, DOMAIN)->answer.outcome, REASON_OK);
}

static void no_server_at_all(void **state)
{
    struct resolver_fixture *fixture = *state;

    fixture->address.port = 1; /* nobody is there: the kernel says so at once */
    begin_resolver(fixture, script_good);
    uint64_t begin = uv_hrtime();
    assert_int_equal(get_srv(fixture, DOMAIN)->answer.outcome, REASON_DNS_FAILED);
    assert_true((uv_hrtime() - begin) / 1000000 < TIMEOUT_MS + 2000);
    assert_int_equal(get_addresses(fixture, DOMAIN)->outcome, REASON_DNS_FAILED);
}

static void second_server_serves(void **state)
{
    struct resolver_fixture *fixture = *state;
    const struct host_port servers[] = {{fixture->address.host, 1}, fixture->address};

    fixture->options.server = servers;
    fixture->options.server_count = 2;
    begin_resolver(fixture, script_good);
    assert_int_equal(get_srv(fixture, DOMAIN)->answer.outcome, REASON_OK);
}

static void servers_that_are_none(void **state)
{
    struct resolver_fixture *fixture = *state;
    char error[RESOLVER_ERROR_SIZE] = "", host[] = "no address";
    const struct host_port server = {host, 53};

    fixture->options.server = &server;
    assert_null(resolver_create(&fixture->test.loop, &fixture->options, error, sizeof error));
    assert_true(strlen(error) > 0);
}

/* Those of /etc/resolv.conf: nobody is asked anything here. */
static void servers_of_the_machine(void **state)
{
    struct resolver_fixture *fixture = *state;

    fixture->options.server_count = 0;
    begin_resolver(fixture, script_good);
    assert_int_equal(get_addresses(fixture, "192.0.2.1")->outcome, REASON_OK);
}

#define RESOLVER_TEST(name)                                                                                  \
    cmocka_unit_test_setup_teardown(name, resolver_fixture_begin, resolver_fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RESOLVER_TEST(equal_questions_are_joined),
        RESOLVER_TEST(ttl_zero_serves_those_who_asked),
        RESOLVER_TEST(abandoned_questions_are_not_answered),
        RESOLVER_TEST(abandoned_by_the_callback_before),
        RESOLVER_TEST(callback_that_asks_again_does_not_hold_the_loop),
        RESOLVER_TEST(closed_with_questions_open),
        RESOLVER_TEST(closed_at_once),
        RESOLVER_TEST(closed_in_a_callback),
        RESOLVER_TEST(answers_outlive_the_resolver),
        RESOLVER_TEST(queries_in_flight_are_bounded),
        RESOLVER_TEST(too_many_questions),
        RESOLVER_TEST(expired_answers_help_out_when_the_dns_fails),
        RESOLVER_TEST(expired_answers_do_not_outlive_a_denial),
        RESOLVER_TEST(failures_are_forgotten_soon),
        RESOLVER_TEST(no_server_at_all),
        RESOLVER_TEST(second_server_serves),
        RESOLVER_TEST(servers_that_are_none),
        RESOLVER_TEST(servers_of_the_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
