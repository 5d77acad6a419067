/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include <utlist.h>

#include "gateway/relay/session.h"

/* A step of a handshake takes as long as some hundred messages, and a thousand of them may come at once,
 * after an outage or from strangers. So a loop turn makes SESSION_HANDSHAKE_STEPS of them; the others wait,
 * first come first served, and traffic of open sessions goes on between. Until the end of its handshake no
 * more is read of a session at a time than may be kept for it: whoever sends more waits like all others. */

static bool is_on_time(const struct worker *worker)
{
    return worker->postponed == NULL && worker->handshake_steps < SESSION_HANDSHAKE_STEPS;
}

bool session_postpone(struct session *session, struct text octets)
{
    struct worker *worker = session->worker;

    if (session->state != SESSION_HANDSHAKING)
        return false;
    if (is_on_time(worker)) {
        worker->handshake_steps++;
        return false;
    }
    session->in = buffer_take(&worker->buffers, octets.length);
    if (session->in == NULL)
        return false;
    session->in_capacity = buffer_size(octets.length);
    memcpy(session->in, octets.at, octets.length);
    session->in_length = octets.length;
    session->is_postponed = true;
    DL_APPEND2(worker->postponed, session, postponed_previous, postponed_next);
    stream_pause(session->stream);
    return true;
}

void session_leave_postponed(struct session *session)
{
    if (!session->is_postponed)
        return;
    session->is_postponed = false;
    DL_DELETE2(session->worker->postponed, session, postponed_previous, postponed_next);
}

static void go_on(struct session *session)
{
    struct buffer_pool *buffers = &session->worker->buffers;
    struct text octets = {session->in, session->in_length};
    size_t capacity = session->in_capacity;

    session_leave_postponed(session);
    session->in = NULL; /* from here on it is for messages */
    session->in_length = session->in_capacity = 0;
    stream_resume(session->stream); /* before: what it hears may pause it again */
    session_hear(session, octets);
    buffer_give(buffers, (char *)(uintptr_t)octets.at, capacity);
}

void session_serve_postponed(struct worker *worker)
{
    worker->handshake_steps = 0;
    while (worker->postponed != NULL && worker->handshake_steps < SESSION_HANDSHAKE_STEPS) {
        worker->handshake_steps++;
        go_on(worker->postponed);
    }
}
