/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the SRV answers of a domain come to, good ones and bad ones. */
#include "test/unit/net/resolver_fixture.h"

#include <stdio.h>

#define DOMAIN "fabrikam.example"
#define FIRST "_sipfederationtls._tcp."
#define SECOND "_sips._tcp."

static void assert_failed(const struct srv_record_set *set)
{
    assert_int_equal(set->answer.outcome, REASON_DNS_FAILED);
    assert_int_equal(set->answer.target_count, 0);
    assert_non_null(set->detail);
    assert_null(set->service);
}

static void good_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    (void)fixture;
    assert_string_equal(exchange->name, FIRST DOMAIN);
    assert_true(exchange->asks_for_ad);
    assert_true(exchange->with_edns);
    message_srv(&exchange->reply, exchange->name, 60, 20, 1, 5062, "b." DOMAIN);
    message_srv(&exchange->reply, exchange->name, 30, 10, 1, 5061, "SIP." DOMAIN);
}

static void first_name_answers(void **state)
{
    struct resolver_fixture *fixture = *state;
    const struct srv_record_set *peeked;

    begin_resolver(fixture, good_script);
    assert_false(resolver_peek_federation_srv(fixture->resolver, TEXT(DOMAIN), &peeked));
    const struct srv_record_set *set = get_srv(fixture, DOMAIN);
    assert_int_equal(set->answer.outcome, REASON_OK);
    assert_int_equal(set->answer.target_count, 2);
    assert_target(set, 0, "sip." DOMAIN, 5061);
    assert_target(set, 1, "b." DOMAIN, 5062);
    assert_string_equal(set->service, "_sipfederationtls._tcp");
    assert_int_equal(set->answer.security, DNS_INSECURE);
    assert_in_range(set->expires - uv_now(&fixture->test.loop), 29000, 30000);
    assert_false(set->answer.stale);
    assert_true(resolver_peek_federation_srv(fixture->resolver, TEXT("Fabrikam.EXAMPLE."), &peeked));
    assert_ptr_equal(peeked, set);
    get_srv(fixture, "FABRIKAM.example");
    assert_int_equal(fixture->server.queries, 1);
}

static void second_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    if (begins_with(exchange->name, FIRST)) {
        if (fixture->step == 0)
            set_rcode(exchange, DNS_RCODE_NO_SUCH_NAME);
        message_soa(&exchange->reply, 40, 40);
        return;
    }
    assert_string_equal(exchange->name, SECOND DOMAIN);
    message_srv(&exchange->reply, exchange->name, 600, 1, 1, 5061, "sip." DOMAIN);
}

static void second_name_answers_when_the_first_is_denied(void **state)
{
    struct resolver_fixture *fixture = *state;

    for (fixture->step = 0; fixture->step < 2; fixture->step++) { /* NXDOMAIN, NODATA */
        begin_resolver(fixture, second_script);
        const struct srv_record_set *set = get_srv(fixture, DOMAIN);
        assert_int_equal(set->answer.outcome, REASON_OK);
        assert_string_equal(set->service, "_sips._tcp");
        /* the denial may end before the records do */
        assert_in_range(set->expires - uv_now(&fixture->test.loop), 39000, 40000);
        end_resolver(fixture);
    }
    assert_int_equal(fixture->server.queries, 4);
}

static void both_denied(void **state)
{
    struct resolver_fixture *fixture = *state;
    const struct srv_record_set *peeked;

    begin_resolver(fixture, script_no_such_name);
    const struct srv_record_set *set = get_srv(fixture, DOMAIN);
    assert_int_equal(set->answer.outcome, REASON_SRV_NOT_FOUND);
    assert_int_equal(fixture->server.queries, 2);
    assert_in_range(set->expires - uv_now(&fixture->test.loop), 59000, 60000);
    assert_true(resolver_peek_federation_srv(fixture->resolver, TEXT(DOMAIN), &peeked));
}

static void nothing_said_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    (void)fixture, (void)exchange; /* NODATA without SOA */
}

static void denial_without_soa_is_kept_shortly(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, nothing_said_script);
    const struct srv_record_set *set = get_srv(fixture, DOMAIN);
    assert_int_equal(set->answer.outcome, REASON_SRV_NOT_FOUND);
    assert_in_range(set->expires - uv_now(&fixture->test.loop), 4000, 5000);
}

static void failure_is_no_denial(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, script_server_failure);
    assert_failed(get_srv(fixture, DOMAIN));
    unsigned queries = fixture->server.queries; /* c-ares may try again, but only this name */
    for (unsigned i = 0; i < 20; i++)           /* the failure is remembered for a second */
        assert_failed(get_srv(fixture, DOMAIN));
    assert_int_equal(fixture->server.queries, queries);
}

static void second_fails_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    if (begins_with(exchange->name, FIRST))
        script_no_such_name(fixture, exchange);
    else
        script_server_failure(fixture, exchange);
}

static void failure_of_the_second_name_is_a_failure(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, second_fails_script);
    assert_failed(get_srv(fixture, DOMAIN));
}

static void silence_ends_in_time(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, script_silence);
    uint64_t begin = uv_hrtime();
    assert_failed(get_srv(fixture, DOMAIN));
    assert_in_range((uv_hrtime() - begin) / 1000000, TIMEOUT_MS / 2, TIMEOUT_MS + 2000);
}

/* Each name alone would be in time; together they are not. */
static void slow_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    script_no_such_name(fixture, exchange);
    exchange->delay_ms = TIMEOUT_MS * 2 / 3;
}

static void the_time_is_for_the_whole_question(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, slow_script);
    uint64_t begin = uv_hrtime();
    assert_failed(get_srv(fixture, DOMAIN));
    assert_in_range((uv_hrtime() - begin) / 1000000, TIMEOUT_MS / 2, TIMEOUT_MS + 2000);
    test_loop_sleep(&fixture->test, TIMEOUT_MS); /* late answers come to nobody */
}

static void truncated_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    (void)fixture;
    if (!exchange->over_tcp) {
        exchange->reply.at[2] |= 0x02;
        return;
    }
    char name[64];
    for (unsigned i = 0; i < 150; i++) { /* worst priorities first: they must give way */
        snprintf(name, sizeof name, "host-with-a-long-name-%u." DOMAIN, i);
        message_srv(&exchange->reply, exchange->name, 60, 200 - i, 1, 5000 + i, name);
    }
}

static void truncated_answer_comes_over_tcp(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, truncated_script);
    const struct srv_record_set *set = get_srv(fixture, DOMAIN);
    assert_int_equal(set->answer.outcome, REASON_OK);
    assert_int_equal(fixture->server.tcp_queries, 1);
    assert_int_equal(set->answer.target_count, SRV_TARGETS_MOST);
    for (size_t i = 0; i < SRV_TARGETS_MOST; i++)
        assert_int_equal(set->answer.target[i].priority, 51 + i);
    assert_target(set, 0, "host-with-a-long-name-149." DOMAIN, 5149);
}

static void service_not_available_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    (void)fixture;
    assert_true(begins_with(exchange->name, FIRST)); /* it was answered: no second name */
    message_srv(&exchange->reply, exchange->name, 60, 0, 0, 0, "");
}

static void target_root_means_no_service(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, service_not_available_script);
    const struct srv_record_set *set = get_srv(fixture, DOMAIN);
    assert_int_equal(set->answer.outcome, REASON_SRV_NOT_FOUND);
    assert_int_equal(set->answer.target_count, 0);
    assert_int_equal(fixture->server.queries, 1);
}

static void alias_loop_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    (void)fixture;
    message_cname(&exchange->reply, exchange->name, 60, "a.example");
    message_cname(&exchange->reply, "a.example", 60, exchange->name);
}

static void alias_loop_is_a_failure(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, alias_loop_script);
    assert_failed(get_srv(fixture, DOMAIN));
}

/* Step 0: a wrong id; 1: another question; 2: no octet is right; 3: three octets; 4: cut within a record. */
static void garbage_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    struct dns_message *reply = &exchange->reply;

    if (fixture->step == 0)
        message_begin(reply, exchange->id ^ 1, DNS_FLAG_ANSWER, exchange->name, exchange->type);
    if (fixture->step == 1)
        message_begin(reply, exchange->id, DNS_FLAG_ANSWER, "evil.example", exchange->type);
    script_good(fixture, exchange);
    for (size_t i = 2; fixture->step == 2 && i < reply->length; i++)
        reply->at[i] = (uint8_t)(i * 7);
    if (fixture->step == 3)
        reply->length = 3;
    if (fixture->step == 4)
        reply->length -= 5;
}

static void garbage_is_a_failure_in_time(void **state)
{
    struct resolver_fixture *fixture = *state;

    for (fixture->step = 0; fixture->step < 5; fixture->step++) {
        begin_resolver(fixture, garbage_script);
        uint64_t begin = uv_hrtime();
        assert_failed(get_srv(fixture, DOMAIN));
        assert_true((uv_hrtime() - begin) / 1000000 < TIMEOUT_MS + 2000);
        end_resolver(fixture);
    }
}

static void no_edns_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    if (exchange->with_edns)
        set_rcode(exchange, DNS_RCODE_FORMAT_ERROR);
    else
        script_good(fixture, exchange);
}

static void server_without_edns_is_asked_without(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, no_edns_script);
    assert_int_equal(get_srv(fixture, "a.example")->answer.outcome, REASON_OK);
    assert_int_equal(get_srv(fixture, "b.example")->answer.outcome,
                     REASON_OK); /* and so is the next question */
}

static void authentic_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    if (begins_with(exchange->name, FIRST) && fixture->step > 0)
        script_no_such_name(fixture, exchange);
    else
        script_good(fixture, exchange);
    if (fixture->step != 2 || begins_with(exchange->name, SECOND))
        exchange->reply.at[3] |= 0x20;
}

/* Step 0: a secure answer; 1: a secure denial before it; 2: a denial that anybody may have made up. */
static void secure_only_when_all_is(void **state)
{
    struct resolver_fixture *fixture = *state;

    fixture->options.trust_ad = true;
    for (fixture->step = 0; fixture->step < 3; fixture->step++) {
        begin_resolver(fixture, authentic_script);
        const struct srv_record_set *set = get_srv(fixture, DOMAIN);
        assert_int_equal(set->answer.outcome, REASON_OK);
        assert_int_equal(set->answer.security, fixture->step < 2 ? DNS_SECURE : DNS_INSECURE);
        end_resolver(fixture);
    }
}

static void ad_is_not_believed_unasked(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, authentic_script);
    assert_int_equal(get_srv(fixture, DOMAIN)->answer.security, DNS_INSECURE);
}

static void names_that_cannot_be_asked_for(void **state)
{
    struct resolver_fixture *fixture = *state;
    char name[260];

    begin_resolver(fixture, script_good);
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 50 == 49 ? '.' : 'a';
    static const size_t lengths[] = {0, 230, 231, 253, 259};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        name[lengths[i]] = '\0';
        enum reason expected = lengths[i] == 230 ? REASON_OK : REASON_SRV_NOT_FOUND;
        assert_int_equal(get_srv(fixture, name)->answer.outcome, expected);
        name[lengths[i]] = lengths[i] % 50 == 49 ? '.' : 'a';
    }
    assert_int_equal(get_srv(fixture, "a..b")->answer.outcome, REASON_SRV_NOT_FOUND);
    assert_int_equal(get_srv(fixture, "192.0.2.1")->answer.outcome, REASON_SRV_NOT_FOUND);
    assert_int_equal(fixture->server.queries, 1);
}

#define RESOLVER_TEST(name)                                                                                  \
    cmocka_unit_test_setup_teardown(name, resolver_fixture_begin, resolver_fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RESOLVER_TEST(first_name_answers),
        RESOLVER_TEST(second_name_answers_when_the_first_is_denied),
        RESOLVER_TEST(both_denied),
        RESOLVER_TEST(denial_without_soa_is_kept_shortly),
        RESOLVER_TEST(failure_is_no_denial),
        RESOLVER_TEST(failure_of_the_second_name_is_a_failure),
        RESOLVER_TEST(silence_ends_in_time),
        RESOLVER_TEST(the_time_is_for_the_whole_question),
        RESOLVER_TEST(truncated_answer_comes_over_tcp),
        RESOLVER_TEST(target_root_means_no_service),
        RESOLVER_TEST(alias_loop_is_a_failure),
        RESOLVER_TEST(garbage_is_a_failure_in_time),
        RESOLVER_TEST(server_without_edns_is_asked_without),
        RESOLVER_TEST(secure_only_when_all_is),
        RESOLVER_TEST(ad_is_not_believed_unasked),
        RESOLVER_TEST(names_that_cannot_be_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
