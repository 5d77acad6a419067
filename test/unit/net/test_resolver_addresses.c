/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the addresses of a host come to. */
#include "test/unit/net/resolver_fixture.h"

#include "gateway/net/dns_host.h"

#define HOST "sip.fabrikam.example"

static void assert_outcome(const struct address_set *set, enum reason outcome, size_t count)
{
    assert_string_equal(reason_token(set->outcome), reason_token(outcome));
    assert_int_equal(set->address_count, count);
}

static void many_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    (void)fixture;
    assert_string_equal(exchange->name, HOST);
    if (exchange->type == DNS_TYPE_A) {
        message_a(&exchange->reply, HOST, 60, "192.0.2.1");
        message_a(&exchange->reply, HOST, 60, "192.0.2.2");
        message_a(&exchange->reply, HOST, 60, "192.0.2.3");
    } else {
        message_aaaa(&exchange->reply, HOST, 50, "2001:db8::1");
    }
}

static void both_families_by_turns(void **state)
{
    struct resolver_fixture *fixture = *state;
    const struct address_set *peeked;

    begin_resolver(fixture, many_script);
    assert_false(resolver_peek_addresses(fixture->resolver, TEXT(HOST), &peeked));
    const struct address_set *set = get_addresses(fixture, HOST);
    assert_outcome(set, REASON_OK, 4);
    assert_address(set, 0, "2001:db8::1");
    assert_address(set, 1, "192.0.2.1");
    assert_address(set, 2, "192.0.2.2");
    assert_address(set, 3, "192.0.2.3");
    assert_in_range(set->expires - uv_now(&fixture->test.loop), 49000, 50000);
    assert_true(resolver_peek_addresses(fixture->resolver, TEXT(HOST), &peeked));
    assert_ptr_equal(peeked, set);
    assert_int_equal(fixture->server.queries, 2);
}

static void a_hundred_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    (void)fixture;
    for (unsigned i = 0; i < 50; i++) {
        if (exchange->type == DNS_TYPE_A)
            message_a(&exchange->reply, HOST, 60, "192.0.2.1");
        else
            message_aaaa(&exchange->reply, HOST, 60, "2001:db8::1");
    }
}

static void addresses_are_bounded(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, a_hundred_script);
    assert_outcome(get_addresses(fixture, HOST), REASON_OK, ADDRESSES_MOST);
}

static void only_v4_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    if (exchange->type == DNS_TYPE_A)
        message_a(&exchange->reply, HOST, 600, "192.0.2.1");
    else if (fixture->step == 0)
        message_soa(&exchange->reply, 20, 20);
    else if (fixture->step == 1)
        script_server_failure(fixture, exchange);
    else
        script_silence(fixture, exchange);
}

static void one_family_suffices(void **state)
{
    static const uint64_t seconds[] = {20, 30,
                                       30}; /* the denial's; until the failed half is asked for again */
    struct resolver_fixture *fixture = *state;

    for (fixture->step = 0; fixture->step < 3; fixture->step++) {
        begin_resolver(fixture, only_v4_script);
        const struct address_set *set = get_addresses(fixture, HOST);
        assert_outcome(set, REASON_OK, 1);
        assert_address(set, 0, "192.0.2.1");
        uint64_t left = set->expires - uv_now(&fixture->test.loop);
        assert_in_range(left, (seconds[fixture->step] - 1) * 1000, seconds[fixture->step] * 1000);
        end_resolver(fixture);
    }
}

static void one_denied_one_failed_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    if (exchange->type == DNS_TYPE_A)
        script_server_failure(fixture, exchange);
    else
        script_no_such_name(fixture, exchange);
}

static void failure_is_no_denial(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, one_denied_one_failed_script);
    assert_outcome(get_addresses(fixture, HOST), REASON_DNS_FAILED, 0);
}

static void no_address_at_all(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, script_no_such_name);
    assert_outcome(get_addresses(fixture, HOST), REASON_ADDRESS_NOT_FOUND, 0);
    assert_outcome(get_addresses(fixture, "a..b"), REASON_ADDRESS_NOT_FOUND, 0);
}

static void rebinding_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    if (exchange->type == DNS_TYPE_AAAA) {
        message_aaaa(&exchange->reply, HOST, 6000, "::ffff:127.0.0.1");
        message_aaaa(&exchange->reply, HOST, 6000, "fe80::1");
    } else {
        message_a(&exchange->reply, HOST, 6000, "127.0.0.1");
        message_a(&exchange->reply, HOST, 6000, "169.254.169.254");
        if (fixture->step == 1)
            message_a(&exchange->reply, HOST, 6000, "192.0.2.1");
    }
}

static void refused_addresses_are_dropped(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, rebinding_script);
    const struct address_set *set = get_addresses(fixture, HOST);
    assert_outcome(set, REASON_ADDRESS_REFUSED, 0);
    assert_true(set->expires - uv_now(&fixture->test.loop) <= 300000);
    end_resolver(fixture);

    fixture->step = 1;
    begin_resolver(fixture, rebinding_script);
    set = get_addresses(fixture, HOST);
    assert_outcome(set, REASON_OK, 1);
    assert_address(set, 0, "192.0.2.1");
    end_resolver(fixture);

    fixture->options.allow_loopback = true;
    begin_resolver(fixture, rebinding_script);
    assert_outcome(get_addresses(fixture, HOST), REASON_OK, 5);
}

static void own_listeners_are_refused(void **state)
{
    struct resolver_fixture *fixture = *state;
    union address own[2];

    assert_true(address_read(TEXT("192.0.2.1"), 5061, &own[0]));
    assert_true(address_read(TEXT("2001:db8::1"), 5061, &own[1]));
    fixture->options.own = own;
    fixture->options.own_count = 2;
    begin_resolver(fixture, many_script);
    const struct address_set *set = get_addresses(fixture, HOST);
    assert_outcome(set, REASON_OK, 2);
    assert_address(set, 0, "192.0.2.2");
}

static union address an_own_address; /* of an interface that is not loopback */

static void own_address_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    char text[ADDRESS_TEXT_SIZE];

    (void)fixture;
    address_print_host(&an_own_address, text, sizeof text);
    if (exchange->type == DNS_TYPE_A)
        message_a(&exchange->reply, HOST, 60, text);
}

/* A listener on 0.0.0.0 is on every address of this machine. */
static void unspecified_listener_stands_for_all(void **state)
{
    struct resolver_fixture *fixture = *state;
    uv_interface_address_t *interface;
    union address any;
    int count, found = -1;

    assert_int_equal(uv_interface_addresses(&interface, &count), 0);
    for (int i = 0; i < count; i++) {
        if (!interface[i].is_internal && interface[i].address.address4.sin_family == AF_INET)
            found = i;
    }
    bool known = found >= 0 &&
                 address_from_socket((const struct sockaddr *)&interface[found].address, &an_own_address);
    uv_free_interface_addresses(interface, count);
    if (!known)
        skip(); /* a machine with loopback alone */
    assert_true(address_read(TEXT("0.0.0.0"), 5061, &any));
    begin_resolver(fixture, own_address_script);
    assert_outcome(get_addresses(fixture, HOST), REASON_OK, 1);
    end_resolver(fixture);
    fixture->options.own = &any;
    fixture->options.own_count = 1;
    begin_resolver(fixture, own_address_script);
    assert_outcome(get_addresses(fixture, HOST), REASON_ADDRESS_REFUSED, 0);
}

static void hosts_answer_before_any_query(void **state)
{
    struct resolver_fixture *fixture = *state;
    char name[] = "sip.fabrikam.example", first[] = "127.0.0.1", second[] = "2001:db8::9";
    char *addresses[] = {first, second};
    const struct dns_host host = {name, addresses, 2};
    const struct address_set *peeked;

    fixture->options.host = &host;
    fixture->options.host_count = 1;
    begin_resolver(fixture, script_silence);
    assert_true(resolver_peek_addresses(fixture->resolver, TEXT("SIP.fabrikam.example."), &peeked));
    const struct address_set *set = get_addresses(fixture, HOST);
    assert_outcome(set, REASON_OK, 2); /* loopback, too: it was written by hand */
    assert_address(set, 0, "127.0.0.1");
    assert_address(set, 1, "2001:db8::9");
    assert_int_equal(fixture->server.queries, 0);
}

static void an_address_answers_itself(void **state)
{
    static const char *const literals[] = {"127.0.0.1", "::1", "[::1]"};
    struct resolver_fixture *fixture = *state;
    const struct address_set *peeked;

    begin_resolver(fixture, script_silence);
    for (size_t i = 0; i < 3; i++) {
        const struct address_set *set = get_addresses(fixture, literals[i]);
        assert_outcome(set, REASON_OK, 1);
        assert_address(set, 0, i == 0 ? "127.0.0.1" : "::1");
        assert_true(resolver_peek_addresses(fixture->resolver, text_of(literals[i]), &peeked));
    }
    assert_outcome(get_addresses(fixture, "1.2.3.4.5"), REASON_ADDRESS_NOT_FOUND, 0);
    assert_outcome(get_addresses(fixture, "fe80::1%lo"), REASON_ADDRESS_NOT_FOUND, 0);
    assert_int_equal(fixture->server.queries, 0);
}

static void alias_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    (void)fixture;
    message_cname(&exchange->reply, exchange->name, 15, "edge.elsewhere.example");
    if (exchange->type == DNS_TYPE_A)
        message_a(&exchange->reply, "edge.elsewhere.example", 60, "192.0.2.1");
}

static void aliases_are_followed(void **state)
{
    struct resolver_fixture *fixture = *state;

    begin_resolver(fixture, alias_script);
    const struct address_set *set = get_addresses(fixture, HOST);
    assert_outcome(set, REASON_OK, 1);
    assert_true(set->expires - uv_now(&fixture->test.loop) <= 15000);
}

static void authentic_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    script_good(fixture, exchange);
    if (fixture->step == 0 || exchange->type == DNS_TYPE_A)
        exchange->reply.at[3] |= 0x20;
}

static void secure_only_when_both_are(void **state)
{
    struct resolver_fixture *fixture = *state;

    fixture->options.trust_ad = true;
    for (fixture->step = 0; fixture->step < 2; fixture->step++) {
        begin_resolver(fixture, authentic_script);
        assert_int_equal(get_addresses(fixture, HOST)->security,
                         fixture->step == 0 ? DNS_SECURE : DNS_INSECURE);
        end_resolver(fixture);
    }
}

#define RESOLVER_TEST(name)                                                                                  \
    cmocka_unit_test_setup_teardown(name, resolver_fixture_begin, resolver_fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RESOLVER_TEST(both_families_by_turns),
        RESOLVER_TEST(addresses_are_bounded),
        RESOLVER_TEST(one_family_suffices),
        RESOLVER_TEST(failure_is_no_denial),
        RESOLVER_TEST(no_address_at_all),
        RESOLVER_TEST(refused_addresses_are_dropped),
        RESOLVER_TEST(own_listeners_are_refused),
        RESOLVER_TEST(unspecified_listener_stands_for_all),
        RESOLVER_TEST(hosts_answer_before_any_query),
        RESOLVER_TEST(an_address_answers_itself),
        RESOLVER_TEST(aliases_are_followed),
        RESOLVER_TEST(secure_only_when_both_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
