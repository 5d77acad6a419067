/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/net/stream_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fill_in_order(char *to, size_t count, size_t first)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (char)((first + i) % 251);
}

static bool is_in_order(const char *octets, size_t count, size_t first)
{
    for (size_t i = 0; i < count; i++) {
        if (octets[i] != (char)((first + i) % 251))
            return false;
    }
    return true;
}

static void event(struct stream_fixture *fixture)
{
    if (fixture->on_event != NULL)
        fixture->on_event(fixture);
}

static void connected(void *owner)
{
    struct stream_fixture *fixture = owner;
    fixture->connected++;
    event(fixture);
}

static void connect_failed(void *owner, const char *why)
{
    struct stream_fixture *fixture = owner;
    fixture->failed++;
    snprintf(fixture->why, sizeof fixture->why, "%s", why);
    event(fixture);
}

static void data(void *owner, struct text octets)
{
    struct stream_fixture *fixture = owner;
    fixture->data++;
    fixture->in_order = fixture->in_order && is_in_order(octets.at, octets.length, fixture->octets);
    fixture->octets += octets.length;
    event(fixture);
}

static void ended(void *owner, const char *why)
{
    struct stream_fixture *fixture = owner;
    fixture->ended++;
    snprintf(fixture->why, sizeof fixture->why, "%s", why == NULL ? "" : why);
    event(fixture);
}

static void drained(void *owner)
{
    struct stream_fixture *fixture = owner;
    fixture->drained++;
    fixture->waiting_when_drained = stream_waiting(fixture->stream);
}

const struct stream_events stream_fixture_events = {connected, connect_failed, data, ended, drained};

void fixture_closed(void *owner)
{
    struct stream_fixture *fixture = owner;
    fixture->closed++;
    fixture->stream = NULL;
}

int stream_fixture_begin(void **state)
{
    struct stream_fixture *fixture = calloc(1, sizeof *fixture);
    socklen_t length = sizeof fixture->address;

    assert_non_null(fixture);
    signal(SIGPIPE, SIG_IGN); /* as the gateway must */
    *state = fixture;
    test_loop_begin(&fixture->test);
    fixture->home = (struct stream_home){&fixture->test.loop, malloc(STREAM_READ_SIZE), STREAM_READ_SIZE};
    assert_non_null(fixture->home.read_buffer);
    fixture->in_order = true;
    fixture->peer = -1;
    fixture->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(address_read(TEXT("127.0.0.1"), 0, &fixture->address));
    assert_int_equal(bind(fixture->listening, &fixture->address.any, length), 0);
    assert_int_equal(listen(fixture->listening, 8), 0);
    assert_int_equal(getsockname(fixture->listening, &fixture->address.any, &length), 0);
    return 0;
}

int stream_fixture_end(void **state)
{
    struct stream_fixture *fixture = *state;

    if (fixture->stream != NULL)
        fixture_close(fixture);
    if (fixture->peer >= 0)
        close(fixture->peer);
    if (fixture->listening >= 0)
        close(fixture->listening);
    test_loop_end(&fixture->test);
    free(fixture->home.read_buffer);
    free(fixture);
    return 0;
}

void fixture_deafen(struct stream_fixture *fixture)
{
    close(fixture->listening);
    fixture->listening = -1;
}

void fixture_connect(struct stream_fixture *fixture)
{
    fixture->stream =
        stream_connect(&fixture->home, &fixture->address, NULL, 5000, &stream_fixture_events, fixture);
    assert_non_null(fixture->stream);
    assert_int_equal(fixture->connected + fixture->failed, 0); /* never inside the call */
}

void fixture_connect_whole(struct stream_fixture *fixture)
{
    fixture_connect(fixture);
    test_loop_until(&fixture->test, &fixture->connected, 1);
    fixture->peer = accept(fixture->listening, NULL, NULL);
    assert_true(fixture->peer >= 0);
}

void fixture_accept(struct stream_fixture *fixture)
{
    fixture->peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fixture->peer, &fixture->address.any, address_length(&fixture->address)), 0);
    int accepted = accept(fixture->listening, NULL, NULL);
    assert_true(accepted >= 0);
    fixture->stream = stream_accept(&fixture->home, accepted, &stream_fixture_events, fixture);
    assert_non_null(fixture->stream);
}

void fixture_close(struct stream_fixture *fixture)
{
    unsigned before = fixture->closed;
    stream_close(fixture->stream, fixture_closed);
    test_loop_until(&fixture->test, &fixture->closed, before + 1);
}

void peer_send(struct stream_fixture *fixture, size_t count)
{
    char octets[4096];

    assert_true(count <= sizeof octets);
    fill_in_order(octets, count, 0);
    assert_int_equal(send(fixture->peer, octets, count, MSG_NOSIGNAL), count);
}

void peer_reset(struct stream_fixture *fixture)
{
    const struct linger hard = {1, 0};
    assert_int_equal(setsockopt(fixture->peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(fixture->peer);
    fixture->peer = -1;
}

size_t peer_read(struct stream_fixture *fixture, size_t count)
{
    char octets[16384];
    size_t all = 0;

    for (unsigned idle = 0; all < count && idle < 2000;) {
        ssize_t got = recv(fixture->peer, octets, sizeof octets, MSG_DONTWAIT);
        if (got == 0)
            break;
        if (got > 0) {
            assert_true(is_in_order(octets, (size_t)got, fixture->peer_octets));
            fixture->peer_octets += (size_t)got;
            all += (size_t)got;
            idle = 0;
        } else {
            assert_true(errno == EAGAIN);
            idle++;
        }
        uv_run(&fixture->test.loop, UV_RUN_NOWAIT);
        if (got < 0)
            usleep(1000);
    }
    return all;
}
