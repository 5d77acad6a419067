/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The happy path of a connection we make: uv_tcp_connect under a timer, `connected`, octets both ways, close.
 * One that was accepted starts open.
 *
 * It can fail by: no descriptor or no route (known at once, reported from the timer all the same), refusal,
 * timeout, reset while reading or writing, a peer that never reads (the owner watches stream_waiting and
 * stream_last_progress), and closing at any of these points. Whatever happens, the memory goes in the last
 * close callback. */
#include "gateway/net/stream_parts.h"

#include <assert.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void handle_closed(uv_handle_t *handle)
{
    struct stream *stream = handle->data;

    if (--stream->open_handles > 0)
        return;
    if (stream->on_closed != NULL)
        stream->on_closed(stream->owner);
    free(stream->attempt);
    free(stream->waiting); /* `sending` went with its write callback, which comes before this one */
    free(stream);
}

void stream_close_now(struct stream *stream)
{
    stream->state = STREAM_CLOSING;
    uv_close((uv_handle_t *)&stream->tcp, handle_closed);
    if (stream->attempt != NULL)
        uv_close((uv_handle_t *)&stream->attempt->timer, handle_closed);
}

/* ---- reading ---- */

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    const struct stream *stream = handle->data;

    (void)suggested;
    buffer->base = stream->home->read_buffer;
    buffer->len = stream->read_most > 0 && stream->read_most < stream->home->read_size
                      ? stream->read_most
                      : stream->home->read_size;
}

void stream_report_end(struct stream *stream, const char *why)
{
    uv_read_stop((uv_stream_t *)&stream->tcp);
    stream->broken = stream->broken || why != NULL;
    if (stream->ended)
        return;
    stream->ended = true;
    stream->events->ended(stream->owner, why);
}

static void octets_read(uv_stream_t *handle, ssize_t count, const uv_buf_t *buffer)
{
    struct stream *stream = handle->data;

    if (stream->state == STREAM_CLOSING || count == 0)
        return;
    if (stream->state == STREAM_FINISHING) {
        if (count < 0)
            stream_finish_peer_ended(stream, count != UV_EOF);
        return;
    }
    if (count < 0)
        stream_report_end(stream, count == UV_EOF ? NULL : uv_strerror((int)count));
    else
        stream->events->data(stream->owner, (struct text){buffer->base, (size_t)count});
}

int stream_read_start(struct stream *stream)
{
    return uv_read_start((uv_stream_t *)&stream->tcp, lend_buffer, octets_read);
}

void stream_pause(struct stream *stream)
{
    stream->paused = true;
    if (stream->state == STREAM_OPEN)
        uv_read_stop((uv_stream_t *)&stream->tcp);
}

void stream_resume(struct stream *stream)
{
    bool was_paused = stream->paused;

    stream->paused = false;
    if (was_paused && stream->state == STREAM_OPEN && !stream->ended)
        (void)stream_read_start(stream); /* fails only on closing or unconnected handles */
}

void stream_read_at_most(struct stream *stream, size_t octets)
{
    stream->read_most = octets;
}

/* ---- beginning ---- */

static struct stream *create(const struct stream_home *home, const struct stream_events *events, void *owner)
{
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->home = home;
    stream->events = events;
    stream->owner = owner;
    uv_tcp_init(home->loop, &stream->tcp); /* without a family nothing in it can fail */
    stream->tcp.data = stream;
    stream->open_handles = 1;
    return stream;
}

/* A peer that vanished is noticed after about two minutes of silence. */
static void set_options(struct stream *stream)
{
    static const int option[][3] = {{IPPROTO_TCP, TCP_NODELAY, 1},
                                    {SOL_SOCKET, SO_KEEPALIVE, 1},
                                    {IPPROTO_TCP, TCP_KEEPIDLE, 60},
                                    {IPPROTO_TCP, TCP_KEEPINTVL, 20},
                                    {IPPROTO_TCP, TCP_KEEPCNT, 3}};
    uv_os_fd_t s;

    if (uv_fileno((const uv_handle_t *)&stream->tcp, &s) != 0)
        return;
    for (size_t i = 0; i < sizeof option / sizeof option[0]; i++)
        (void)setsockopt(s, option[i][0], option[i][1], &option[i][2], sizeof option[i][2]);
}

static int learn_local(struct stream *stream)
{
    int length = sizeof stream->local;
    return uv_tcp_getsockname(&stream->tcp, &stream->local.any, &length);
}

struct stream *stream_accept(const struct stream_home *home, int socket, const struct stream_events *events,
                             void *owner)
{
    int length = sizeof(union address);
    struct stream *stream = create(home, events, owner);
    if (stream == NULL) {
        close(socket);
        return NULL;
    }
    if (uv_tcp_open(&stream->tcp, socket) != 0) {
        close(socket);
        goto failed;
    }
    if (uv_tcp_getpeername(&stream->tcp, &stream->peer.any, &length) != 0 || learn_local(stream) != 0 ||
        stream_read_start(stream) != 0)
        goto failed;
    address_print(&stream->peer, stream->peer_text, sizeof stream->peer_text);
    set_options(stream);
    stream->state = STREAM_OPEN;
    return stream;

failed:
    stream_close_now(stream);
    return NULL;
}

/* ---- connecting ---- */

static void attempt_closed(uv_handle_t *timer)
{
    struct attempt *attempt = (struct attempt *)((char *)timer - offsetof(struct attempt, timer));

    handle_closed(timer);
    free(attempt);
}

static void connect_fail(struct stream *stream, int error)
{
    stream->broken = stream->ended = true;
    stream->state = STREAM_OPEN; /* in name: only closing is left */
    uv_timer_stop(&stream->attempt->timer);
    stream->events->connect_failed(stream->owner, uv_strerror(error));
}

static void connect_timed_out(uv_timer_t *timer)
{
    struct stream *stream = timer->data;
    if (stream->state == STREAM_CONNECTING)
        connect_fail(stream, stream->attempt->error != 0 ? stream->attempt->error : UV_ETIMEDOUT);
}

static void connect_done(uv_connect_t *request, int status)
{
    struct stream *stream = request->data;

    if (stream->state != STREAM_CONNECTING || stream->broken) /* closing, or too late */
        return;
    if (status == 0)
        status = learn_local(stream);
    if (status != 0) {
        connect_fail(stream, status);
        return;
    }
    uv_close((uv_handle_t *)&stream->attempt->timer, attempt_closed);
    stream->attempt = NULL;
    set_options(stream);
    stream->state = STREAM_OPEN;
    if (!stream->paused)
        (void)stream_read_start(stream);
    stream->events->connected(stream->owner);
}

bool stream_attempt(struct stream *stream, uv_timer_cb timed_out, uint64_t timeout_ms)
{
    stream->attempt = calloc(1, sizeof *stream->attempt);
    if (stream->attempt == NULL)
        return false;
    uv_timer_init(stream->home->loop, &stream->attempt->timer);
    stream->attempt->timer.data = stream;
    stream->attempt->connect.data = stream;
    stream->attempt->shutdown.data = stream;
    stream->open_handles++;
    uv_timer_start(&stream->attempt->timer, timed_out, timeout_ms, 0);
    return true;
}

struct stream *stream_connect(const struct stream_home *home, const union address *to,
                              const union address *from, uint64_t timeout_ms,
                              const struct stream_events *events, void *owner)
{
    struct stream *stream = create(home, events, owner);
    if (stream == NULL)
        return NULL;
    stream->peer = *to;
    address_print(&stream->peer, stream->peer_text, sizeof stream->peer_text);
    uv_update_time(home->loop); /* the timeout counts from now, not from the loop's last look at the clock */
    if (!stream_attempt(stream, connect_timed_out, timeout_ms)) {
        stream_close_now(stream);
        return NULL;
    }
    struct attempt *attempt = stream->attempt;
    attempt->error = from == NULL ? 0 : uv_tcp_bind(&stream->tcp, &from->any, 0);
    if (attempt->error == 0)
        attempt->error = uv_tcp_connect(&attempt->connect, &stream->tcp, &to->any, connect_done);
    if (attempt->error != 0)
        uv_timer_start(&attempt->timer, connect_timed_out, 0, 0);
    return stream;
}

/* ---- ending ---- */

void stream_close(struct stream *stream, void (*on_closed)(void *owner))
{
    assert(!stream_is_closing(stream));
    stream->on_closed = on_closed;
    stream_close_now(stream);
}

bool stream_is_closing(const struct stream *stream)
{
    return stream->state == STREAM_CLOSING || stream->state == STREAM_FINISHING;
}

const union address *stream_peer(const struct stream *stream)
{
    return &stream->peer;
}

const union address *stream_local(const struct stream *stream)
{
    return &stream->local;
}

const char *stream_peer_text(const struct stream *stream)
{
    return stream->peer_text;
}
