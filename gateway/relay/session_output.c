/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include <utlist.h>

#include "gateway/relay/session.h"

/* What a session says. Messages gather in `out` during a loop turn, or until it is full, and leave together,
 * in as few TLS records as possible. Back-pressure, not buffers: over the high-water mark those who feed the
 * session are paused, over limits.waiting-bytes nothing more is taken. */

bool session_is_open(const struct session *session)
{
    return session->state == SESSION_OPEN && !session->is_broken;
}

static bool may_speak(const struct session *session)
{
    return (session->state == SESSION_OPEN || session->state == SESSION_DRAINING) && !session->is_broken;
}

static size_t waiting_octets(const struct session *session)
{
    return stream_waiting(session->stream) + session->out_length;
}

bool session_is_congested(const struct session *session)
{
    return waiting_octets(session) > SESSION_HIGH_WATER;
}

static void give_buffer_back(struct session *session)
{
    buffer_give(&session->worker->buffers, session->out, session->out_capacity);
    session->out = NULL;
    session->out_length = session->out_capacity = 0;
}

/* What has gathered becomes TLS records. */
static void write_out(struct session *session)
{
    if (session->out_length > 0 && may_speak(session) &&
        !tls_channel_write(session->channel, (struct text){session->out, session->out_length}))
        session->is_broken = true;
    session->out_length = 0;
}

/* A full buffer is written out rather than enlarged: it only grows for one message that is larger. */
static bool make_room(struct session *session, size_t most)
{
    size_t capacity = most < SESSION_OUT_LEAST ? SESSION_OUT_LEAST : most;

    write_out(session);
    if (session->is_broken)
        return false;
    if (session->out_capacity >= capacity)
        return true;
    char *out = buffer_grow(&session->worker->buffers, session->out, session->out_capacity, 0, capacity);
    if (out == NULL)
        return false;
    session->out = out;
    session->out_capacity = buffer_size(capacity);
    return true;
}

static bool has_room(const struct session *session, size_t most)
{
    return may_speak(session) &&
           waiting_octets(session) + most <= session->worker->snapshot->settings->limits.waiting_bytes;
}

char *session_reserve(struct session *session, size_t most)
{
    if (!has_room(session, most))
        return NULL;
    if (session->out_capacity - session->out_length < most && !make_room(session, most))
        return NULL;
    return session->out == NULL ? NULL : session->out + session->out_length;
}

void session_commit(struct session *session, size_t length)
{
    struct worker *worker = session->worker;

    session->out_length += length;
    if (session->is_dirty)
        return;
    session->is_dirty = true;
    DL_PREPEND2(worker->dirty, session, dirty_previous, dirty_next);
}

/* One that would fill the buffer alone is not put there first. */
static bool send_large(struct session *session, struct text octets)
{
    write_out(session);
    if (session->is_broken)
        return false;
    session_commit(session, 0);
    session->is_broken = !tls_channel_write(session->channel, octets);
    return !session->is_broken;
}

bool session_send(struct session *session, struct text octets)
{
    if (!has_room(session, octets.length))
        return false;
    if (octets.length > SESSION_OUT_LEAST)
        return send_large(session, octets);
    char *to = session_reserve(session, octets.length);
    if (to == NULL)
        return false;
    memcpy(to, octets.at, octets.length);
    session_commit(session, octets.length);
    return true;
}

static void flush(struct session *session)
{
    write_out(session);
    give_buffer_back(session);
    session->active_ms = worker_now(session->worker);
    if (session_is_congested(session)) {
        session->full_since_ms =
            session->full_since_ms == 0 ? worker_now(session->worker) : session->full_since_ms;
        /* A partner that asks without reading its answers is not listened to meanwhile. Only where the
         * partner opened the session: if both ends of one did this with their requests, neither would ever
         * read again. */
        if (session->side == PEER_EXTERNAL && !session->we_connected)
            session_wait_for(session, session);
    }
    if (session->is_broken)
        session_close(session, REASON_PEER_CLOSED, "writing failed");
    else if (session->waiting != NULL && stream_waiting(session->stream) <= STREAM_LOW_WATER)
        session_release_waiting(session);
}

void session_flush_dirty(struct worker *worker)
{
    while (worker->dirty != NULL) {
        struct session *session = worker->dirty;
        DL_DELETE2(worker->dirty, session, dirty_previous, dirty_next);
        session->is_dirty = false;
        if (session->state != SESSION_CLOSING)
            flush(session);
        else if (session->out != NULL)
            give_buffer_back(session);
    }
}

void session_wait_for(struct session *feeder, struct session *full)
{
    /* Our own servers speak for everyone: one partner that does not read must not silence them. What goes to
     * it is refused at limits.waiting-bytes. */
    if (feeder->side == PEER_INTERNAL || feeder->waits_for != NULL || feeder->state == SESSION_CLOSING)
        return;
    feeder->waits_for = full;
    DL_APPEND2(full->waiting, feeder, waiting_previous, waiting_next);
    stream_pause(feeder->stream);
}

void session_rest_after_refusals(struct session *session)
{
    if (++session->refusals == SESSION_REFUSALS_MOST && session->state != SESSION_CLOSING)
        stream_pause(session->stream);
}

void session_release_waiting(struct session *session)
{
    while (session->waiting != NULL) {
        struct session *feeder = session->waiting;
        DL_DELETE2(session->waiting, feeder, waiting_previous, waiting_next);
        feeder->waits_for = NULL;
        if (feeder->state != SESSION_CLOSING)
            stream_resume(feeder->stream);
    }
}
