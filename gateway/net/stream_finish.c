/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The happy path of an end in good order: what waits is written, our end is sent, the peer's last octets are
 * read and thrown away until its end comes, then the stream is closed. Closing a socket with octets unread
 * would send a reset, and the peer would lose what we said last. A timer ends it when the peer does not. */
#include "gateway/net/stream_parts.h"

#include <assert.h>

static void finish_timed_out(uv_timer_t *timer)
{
    struct stream *stream = timer->data;
    if (stream->state == STREAM_FINISHING)
        stream_close_now(stream);
}

static void end_sent(uv_shutdown_t *request, int status)
{
    struct stream *stream = request->data;

    if (stream->state != STREAM_FINISHING)
        return;
    stream->shut = true;
    if (status != 0 || stream->ended)
        stream_close_now(stream);
}

void stream_finish_written(struct stream *stream)
{
    if (uv_shutdown(&stream->attempt->shutdown, (uv_stream_t *)&stream->tcp, end_sent) != 0)
        stream_close_now(stream);
}

void stream_finish_peer_ended(struct stream *stream, bool broken)
{
    stream->ended = true;
    uv_read_stop((uv_stream_t *)&stream->tcp);
    if (broken || stream->shut)
        stream_close_now(stream);
}

void stream_finish(struct stream *stream, uint64_t timeout_ms, void (*on_closed)(void *owner))
{
    assert(stream->state == STREAM_OPEN);
    stream->on_closed = on_closed;
    uv_update_time(stream->home->loop);
    if (stream->broken || !stream_attempt(stream, finish_timed_out, timeout_ms)) {
        stream_close_now(stream);
        return;
    }
    stream->state = STREAM_FINISHING;
    if (stream->paused && !stream->ended && stream_read_start(stream) != 0) {
        stream_close_now(stream);
        return;
    }
    if (stream->sending == NULL)
        stream_finish_written(stream);
}
