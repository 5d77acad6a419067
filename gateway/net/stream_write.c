/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing: what the kernel takes at once is never copied. The rest waits in a buffer that grows, while the
 * one before it is written piece by piece, one write in flight at a time, so that progress shows. */
#include "gateway/net/stream_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_SIZE 32768u    /* octets of one write: how finely `drained` and progress are known */
#define OUTGOING_LEAST 4096u /* octets */

size_t stream_waiting(const struct stream *stream)
{
    size_t count = stream->waiting == NULL ? 0 : stream->waiting->length;
    const struct outgoing *sending = stream->sending;

    if (sending != NULL) {
        size_t queued = uv_stream_get_write_queue_size((const uv_stream_t *)&stream->tcp);
        count += sending->length - sending->taken - sending->in_flight + queued;
    }
    return count;
}

uint64_t stream_last_progress(struct stream *stream)
{
    size_t queued = uv_stream_get_write_queue_size((const uv_stream_t *)&stream->tcp);

    if (queued != stream->last_queued) {
        stream->last_queued = queued;
        stream->last_progress = uv_now(stream->home->loop);
    }
    return stream->last_progress;
}

static void note_progress(struct stream *stream)
{
    stream->last_progress = uv_now(stream->home->loop);
    stream->last_queued = uv_stream_get_write_queue_size((const uv_stream_t *)&stream->tcp);
}

/* In place of *waiting, or still *waiting; false: no memory, or too much to count. */
static bool make_room(struct outgoing **waiting, size_t more)
{
    size_t length = *waiting == NULL ? 0 : (*waiting)->length;
    size_t size = *waiting == NULL ? OUTGOING_LEAST : (*waiting)->size;

    if (more > SIZE_MAX / 4 - length)
        return false;
    while (size < length + more)
        size *= 2;
    if (*waiting != NULL && size == (*waiting)->size)
        return true;
    struct outgoing *grown = realloc(*waiting, sizeof *grown + size);
    if (grown == NULL)
        return false;
    if (*waiting == NULL)
        memset(grown, 0, sizeof *grown);
    grown->size = size;
    *waiting = grown;
    return true;
}

static void drop_outgoing(struct stream *stream)
{
    free(stream->sending);
    free(stream->waiting);
    stream->sending = stream->waiting = NULL;
}

static void piece_written(uv_write_t *request, int status);

/* Starts the next write when there is something to write; an error comes to piece_written or out of here. */
static int write_piece(struct stream *stream)
{
    if (stream->sending == NULL) {
        stream->sending = stream->waiting;
        stream->waiting = NULL;
    }
    struct outgoing *sending = stream->sending;
    if (sending == NULL)
        return 0;
    size_t rest = sending->length - sending->taken;
    sending->in_flight = rest < PIECE_SIZE ? rest : PIECE_SIZE;
    sending->request.data = stream;
    uv_buf_t piece = uv_buf_init(sending->octets + sending->taken, (unsigned)sending->in_flight);
    int status = uv_write(&sending->request, (uv_stream_t *)&stream->tcp, &piece, 1, piece_written);
    note_progress(stream);
    return status;
}

static void write_failed(struct stream *stream, int status)
{
    drop_outgoing(stream);
    if (stream->state == STREAM_FINISHING)
        stream_close_now(stream);
    else if (stream->state == STREAM_OPEN)
        stream_report_end(stream, uv_strerror(status));
}

static void piece_written(uv_write_t *request, int status)
{
    struct stream *stream = request->data;
    struct outgoing *sending = stream->sending;

    if (stream->state == STREAM_CLOSING) {
        drop_outgoing(stream);
        return;
    }
    if (status == 0) {
        sending->taken += sending->in_flight;
        sending->in_flight = 0;
        if (sending->taken == sending->length) {
            free(sending);
            stream->sending = NULL;
        }
        status = write_piece(stream);
    }
    if (status != 0) {
        write_failed(stream, status);
        return;
    }
    size_t waiting = stream_waiting(stream);
    if (stream->state == STREAM_FINISHING) {
        if (waiting == 0 && stream->sending == NULL)
            stream_finish_written(stream);
    } else if (stream->over_water && waiting <= STREAM_LOW_WATER) {
        stream->over_water = false;
        stream->events->drained(stream->owner);
    }
}

bool stream_write(struct stream *stream, struct text octets)
{
    assert(stream->state != STREAM_CONNECTING);
    if (stream->state != STREAM_OPEN || stream->broken)
        return true;
    if (stream->sending == NULL) {
        size_t most = octets.length < INT32_MAX ? octets.length : INT32_MAX;
        uv_buf_t all = uv_buf_init((char *)(uintptr_t)octets.at, (unsigned)most);
        int taken = most == 0 ? 0 : uv_try_write((uv_stream_t *)&stream->tcp, &all, 1);
        if (taken > 0) /* an error is left to uv_write, which reports it from the loop */
            octets = text_skip(octets, (size_t)taken);
    }
    if (octets.length == 0)
        return true;
    if (!make_room(&stream->waiting, octets.length)) {
        stream->broken = true;
        return false;
    }
    memcpy(stream->waiting->octets + stream->waiting->length, octets.at, octets.length);
    stream->waiting->length += octets.length;
    if (stream->sending == NULL && write_piece(stream) != 0) {
        drop_outgoing(stream);
        stream->broken = true;
        return false;
    }
    stream->over_water = stream->over_water || stream_waiting(stream) > STREAM_LOW_WATER;
    return true;
}
