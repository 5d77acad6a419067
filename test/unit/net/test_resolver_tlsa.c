/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SRV records together with the TLSA records of their targets: what has to be DNSSEC-secure on the way, and
 * what is said of each target where it is not. */
#include "test/unit/net/zone_fixture.h"

#include <stdio.h>

static void assert_base(const struct tlsa_answer *answer, const char *base)
{
    assert_true(text_equal(answer->base, text_of(base)));
}

/* ---- all is well ---- */

static void records_of_a_secure_target(void **state)
{
    struct resolver_fixture *fixture = *state;
    const struct srv_record_set *peeked;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, SIGNED, EDGE, 50},
               {EDGE, DNS_TYPE_A, SIGNED, "192.0.2.7", 40}, {OWNER EDGE, DNS_TYPE_TLSA, SIGNED, "first", 30},
               {OWNER EDGE, DNS_TYPE_TLSA, SIGNED, "second", 30});
    assert_false(resolver_peek_federation_tlsa(fixture->resolver, TEXT(DOMAIN), &peeked));
    const struct srv_record_set *set = get_tlsa(fixture, DOMAIN);
    const struct tlsa_answer *tlsa = tlsa_of(set, 0);
    assert_int_equal(set->answer.security, DNS_SECURE);
    assert_int_equal(tlsa->outcome, REASON_OK);
    assert_int_equal(tlsa->security, DNS_SECURE);
    assert_base(tlsa, EDGE);
    assert_int_equal(tlsa->count, 2);
    assert_int_equal(tlsa->record[0].usage, 3);
    assert_true(text_equal(tlsa->record[0].data, TEXT("first")));
    assert_true(text_equal(tlsa->record[1].data, TEXT("second")));
    assert_in_range(set->expires - uv_now(&fixture->test.loop), 29000, 30000);
    assert_true(resolver_peek_federation_tlsa(fixture->resolver, TEXT("FABRIKAM.example."), &peeked));
    assert_ptr_equal(peeked, set);
    assert_true(resolver_peek_federation_srv(fixture->resolver, TEXT(DOMAIN), &peeked)); /* on its way */
    assert_false(peeked->answer.tlsa_known);
    assert_int_equal(fixture->server.queries, 4);
    assert_int_equal(zone_unchecked, 0);
}

static void equal_questions_are_joined(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, SIGNED, EDGE, 0}, {EDGE, DNS_TYPE_A, SIGNED, "192.0.2.7", 0},
               {OWNER EDGE, DNS_TYPE_TLSA, SIGNED, "x", 0});
    for (unsigned i = 0; i < 20; i++)
        ask_tlsa(fixture, DOMAIN);
    resolver_question_abandon(ask_tlsa(fixture, DOMAIN));
    test_loop_until(&fixture->test, &fixture->srv_answers, 20);
    assert_int_equal(fixture->server.queries, 4);
}

static void each_target_has_its_own(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(
        fixture, {SERVICE, DNS_TYPE_SRV, SIGNED, "a.example", 0},
        {SERVICE, DNS_TYPE_SRV, SIGNED, "b.example", 0}, {SERVICE, DNS_TYPE_SRV, SIGNED, "c.example", 0},
        {SERVICE, DNS_TYPE_SRV, SIGNED, "d.example", 0}, {SERVICE, DNS_TYPE_SRV, SIGNED, "e.example", 0},
        {SERVICE, DNS_TYPE_SRV, SIGNED, "f.example", 0}, {SERVICE, DNS_TYPE_SRV, SIGNED, "g.example", 0},
        {"a.example", DNS_TYPE_A, SIGNED, "192.0.2.1", 0}, {OWNER "a.example", DNS_TYPE_TLSA, SIGNED, "a", 0},
        {"b.example", DNS_TYPE_A, UNSIGNED, "192.0.2.2", 0},
        {OWNER "b.example", DNS_TYPE_TLSA, SIGNED, "b", 0}, {"c.example", DNS_TYPE_A, SIGNED, "192.0.2.3", 0},
        {"d.example", DNS_TYPE_A, SIGNED, "192.0.2.4", 0},
        {OWNER "d.example", DNS_TYPE_TLSA, UNSIGNED, "d", 0},
        {"e.example", DNS_TYPE_A, SIGNED, "192.0.2.5", 0}, {OWNER "e.example", DNS_TYPE_TLSA, BOGUS, "e", 0},
        {"f.example", DNS_TYPE_A, BOGUS, "192.0.2.6", 0}, {OWNER "f.example", DNS_TYPE_TLSA, SIGNED, "f", 0});
    const struct srv_record_set *set = get_tlsa(fixture, DOMAIN);
    static const struct {
        enum reason outcome;
        enum dns_security security;
    } expected[] = {
        {REASON_OK, DNS_SECURE},              /* a */
        {REASON_TLSA_MISMATCH, DNS_INSECURE}, /* b: its addresses are not signed */
        {REASON_TLSA_MISMATCH, DNS_SECURE},   /* c: has none */
        {REASON_OK, DNS_INSECURE},            /* d: they are not signed */
        {REASON_DNS_BOGUS, DNS_BOGUS},        /* e */
        {REASON_DNS_BOGUS, DNS_BOGUS},        /* f: its addresses are not to be used (RFC 7673 3.2) */
        {REASON_ADDRESS_NOT_FOUND, DNS_SECURE},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(tlsa_of(set, i)->outcome, expected[i].outcome);
        assert_int_equal(tlsa_of(set, i)->security, expected[i].security);
        assert_int_equal(tlsa_of(set, i)->detail == NULL, i == 0 || i == 6);
    }
}

static void many_targets_are_cut(void **state)
{
    struct resolver_fixture *fixture = *state;
    static char names[40][16];
    static struct line lines[80];

    for (size_t i = 0; i < 40; i++) {
        snprintf(names[i], sizeof names[i], "t%02zu.example", i);
        lines[i] = (struct line){SERVICE, DNS_TYPE_SRV, SIGNED, names[i], 0};
        lines[40 + i] = (struct line){names[i], DNS_TYPE_A, SIGNED, "192.0.2.1", 0};
    }
    begin_zone(fixture, lines, 80);
    const struct srv_record_set *set = get_tlsa(fixture, DOMAIN);
    assert_int_equal(set->answer.target_count, TLSA_TARGETS_MOST);
    assert_target(set, 0, "t00.example", 5061);
    assert_int_equal(fixture->server.queries - fixture->server.tcp_queries, 1 + 3 * TLSA_TARGETS_MOST);
}

/* ---- aliases (RFC 7671 7) ---- */

static void records_of_what_a_target_is_an_alias_of(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, SIGNED, EDGE, 0},
               {EDGE, DNS_TYPE_A, SIGNED, "alias " REAL, 0}, {EDGE, DNS_TYPE_AAAA, SIGNED, "alias " REAL, 0},
               {REAL, DNS_TYPE_A, SIGNED, "192.0.2.7", 0}, {OWNER REAL, DNS_TYPE_TLSA, SIGNED, "real", 0},
               {OWNER EDGE, DNS_TYPE_TLSA, SIGNED, "edge", 0});
    const struct tlsa_answer *tlsa = tlsa_of(get_tlsa(fixture, DOMAIN), 0);
    assert_base(tlsa, REAL);
    assert_true(text_equal(tlsa->record[0].data, TEXT("real")));
}

static void where_that_has_none_the_targets_own(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, SIGNED, EDGE, 0},
               {EDGE, DNS_TYPE_A, SIGNED, "alias " REAL, 0}, {REAL, DNS_TYPE_A, SIGNED, "192.0.2.7", 0},
               {OWNER EDGE, DNS_TYPE_TLSA, SIGNED, "edge", 0});
    const struct tlsa_answer *tlsa = tlsa_of(get_tlsa(fixture, DOMAIN), 0);
    assert_base(tlsa, EDGE);
    assert_true(text_equal(tlsa->record[0].data, TEXT("edge")));
}

static void an_alias_into_an_unsigned_zone_proves_nothing(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, SIGNED, EDGE, 0},
               {EDGE, DNS_TYPE_A, SIGNED, "alias " REAL, 0}, {REAL, DNS_TYPE_A, UNSIGNED, "192.0.2.7", 0},
               {OWNER REAL, DNS_TYPE_TLSA, SIGNED, "real", 0},
               {OWNER EDGE, DNS_TYPE_TLSA, SIGNED, "edge", 0});
    const struct tlsa_answer *tlsa = tlsa_of(get_tlsa(fixture, DOMAIN), 0);
    assert_int_equal(tlsa->outcome, REASON_TLSA_MISMATCH);
    assert_int_equal(tlsa->security, DNS_INSECURE);
}

static void records_may_be_an_alias_themselves(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, SIGNED, EDGE, 0}, {EDGE, DNS_TYPE_A, SIGNED, "192.0.2.7", 0},
               {OWNER EDGE, DNS_TYPE_TLSA, SIGNED, "alias tlsa.cloud.example", 0},
               {"tlsa.cloud.example", DNS_TYPE_TLSA, SIGNED, "common", 0});
    const struct tlsa_answer *tlsa = tlsa_of(get_tlsa(fixture, DOMAIN), 0);
    assert_base(tlsa, EDGE);
    assert_int_equal(tlsa->security, DNS_SECURE);
    assert_true(text_equal(tlsa->record[0].data, TEXT("common")));
}

/* A bogus or failing answer at the alias is no reason to look elsewhere. */
static void what_is_bogus_at_an_alias_stays_so(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, SIGNED, EDGE, 0},
               {EDGE, DNS_TYPE_A, SIGNED, "alias " REAL, 0}, {REAL, DNS_TYPE_A, SIGNED, "192.0.2.7", 0},
               {OWNER REAL, DNS_TYPE_TLSA, BOGUS_SAID, "real", 0},
               {OWNER EDGE, DNS_TYPE_TLSA, SIGNED, "edge", 0});
    assert_int_equal(tlsa_of(get_tlsa(fixture, DOMAIN), 0)->outcome, REASON_DNS_BOGUS);
}

/* ---- the SRV answer ---- */

static void nothing_is_asked_after_an_insecure_answer(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, UNSIGNED, EDGE, 0},
               {EDGE, DNS_TYPE_A, SIGNED, "192.0.2.7", 0});
    const struct srv_record_set *set = get_tlsa(fixture, DOMAIN);
    assert_int_equal(set->answer.outcome, REASON_OK);
    assert_int_equal(set->answer.security, DNS_INSECURE);
    assert_true(set->answer.tlsa_known);
    assert_target(set, 0, EDGE, 5061);
    assert_null(set->answer.target[0].tlsa);
    assert_int_equal(fixture->server.queries, 1);
}

static void no_bit_is_believed_unless_it_is_to_be(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {SERVICE, DNS_TYPE_SRV, SIGNED, EDGE, 0}, {EDGE, DNS_TYPE_A, SIGNED, "192.0.2.7", 0});
    end_resolver(fixture);
    fixture->options.trust_ad = false;
    begin_resolver(fixture, zone_script);
    assert_int_equal(get_tlsa(fixture, DOMAIN)->answer.security, DNS_INSECURE);
    assert_int_equal(fixture->server.queries, 1);
}

static void denied(void **state)
{
    struct resolver_fixture *fixture = *state;

    BEGIN_ZONE(fixture, {"other.example", DNS_TYPE_A, SIGNED, "192.0.2.7", 0});
    const struct srv_record_set *set = get_tlsa(fixture, DOMAIN);
    assert_int_equal(set->answer.outcome, REASON_SRV_NOT_FOUND);
    assert_int_equal(set->answer.security, DNS_SECURE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, resolver_fixture_begin, resolver_fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(records_of_a_secure_target),
        TEST(equal_questions_are_joined),
        TEST(each_target_has_its_own),
        TEST(many_targets_are_cut),
        TEST(records_of_what_a_target_is_an_alias_of),
        TEST(where_that_has_none_the_targets_own),
        TEST(an_alias_into_an_unsigned_zone_proves_nothing),
        TEST(records_may_be_an_alias_themselves),
        TEST(what_is_bogus_at_an_alias_stays_so),
        TEST(nothing_is_asked_after_an_insecure_answer),
        TEST(no_bit_is_believed_unless_it_is_to_be),
        TEST(denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
