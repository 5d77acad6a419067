/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fails validation is told from what fails; what has ended, or does not come, proves nothing. */
#include "test/unit/net/zone_fixture.h"

/* ---- bogus or failed ---- */

static void assert_outcome(struct resolver_fixture *fixture, enum reason outcome, enum dns_security security)
{
    const struct srv_record_set *set = get_tlsa(fixture, DOMAIN);

    assert_int_equal(set->answer.outcome, outcome);
    assert_int_equal(set->answer.security, security);
    assert_non_null(set->detail);
}

static void bogus_as_the_resolver_says(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, BOGUS_SAID, EDGE, 0});
    assert_outcome(fixture, REASON_DNS_BOGUS, DNS_BOGUS);
    assert_string_equal(fixture->srv->detail, "a signature has expired");
    assert_int_equal(fixture->server.queries, 1);
    assert_in_range(fixture->srv->expires - uv_now(&fixture->test.loop), 4000, 5000);
}

static void bogus_as_asking_without_validation_tells(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, BOGUS, EDGE, 0});
    assert_outcome(fixture, REASON_DNS_BOGUS, DNS_BOGUS);
    assert_int_equal(zone_unchecked, 1);
}

static void failed_with_and_without_validation(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, FAILING, EDGE, 0});
    assert_outcome(fixture, REASON_DNS_FAILED, DNS_INSECURE);
    assert_int_equal(zone_unchecked, 1);
}

/* Of several servers each is tried before anything is called bogus. */
static void bogus_at_every_server(void **state)
{
    struct resolver_fixture *fixture = *state;
    struct host_port servers[] = {fixture->address, fixture->address};

    fixture->options.server = servers;
    fixture->options.server_count = 2;
    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, BOGUS, EDGE, 0});
    assert_outcome(fixture, REASON_DNS_BOGUS, DNS_BOGUS);
    assert_int_equal(zone_unchecked, 1);
}

static void untrusted_servers_are_not_asked_why(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, BOGUS_SAID, EDGE, 0});
    end_resolver(fixture);
    fixture->options.trust_ad = false;
    begin_resolver(fixture, zone_script);
    assert_outcome(fixture, REASON_DNS_FAILED, DNS_INSECURE);
    assert_int_equal(zone_unchecked, 0);
}

static void plain_questions_are_told_as_well(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, BOGUS, EDGE, 0}, {EDGE, DNS_TYPE_A, BOGUS, "192.0.2.7", 0},
               {REAL, DNS_TYPE_A, SIGNED, "192.0.2.7", 0}, {REAL, DNS_TYPE_AAAA, BOGUS, NULL, 0});
    assert_int_equal(get_srv(fixture, DOMAIN)->answer.outcome, REASON_DNS_BOGUS);
    assert_int_equal(get_addresses(fixture, EDGE)->outcome, REASON_DNS_BOGUS);
    const struct address_set *half = get_addresses(fixture, REAL); /* good enough where no proof is needed */
    assert_int_equal(half->outcome, REASON_OK);
    assert_int_equal(half->security, DNS_BOGUS);
}

/* ---- time ---- */

static void what_is_silent_costs_its_target_alone(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(
        fixture, {SERVICE, DNS_TYPE_SRV, SIGNED, "a.example", 0},
        {SERVICE, DNS_TYPE_SRV, SIGNED, "b.example", 0}, {SERVICE, DNS_TYPE_SRV, SIGNED, "c.example", 0},
        {"a.example", DNS_TYPE_A, SIGNED, "192.0.2.1", 0}, {OWNER "a.example", DNS_TYPE_TLSA, SIGNED, "a", 0},
        {"b.example", DNS_TYPE_A, SIGNED, "192.0.2.2", 0}, {OWNER "b.example", DNS_TYPE_TLSA, SILENT, "b", 0},
        {"c.example", DNS_TYPE_A, SILENT, "192.0.2.2", 0}, {"c.example", DNS_TYPE_AAAA, SILENT, NULL, 0});
    uint64_t began = uv_now(&fixture->test.loop);
    const struct srv_record_set *set = get_tlsa(fixture, DOMAIN);
    assert_in_range(uv_now(&fixture->test.loop) - began, 0, TIMEOUT_MS + 100);
    assert_int_equal(tlsa_of(set, 0)->outcome, REASON_OK);
    assert_int_equal(tlsa_of(set, 1)->outcome, REASON_DNS_FAILED);
    assert_int_equal(tlsa_of(set, 2)->outcome, REASON_DNS_FAILED);
    assert_in_range(set->expires - uv_now(&fixture->test.loop), 0, 1000);
}

static void a_record_that_was_withdrawn_does_not_live_on(void **state)
{
    struct resolver_fixture *fixture = *state;
    static const struct line later[] = {{SERVICE, DNS_TYPE_SRV, FAILING, EDGE, 0}};

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, SIGNED, EDGE, 1}, {EDGE, DNS_TYPE_A, SIGNED, "192.0.2.7", 1},
               {OWNER EDGE, DNS_TYPE_TLSA, SIGNED, "x", 1});
    assert_int_equal(tlsa_of(get_tlsa(fixture, DOMAIN), 0)->outcome, REASON_OK);
    change_zone(later, 1);
    test_loop_sleep(&fixture->test, 1050);
    const struct srv_record_set *set = get_tlsa(fixture, DOMAIN); /* the SRV records help out, and say so */
    assert_true(set->answer.stale);
    assert_null(set->answer.target[0].tlsa);
}

static void the_end_is_that_of_the_first_to_end(void **state)
{
    struct resolver_fixture *fixture = *state;
    const struct srv_record_set *peeked;
    static const struct line lines[] = {{SERVICE, DNS_TYPE_SRV, SIGNED, EDGE, 60},
                                        {EDGE, DNS_TYPE_A, SIGNED, "192.0.2.7", 60},
                                        {OWNER EDGE, DNS_TYPE_TLSA, SIGNED, "x", 60}};

    begin_zone(fixture, lines, 3);
    get_srv(fixture, DOMAIN);
    test_loop_sleep(&fixture->test, 1100); /* what is left of its TTL, not the whole again */
    const struct srv_record_set *set = get_tlsa(fixture, DOMAIN);
    assert_in_range(set->expires - uv_now(&fixture->test.loop), 57000, 58950);
    assert_true(resolver_peek_federation_tlsa(fixture->resolver, TEXT(DOMAIN), &peeked));
}

static void closing_in_the_middle(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, SIGNED, EDGE, 0}, {EDGE, DNS_TYPE_A, SIGNED, "192.0.2.7", 0},
               {OWNER EDGE, DNS_TYPE_TLSA, SILENT, "x", 0});
    ask_tlsa(fixture, DOMAIN);
    test_loop_until(&fixture->test, &fixture->server.queries, 4);
    end_resolver(fixture);
    assert_int_equal(fixture->srv->answer.outcome, REASON_SHUTTING_DOWN);
    begin_resolver(fixture, zone_script);
    ask_tlsa(fixture, DOMAIN);
    end_resolver(fixture); /* before anything was sent */
    assert_int_equal(fixture->srv_answers, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, resolver_fixture_begin, resolver_fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bogus_as_the_resolver_says),
        TEST(bogus_as_asking_without_validation_tells),
        TEST(failed_with_and_without_validation),
        TEST(bogus_at_every_server),
        TEST(untrusted_servers_are_not_asked_why),
        TEST(plain_questions_are_told_as_well),
        TEST(what_is_silent_costs_its_target_alone),
        TEST(a_record_that_was_withdrawn_does_not_live_on),
        TEST(the_end_is_that_of_the_first_to_end),
        TEST(closing_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
