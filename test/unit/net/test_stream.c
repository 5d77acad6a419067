/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways in which a connection lives and dies. */
#include "test/unit/net/stream_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void octets_both_ways(void **state)
{
    struct stream_fixture *fixture = *state;
    char text[ADDRESS_TEXT_SIZE];

    fixture_connect_whole(fixture);
    peer_send(fixture, 100);
    test_loop_until(&fixture->test, &fixture->data, 1);
    assert_int_equal(fixture->octets, 100);
    assert_true(fixture->in_order);
    assert_true(stream_write(fixture->stream, TEXT("\0\1\2")));
    assert_int_equal(stream_waiting(fixture->stream), 0);
    assert_int_equal(peer_read(fixture, 3), 3);
    assert_string_equal(stream_peer_text(fixture->stream),
                        address_print(&fixture->address, text, sizeof text));
    assert_true(address_equal_host(stream_peer(fixture->stream), stream_local(fixture->stream)));
    assert_int_not_equal(address_port(stream_local(fixture->stream)), 0);
}

static void accepted_octets_both_ways(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    peer_send(fixture, 100);
    test_loop_until(&fixture->test, &fixture->data, 1);
    assert_true(stream_write(fixture->stream, TEXT("\0\1\2")));
    assert_int_equal(peer_read(fixture, 3), 3);
    assert_int_equal(address_port(stream_local(fixture->stream)), address_port(&fixture->address));
    assert_int_equal(fixture->connected, 0);
}

static void refused(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_deafen(fixture);
    fixture_connect(fixture);
    test_loop_until(&fixture->test, &fixture->failed, 1);
    assert_string_equal(fixture->why, "connection refused");
    fixture_close(fixture);
    assert_int_equal(fixture->connected + fixture->ended, 0);
}

static void known_at_once_but_told_by_the_loop(void **state)
{
    struct stream_fixture *fixture = *state;
    union address elsewhere;

    assert_true(address_read(TEXT("192.0.2.1"), 0, &elsewhere)); /* not an address of this machine */
    fixture->stream =
        stream_connect(&fixture->home, &fixture->address, &elsewhere, 5000, &stream_fixture_events, fixture);
    assert_non_null(fixture->stream);
    assert_int_equal(fixture->failed, 0);
    test_loop_until(&fixture->test, &fixture->failed, 1);
    assert_string_equal(fixture->why, "address not available");
}

static void out_of_descriptors(void **state)
{
    struct stream_fixture *fixture = *state;
    struct rlimit old, none;

    int next = dup(0);
    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = (struct rlimit){(rlim_t)next, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    fixture_connect(fixture);
    test_loop_until(&fixture->test, &fixture->failed, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_string_equal(fixture->why, "too many open files");
}

/* A listener that does not accept, with its line full: what is sent to it is dropped. */
static void fill_line(struct stream_fixture *fixture, int waiting[8])
{
    assert_int_equal(listen(fixture->listening, 0), 0);
    for (size_t i = 0; i < 8; i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(waiting[i], &fixture->address.any, address_length(&fixture->address));
    }
}

static void empty_line(const int waiting[8])
{
    for (size_t i = 0; i < 8; i++)
        close(waiting[i]);
}

static void nobody_answers(void **state)
{
    struct stream_fixture *fixture = *state;
    int waiting[8];

    fill_line(fixture, waiting);
    uint64_t begin = uv_hrtime();
    fixture->stream =
        stream_connect(&fixture->home, &fixture->address, NULL, 150, &stream_fixture_events, fixture);
    assert_non_null(fixture->stream);
    test_loop_until(&fixture->test, &fixture->failed, 1);
    uint64_t milliseconds = (uv_hrtime() - begin) / 1000000;
    assert_in_range(milliseconds, 140, 2000);
    assert_string_equal(fixture->why, "connection timed out");
    fixture_close(fixture);
    assert_int_equal(fixture->failed, 1);
    empty_line(waiting);
}

static void closed_while_connecting(void **state)
{
    struct stream_fixture *fixture = *state;
    int waiting[8];

    fill_line(fixture, waiting);
    fixture_connect(fixture);
    test_loop_sleep(&fixture->test, 20);
    fixture_close(fixture);
    assert_int_equal(fixture->connected + fixture->failed + fixture->ended, 0);
    empty_line(waiting);
}

static void closed_at_once(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_connect(fixture);
    fixture_close(fixture);
    assert_int_equal(fixture->connected + fixture->failed + fixture->ended, 0);
}

static void close_here(struct stream_fixture *fixture)
{
    stream_close(fixture->stream, fixture_closed);
}

static void finish_here(struct stream_fixture *fixture)
{
    stream_finish(fixture->stream, 20, fixture_closed);
}

static void closed_in_connected(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture->on_event = close_here;
    fixture_connect(fixture);
    test_loop_until(&fixture->test, &fixture->closed, 1);
    assert_int_equal(fixture->connected, 1);
}

static void finished_in_connected(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture->on_event = finish_here;
    fixture_connect(fixture);
    test_loop_until(&fixture->test, &fixture->closed, 1);
    assert_int_equal(fixture->connected, 1);
}

static void closed_in_connect_failed(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_deafen(fixture);
    fixture->on_event = close_here;
    fixture_connect(fixture);
    test_loop_until(&fixture->test, &fixture->closed, 1);
    assert_int_equal(fixture->failed, 1);
}

static void closed_in_data(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    fixture->on_event = close_here;
    peer_send(fixture, 10);
    test_loop_until(&fixture->test, &fixture->closed, 1);
    assert_int_equal(fixture->data, 1);
    assert_int_equal(fixture->ended, 0);
}

static void closed_in_ended(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    fixture->on_event = close_here;
    peer_reset(fixture);
    test_loop_until(&fixture->test, &fixture->closed, 1);
    assert_int_equal(fixture->ended, 1);
}

static void reset_while_reading(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    peer_reset(fixture);
    test_loop_until(&fixture->test, &fixture->ended, 1);
    assert_string_equal(fixture->why, "connection reset by peer");
    assert_true(stream_write(fixture->stream, TEXT("into the void")));
    test_loop_sleep(&fixture->test, 20);
    assert_int_equal(fixture->ended, 1);
}

static void end_of_the_peer_leaves_writing(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    peer_send(fixture, 10);
    shutdown(fixture->peer, SHUT_WR);
    test_loop_until(&fixture->test, &fixture->ended, 1);
    assert_string_equal(fixture->why, "");
    assert_int_equal(fixture->octets, 10);
    assert_true(stream_write(fixture->stream, TEXT("\0\1\2")));
    assert_int_equal(peer_read(fixture, 3), 3);
}

static void pausing_holds_octets_back(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    stream_pause(fixture->stream);
    stream_pause(fixture->stream);
    peer_send(fixture, 10);
    test_loop_sleep(&fixture->test, 30);
    assert_int_equal(fixture->data, 0);
    stream_resume(fixture->stream);
    stream_resume(fixture->stream);
    test_loop_until(&fixture->test, &fixture->data, 1);
    assert_int_equal(fixture->octets, 10);
}

static void paused_while_connecting(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_connect(fixture);
    stream_pause(fixture->stream);
    test_loop_until(&fixture->test, &fixture->connected, 1);
    fixture->peer = accept(fixture->listening, NULL, NULL);
    peer_send(fixture, 10);
    test_loop_sleep(&fixture->test, 30);
    assert_int_equal(fixture->data, 0);
    stream_resume(fixture->stream);
    test_loop_until(&fixture->test, &fixture->data, 1);
}

static void no_more_is_read_at_a_time(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    stream_read_at_most(fixture->stream, 100);
    peer_send(fixture, 2000);
    while (fixture->octets < 2000)
        test_loop_until(&fixture->test, &fixture->data, fixture->data + 1);
    assert_true(fixture->data >= 20);
    assert_true(fixture->in_order);
    stream_read_at_most(fixture->stream, 0);
    fixture->data = 0;
    peer_send(fixture, 2000);
    while (fixture->octets < 4000)
        test_loop_until(&fixture->test, &fixture->data, fixture->data + 1);
    assert_true(fixture->data < 20);
}

static void accepting_what_is_no_connection(void **state)
{
    struct stream_fixture *fixture = *state;
    int lonely = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_null(stream_accept(&fixture->home, lonely, &stream_fixture_events, fixture));
    test_loop_sleep(&fixture->test, 1);
    assert_int_equal(fcntl(lonely, F_GETFD), -1); /* it was taken, and closed */
}

#define STREAM_TEST(name) cmocka_unit_test_setup_teardown(name, stream_fixture_begin, stream_fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STREAM_TEST(octets_both_ways),
        STREAM_TEST(accepted_octets_both_ways),
        STREAM_TEST(refused),
        STREAM_TEST(known_at_once_but_told_by_the_loop),
        STREAM_TEST(out_of_descriptors),
        STREAM_TEST(nobody_answers),
        STREAM_TEST(closed_while_connecting),
        STREAM_TEST(closed_at_once),
        STREAM_TEST(closed_in_connected),
        STREAM_TEST(finished_in_connected),
        STREAM_TEST(closed_in_connect_failed),
        STREAM_TEST(closed_in_data),
        STREAM_TEST(closed_in_ended),
        STREAM_TEST(reset_while_reading),
        STREAM_TEST(end_of_the_peer_leaves_writing),
        STREAM_TEST(pausing_holds_octets_back),
        STREAM_TEST(paused_while_connecting),
        STREAM_TEST(no_more_is_read_at_a_time),
        STREAM_TEST(accepting_what_is_no_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
