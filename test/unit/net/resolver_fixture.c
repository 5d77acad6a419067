/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/net/resolver_fixture.h"

#include <stdlib.h>
#include <string.h>

static void answer(void *context, struct dns_exchange *exchange)
{
    struct resolver_fixture *fixture = context;
    fixture->script(fixture, exchange);
}

int resolver_fixture_begin(void **state)
{
    static char host[] = "127.0.0.1";
    struct resolver_fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    test_loop_begin(&fixture->test);
    dns_server_begin(&fixture->server, &fixture->test, answer, fixture);
    fixture->address = (struct host_port){host, fixture->server.port};
    fixture->options =
        (struct resolver_options){.server = &fixture->address, .server_count = 1, .timeout_ms = TIMEOUT_MS};
    *state = fixture;
    return 0;
}

int resolver_fixture_end(void **state)
{
    struct resolver_fixture *fixture = *state;

    srv_record_set_release(fixture->srv);
    address_set_release(fixture->addresses);
    if (fixture->resolver != NULL)
        end_resolver(fixture);
    dns_server_end(&fixture->server);
    test_loop_end(&fixture->test);
    free(fixture);
    return 0;
}

void begin_resolver(struct resolver_fixture *fixture,
                    void (*script)(struct resolver_fixture *fixture, struct dns_exchange *exchange))
{
    char error[RESOLVER_ERROR_SIZE] = "";

    fixture->script = script;
    fixture->resolver = resolver_create(&fixture->test.loop, &fixture->options, error, sizeof error);
    assert_string_equal(error, "");
    assert_non_null(fixture->resolver);
}

void resolver_closed(void *context)
{
    struct resolver_fixture *fixture = context;
    fixture->closed++;
    fixture->resolver = NULL;
}

void end_resolver(struct resolver_fixture *fixture)
{
    unsigned before = fixture->closed;
    resolver_close(fixture->resolver, resolver_closed, fixture);
    test_loop_until(&fixture->test, &fixture->closed, before + 1);
}

static void srv_answered(void *context, const struct srv_record_set *set)
{
    struct resolver_fixture *fixture = context;

    srv_record_set_hold(set);
    srv_record_set_release(fixture->srv);
    fixture->srv = set;
    fixture->srv_answers++;
    if (fixture->on_answer != NULL)
        fixture->on_answer(fixture);
}

static void addresses_answered(void *context, const struct address_set *set)
{
    struct resolver_fixture *fixture = context;

    address_set_hold(set);
    address_set_release(fixture->addresses);
    fixture->addresses = set;
    fixture->address_answers++;
    if (fixture->on_answer != NULL)
        fixture->on_answer(fixture);
}

struct resolver_question *ask_srv(struct resolver_fixture *fixture, const char *domain)
{
    unsigned before = fixture->srv_answers;
    struct resolver_question *question =
        resolver_federation_srv(fixture->resolver, text_of(domain), srv_answered, fixture);
    assert_non_null(question);
    assert_int_equal(fixture->srv_answers, before); /* never during the call */
    return question;
}

struct resolver_question *ask_tlsa(struct resolver_fixture *fixture, const char *domain)
{
    unsigned before = fixture->srv_answers;
    struct resolver_question *question =
        resolver_federation_tlsa(fixture->resolver, text_of(domain), srv_answered, fixture);
    assert_non_null(question);
    assert_int_equal(fixture->srv_answers, before);
    return question;
}

struct resolver_question *ask_addresses(struct resolver_fixture *fixture, const char *host)
{
    unsigned before = fixture->address_answers;
    struct resolver_question *question =
        resolver_addresses(fixture->resolver, text_of(host), addresses_answered, fixture);
    assert_non_null(question);
    assert_int_equal(fixture->address_answers, before);
    return question;
}

const struct srv_record_set *get_srv(struct resolver_fixture *fixture, const char *domain)
{
    unsigned before = fixture->srv_answers;
    ask_srv(fixture, domain);
    test_loop_until(&fixture->test, &fixture->srv_answers, before + 1);
    return fixture->srv;
}

const struct srv_record_set *get_tlsa(struct resolver_fixture *fixture, const char *domain)
{
    unsigned before = fixture->srv_answers;
    ask_tlsa(fixture, domain);
    test_loop_until(&fixture->test, &fixture->srv_answers, before + 1);
    return fixture->srv;
}

const struct address_set *get_addresses(struct resolver_fixture *fixture, const char *host)
{
    unsigned before = fixture->address_answers;
    ask_addresses(fixture, host);
    test_loop_until(&fixture->test, &fixture->address_answers, before + 1);
    return fixture->addresses;
}

void assert_target(const struct srv_record_set *set, size_t index, const char *host, unsigned port)
{
    assert_true(index < set->answer.target_count);
    const struct srv_target *target = &set->answer.target[index];
    assert_int_equal(target->host.length, strlen(host));
    assert_memory_equal(target->host.at, host, strlen(host));
    assert_int_equal(target->port, port);
}

void assert_address(const struct address_set *set, size_t index, const char *host)
{
    char text[ADDRESS_TEXT_SIZE];
    assert_true(index < set->address_count);
    assert_string_equal(address_print_host(&set->address[index], text, sizeof text), host);
}

bool begins_with(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

void set_rcode(struct dns_exchange *exchange, unsigned rcode)
{
    exchange->reply.at[3] = (uint8_t)((exchange->reply.at[3] & 0xf0) | rcode);
}

void script_silence(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    (void)fixture;
    exchange->reply.length = 0;
}

void script_server_failure(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    (void)fixture;
    set_rcode(exchange, DNS_RCODE_SERVER_FAILURE);
}

void script_no_such_name(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    (void)fixture;
    set_rcode(exchange, DNS_RCODE_NO_SUCH_NAME);
    message_soa(&exchange->reply, 60, 60);
}

void script_good(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    (void)fixture;
    if (exchange->type == DNS_TYPE_SRV)
        message_srv(&exchange->reply, exchange->name, 60, 1, 1, 5061, "sip.fabrikam.example");
    else if (exchange->type == DNS_TYPE_A)
        message_a(&exchange->reply, exchange->name, 60, "192.0.2.7");
    else
        message_aaaa(&exchange->reply, exchange->name, 60, "2001:db8::7");
}
