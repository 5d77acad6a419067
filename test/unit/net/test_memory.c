/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The n-th allocation fails, for every n: nothing crashes, nothing leaks, and whoever asked is told.
 * Linked with --wrap, so that the library under test allocates here; libuv and c-ares do not. */
#include "test/unit/net/resolver_fixture.h"
#include "test/unit/net/stream_fixture.h"

#include <stdlib.h>

#define MOST 100 /* more allocations than any story below makes */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static unsigned refusals;

static bool is_refused(void)
{
    if (test_allocations_left < 0)
        return false;
    if (test_allocations_left-- > 0)
        return false;
    test_allocations_left = -1; /* this one, and no other */
    refusals++;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return is_refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return is_refused() ? NULL : __real_realloc(old, size);
}

static void note_srv(void *context, const struct srv_record_set *set)
{
    struct resolver_fixture *fixture = context;

    assert_true(set->answer.outcome == REASON_OK || set->answer.outcome == REASON_OVERLOADED ||
                set->answer.outcome == REASON_DNS_FAILED);
    if (set->answer.outcome == REASON_OK && set->answer.tlsa_known)
        assert_true(tlsa_answer_reason(set->answer.target[0].tlsa) == REASON_OK ||
                    tlsa_answer_reason(set->answer.target[0].tlsa) == REASON_OVERLOADED ||
                    tlsa_answer_reason(set->answer.target[0].tlsa) == REASON_DNS_FAILED);
    fixture->srv_answers++;
}

static void note_addresses(void *context, const struct address_set *set)
{
    struct resolver_fixture *fixture = context;

    assert_true(set->outcome == REASON_OK || set->outcome == REASON_OVERLOADED ||
                set->outcome == REASON_DNS_FAILED);
    fixture->address_answers++;
}

static void deny_first(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    if (begins_with(exchange->name, "_sipf"))
        script_no_such_name(fixture, exchange);
    else if (exchange->type == DNS_TYPE_TLSA)
        message_tlsa(&exchange->reply, exchange->name, 60, 3, 1, 1, TEXT("data"));
    else
        script_good(fixture, exchange);
    exchange->reply.at[3] |= DNS_FLAG_AUTHENTIC;
}

/* Questions of each kind, asked twice; false: the resolver could not even be made. */
static bool ask_all(struct resolver_fixture *fixture)
{
    char error[RESOLVER_ERROR_SIZE];
    unsigned srv = 0, addresses = 0;

    fixture->script = deny_first;
    fixture->srv_answers = fixture->address_answers = 0;
    fixture->resolver = resolver_create(&fixture->test.loop, &fixture->options, error, sizeof error);
    if (fixture->resolver == NULL)
        return false;
    for (unsigned i = 0; i < 2; i++) {
        srv += resolver_federation_srv(fixture->resolver, TEXT("a.example"), note_srv, fixture) != NULL;
        srv += resolver_federation_tlsa(fixture->resolver, TEXT("b.example"), note_srv, fixture) != NULL;
        addresses +=
            resolver_addresses(fixture->resolver, TEXT("a.example"), note_addresses, fixture) != NULL;
        addresses +=
            resolver_addresses(fixture->resolver, TEXT("192.0.2.1"), note_addresses, fixture) != NULL;
    }
    test_loop_until(&fixture->test, &fixture->srv_answers, srv);
    test_loop_until(&fixture->test, &fixture->address_answers, addresses);
    end_resolver(fixture);
    return true;
}

static void resolver_without_memory(void **state)
{
    struct resolver_fixture *fixture = *state;
    union address own;

    assert_true(address_read(TEXT("0.0.0.0"), 5061, &own));
    fixture->options.own = &own;
    fixture->options.own_count = 1;
    fixture->options.trust_ad = true;
    refusals = 0;
    for (long n = 0; n < MOST; n++) {
        test_allocations_left = n;
        (void)ask_all(fixture);
        test_allocations_left = -1;
    }
    assert_in_range(refusals, 15, MOST - 1); /* the story has that many allocations, and an end */
}

static void stream_without_memory(void **state)
{
    struct stream_fixture *fixture = *state;
    enum { LARGE = 8 * 1024 * 1024 };
    char *octets = test_allocate(LARGE);

    refusals = 0;
    for (long n = 0; n < 8; n++) {
        fixture->connected = 0;
        test_allocations_left = n;
        fixture->stream =
            stream_connect(&fixture->home, &fixture->address, NULL, 5000, &stream_fixture_events, fixture);
        if (fixture->stream == NULL)
            continue;
        test_loop_until(&fixture->test, &fixture->connected, 1);
        bool good = stream_write(fixture->stream, (struct text){octets, LARGE}) &&
                    stream_write(fixture->stream, (struct text){octets, LARGE});
        assert_int_equal(good, test_allocations_left >= 0);
        test_allocations_left = -1;
        fixture_close(fixture);
    }
    test_allocations_left = -1;
    free(octets);
    assert_in_range(refusals, 3, 7);
}

static void finish_without_memory_closes_at_once(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    test_allocations_left = 0;
    stream_finish(fixture->stream, 5000, fixture_closed);
    test_loop_until(&fixture->test, &fixture->closed, 1);
    assert_int_equal(test_allocations_left, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(resolver_without_memory, resolver_fixture_begin,
                                        resolver_fixture_end),
        cmocka_unit_test_setup_teardown(stream_without_memory, stream_fixture_begin, stream_fixture_end),
        cmocka_unit_test_setup_teardown(finish_without_memory_closes_at_once, stream_fixture_begin,
                                        stream_fixture_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
