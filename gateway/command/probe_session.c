/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/probe_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FINISH_MS 300u

struct probe_session {
    uv_loop_t *loop;
    struct stream_home home;
    struct stream *stream;       /* owned; NULL before open */
    struct tls_channel *channel; /* owned */
    enum reason (*judge)(void *owner, const struct text *ders, size_t count);
    void *owner;
    uv_timer_t timer;
    bool is_connected, is_over, is_broken, timed_out, stream_closed, timer_closed;
    char why[PROBE_WHY]; /* of the stream's end */
    size_t received_length;
    char received[PROBE_ANSWER_LARGEST];
    char scratch[TLS_SCRATCH_OCTETS];
    char read_buffer[STREAM_READ_SIZE];
};

/* ---- events of the channel ---- */

static enum reason judge(void *owner, const struct text *ders, size_t count)
{
    struct probe_session *session = owner;
    return session->judge(session->owner, ders, count);
}

static void output(void *owner, struct text octets)
{
    struct probe_session *session = owner;
    if (!stream_write(session->stream, octets))
        session->is_broken = true;
}

static void established(void *owner)
{
    (void)owner; /* its state says so */
}

static void plain(void *owner, struct text octets)
{
    struct probe_session *session = owner;
    size_t room = sizeof(session->received) - session->received_length;
    size_t taken = octets.length < room ? octets.length : room;

    memcpy(session->received + session->received_length, octets.at, taken);
    session->received_length += taken;
}

static const struct tls_channel_events channel_events = {
    .judge = judge, .output = output, .established = established, .data = plain};

/* ---- events of the stream ---- */

static void connected(void *owner)
{
    ((struct probe_session *)owner)->is_connected = true;
}

static void connect_failed(void *owner, const char *why)
{
    struct probe_session *session = owner;
    session->is_over = true;
    snprintf(session->why, sizeof(session->why), "%s", why);
}

static void data(void *owner, struct text octets)
{
    struct probe_session *session = owner;
    (void)tls_channel_feed(session->channel, octets, session->scratch, sizeof(session->scratch));
}

static void ended(void *owner, const char *why)
{
    struct probe_session *session = owner;
    session->is_over = true;
    snprintf(session->why, sizeof(session->why), "%s", why == NULL ? "the peer closed the connection" : why);
    (void)tls_channel_end(session->channel);
}

static void drained(void *owner)
{
    (void)owner;
}

static const struct stream_events stream_events = {.connected = connected,
                                                   .connect_failed = connect_failed,
                                                   .data = data,
                                                   .ended = ended,
                                                   .drained = drained};

/* ---- waiting ---- */

static void time_is_over(uv_timer_t *timer)
{
    ((struct probe_session *)timer->data)->timed_out = true;
}

static void start_timer(struct probe_session *session, uint64_t most_ms)
{
    session->timed_out = false;
    uv_update_time(session->loop);
    uv_timer_start(&session->timer, time_is_over, most_ms, 0);
}

static bool goes_on(const struct probe_session *session)
{
    enum tls_state state = tls_channel_state(session->channel);
    return !session->is_over && !session->is_broken && !session->timed_out && state != TLS_FAILED &&
           state != TLS_CLOSED;
}

/* Why a TLS session ended, in the words of whoever knows best. */
static enum reason explain_end(const struct probe_session *session, enum reason on_timeout,
                               char why[PROBE_WHY])
{
    enum reason reason = tls_channel_reason(session->channel);

    why[0] = '\0';
    if (reason != REASON_OK)
        tls_channel_detail(session->channel, why, PROBE_WHY);
    if (why[0] == '\0' && session->is_over)
        snprintf(why, PROBE_WHY, "%s", session->why);
    if (reason != REASON_OK)
        return reason;
    if (session->timed_out)
        return on_timeout;
    return REASON_PEER_CLOSED;
}

struct probe_session *
probe_session_create(uv_loop_t *loop, const struct tls_context *context, struct text server_name,
                     enum reason (*judge_)(void *owner, const struct text *ders, size_t count), void *owner)
{
    struct probe_session *session = calloc(1, sizeof(*session));

    if (session == NULL)
        return NULL;
    session->loop = loop;
    session->judge = judge_;
    session->owner = owner;
    session->home = (struct stream_home){loop, session->read_buffer, sizeof(session->read_buffer)};
    session->channel = tls_channel_create(context, server_name, &channel_events, session);
    if (session->channel == NULL || uv_timer_init(loop, &session->timer) != 0) {
        tls_channel_destroy(session->channel);
        free(session);
        return NULL;
    }
    session->timer.data = session;
    return session;
}

enum reason probe_session_open(struct probe_session *session, const union address *address, uint64_t most_ms,
                               char why[PROBE_WHY])
{
    session->stream = stream_connect(&session->home, address, NULL, most_ms, &stream_events, session);
    if (session->stream == NULL) {
        snprintf(why, PROBE_WHY, "no memory");
        return REASON_OVERLOADED;
    }
    while (!session->is_connected && !session->is_over)
        uv_run(session->loop, UV_RUN_ONCE);
    snprintf(why, PROBE_WHY, "%s", session->why);
    return session->is_connected ? REASON_OK : REASON_CONNECT_FAILED;
}

enum reason probe_session_handshake(struct probe_session *session, uint64_t most_ms, char why[PROBE_WHY])
{
    (void)tls_channel_start(session->channel);
    start_timer(session, most_ms);
    while (tls_channel_state(session->channel) == TLS_HANDSHAKE && goes_on(session))
        uv_run(session->loop, UV_RUN_ONCE);
    if (tls_channel_state(session->channel) == TLS_ESTABLISHED)
        return REASON_OK;
    return explain_end(session, REASON_HANDSHAKE_TIMEOUT, why);
}

enum reason probe_session_ask(struct probe_session *session, struct text octets,
                              bool (*is_enough)(void *context, struct text received), void *context,
                              uint64_t most_ms, char why[PROBE_WHY])
{
    if (octets.length > 0 && goes_on(session) && !tls_channel_write(session->channel, octets))
        session->is_broken = true;
    start_timer(session, most_ms);
    for (;;) {
        if (is_enough(context, (struct text){session->received, session->received_length}))
            return REASON_OK;
        if (!goes_on(session))
            return explain_end(session, REASON_TIMED_OUT, why);
        uv_run(session->loop, UV_RUN_ONCE);
    }
}

const char *probe_session_protocol(const struct probe_session *session)
{
    return tls_channel_protocol(session->channel);
}

static void stream_is_closed(void *owner)
{
    ((struct probe_session *)owner)->stream_closed = true;
}

static void timer_is_closed(uv_handle_t *timer)
{
    ((struct probe_session *)timer->data)->timer_closed = true;
}

void probe_session_close(struct probe_session *session)
{
    if (session == NULL)
        return;
    uv_close((uv_handle_t *)&session->timer, timer_is_closed);
    if (session->stream == NULL) {
        session->stream_closed = true;
    } else if (session->is_connected && !session->is_broken) {
        tls_channel_shutdown(session->channel);
        stream_finish(session->stream, FINISH_MS, stream_is_closed);
    } else {
        stream_close(session->stream, stream_is_closed);
    }
    while (!session->stream_closed || !session->timer_closed)
        uv_run(session->loop, UV_RUN_ONCE);
    tls_channel_destroy(session->channel);
    free(session);
}
