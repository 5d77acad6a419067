/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing to peers that read slowly, never, or are gone; and ending in good order. */
#include "test/unit/net/stream_fixture.h"

#include <stdlib.h>
#include <unistd.h>

#define LARGE (8u * 1024 * 1024) /* octets: more than the kernel takes */

/* Writes in pieces of uneven size. */
static void write_much(struct stream_fixture *fixture, size_t count)
{
    char *octets = malloc(count);

    assert_non_null(octets);
    fill_in_order(octets, count, 0);
    for (size_t at = 0, piece = 1; at < count; at += piece, piece = piece * 3 % 100003 + 1) {
        if (piece > count - at)
            piece = count - at;
        assert_true(stream_write(fixture->stream, (struct text){octets + at, piece}));
    }
    free(octets);
}

static void slow_peer_gets_all_in_order(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    write_much(fixture, LARGE);
    assert_true(stream_waiting(fixture->stream) > STREAM_LOW_WATER);
    assert_int_equal(fixture->drained, 0);
    assert_int_equal(peer_read(fixture, LARGE), LARGE);
    test_loop_until(&fixture->test, &fixture->drained, 1);
    assert_int_equal(stream_waiting(fixture->stream), 0);
    assert_int_equal(fixture->drained, 1);
    fixture->peer_octets = 0;
    write_much(fixture, 1000); /* the idle stream takes the short way again */
    assert_int_equal(peer_read(fixture, 1000), 1000);
}

static void drained_comes_before_all_is_written(void **state)
{
    struct stream_fixture *fixture = *state;

    const int small = 4096; /* of the kernel's buffer: a large one takes all pieces in one go */

    assert_int_equal(setsockopt(fixture->listening, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    fixture_accept(fixture);
    write_much(fixture, LARGE);
    assert_int_equal(peer_read(fixture, LARGE), LARGE);
    assert_int_equal(fixture->drained, 1);
    assert_in_range(fixture->waiting_when_drained, STREAM_LOW_WATER / 2, STREAM_LOW_WATER);
}

static void peer_that_never_reads_is_seen(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    write_much(fixture, LARGE);
    test_loop_sleep(&fixture->test, 20);
    uint64_t progress = stream_last_progress(fixture->stream);
    size_t waiting = stream_waiting(fixture->stream);
    test_loop_sleep(&fixture->test, 100);
    assert_int_equal(stream_last_progress(fixture->stream), progress);
    assert_int_equal(stream_waiting(fixture->stream), waiting);
    assert_true(uv_now(&fixture->test.loop) - progress >= 90);

    assert_true(peer_read(fixture, 4u * 1024 * 1024) >=
                4u * 1024 * 1024); /* and so is one that reads again */
    test_loop_sleep(&fixture->test, 20);
    assert_true(stream_last_progress(fixture->stream) > progress);
    assert_true(stream_waiting(fixture->stream) < waiting);
}

static void reset_while_writing(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    stream_pause(fixture->stream); /* so that only writing can notice */
    write_much(fixture, LARGE);
    peer_reset(fixture);
    test_loop_until(&fixture->test, &fixture->ended, 1);
    assert_true(fixture->why[0] != '\0');
    assert_int_equal(stream_waiting(fixture->stream), 0);
    assert_true(stream_write(fixture->stream, TEXT("into the void")));
    assert_int_equal(fixture->drained, 0);
}

/* The first write after a reset fails at once, and is still reported by the loop only. */
static void reset_before_writing(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    stream_pause(fixture->stream);
    peer_reset(fixture);
    assert_true(stream_write(fixture->stream, TEXT("into the void")));
    assert_int_equal(fixture->ended, 0);
    test_loop_until(&fixture->test, &fixture->ended, 1);
    assert_true(fixture->why[0] != '\0');
}

static void closed_while_writing(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    write_much(fixture, LARGE);
    fixture_close(fixture);
    assert_int_equal(fixture->ended + fixture->drained, 0);
}

static void nothing_is_written(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    assert_true(stream_write(fixture->stream, TEXT_NONE));
    assert_int_equal(stream_waiting(fixture->stream), 0);
}

static void finish_writes_what_waits(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    write_much(fixture, LARGE);
    peer_send(fixture, 4000); /* never read by us before: closing now would be a reset */
    stream_finish(fixture->stream, 5000, fixture_closed);
    assert_true(stream_is_closing(fixture->stream));
    assert_int_equal(peer_read(fixture, LARGE + 1), LARGE); /* and then the end */
    assert_int_equal(fixture->closed, 0);
    close(fixture->peer);
    fixture->peer = -1;
    test_loop_until(&fixture->test, &fixture->closed, 1);
    assert_int_equal(fixture->data + fixture->ended + fixture->drained, 0);
}

static void finish_while_paused(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    stream_pause(fixture->stream);
    peer_send(fixture, 4000);
    assert_true(stream_write(fixture->stream, TEXT("\0\1\2")));
    stream_finish(fixture->stream, 5000, fixture_closed);
    assert_int_equal(peer_read(fixture, 4), 3);
    close(fixture->peer);
    fixture->peer = -1;
    test_loop_until(&fixture->test, &fixture->closed, 1);
}

static void finish_after_the_end_of_the_peer(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    shutdown(fixture->peer, SHUT_WR);
    test_loop_until(&fixture->test, &fixture->ended, 1);
    write_much(fixture, LARGE);
    stream_finish(fixture->stream, 5000, fixture_closed);
    assert_int_equal(peer_read(fixture, LARGE + 1), LARGE);
    test_loop_until(&fixture->test, &fixture->closed, 1);
}

static void finish_has_an_end(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    write_much(fixture, LARGE);
    stream_finish(fixture->stream, 50, fixture_closed); /* the peer neither reads nor ends */
    test_loop_until(&fixture->test, &fixture->closed, 1);
}

static void finish_with_a_reset(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    write_much(fixture, LARGE);
    stream_finish(fixture->stream, 5000, fixture_closed);
    peer_reset(fixture);
    test_loop_until(&fixture->test, &fixture->closed, 1);
    assert_int_equal(fixture->ended, 0);
}

static void finish_of_a_broken_stream(void **state)
{
    struct stream_fixture *fixture = *state;

    fixture_accept(fixture);
    peer_reset(fixture);
    test_loop_until(&fixture->test, &fixture->ended, 1);
    stream_finish(fixture->stream, 5000, fixture_closed);
    test_loop_until(&fixture->test, &fixture->closed, 1);
}

#define STREAM_TEST(name) cmocka_unit_test_setup_teardown(name, stream_fixture_begin, stream_fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STREAM_TEST(slow_peer_gets_all_in_order),
        STREAM_TEST(drained_comes_before_all_is_written),
        STREAM_TEST(peer_that_never_reads_is_seen),
        STREAM_TEST(reset_while_writing),
        STREAM_TEST(reset_before_writing),
        STREAM_TEST(closed_while_writing),
        STREAM_TEST(nothing_is_written),
        STREAM_TEST(finish_writes_what_waits),
        STREAM_TEST(finish_while_paused),
        STREAM_TEST(finish_after_the_end_of_the_peer),
        STREAM_TEST(finish_has_an_end),
        STREAM_TEST(finish_with_a_reset),
        STREAM_TEST(finish_of_a_broken_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
