/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "gateway/relay/hop.h"
#include "gateway/relay/relay.h"

/* What a session hears: plaintext -> messages. Whole messages are read where TLS put them; only a part of one
 * is copied and kept until the rest comes. */

static bool is_listening(const struct session *session)
{
    return session->state == SESSION_OPEN || session->state == SESSION_DRAINING;
}

static void answer_pings(struct session *session, unsigned pings)
{
    for (unsigned i = 0; i < pings; i++) {
        if (!session_send(session, TEXT("\r\n"))) /* RFC 5626 4.4.1 */
            return;
    }
}

/* A refused message whose length is known is passed over, within the bound of what an honest peer may have
 * meant. */
static bool may_skip(const struct session *session, const struct sip_frame_result *result)
{
    const struct limits *limits = &session->worker->snapshot->settings->limits;
    return result->length_known && result->body_length <= limits->message_size * 16;
}

static void refuse_frame(struct session *session, struct text available,
                         const struct sip_frame_result *result)
{
    relay_unframed(session, available, result->header_length, result->reason, result->what);
    if (may_skip(session, result))
        sip_framer_skip(&session->framer);
    else
        session_close(session, result->reason, result->what);
}

/* Cuts and serves all whole messages; returns how many octets were used up. */
static size_t serve(struct session *session, struct text all, size_t *wanted)
{
    struct text rest = all;

    *wanted = 0;
    while (rest.length > 0 && is_listening(session)) {
        struct sip_frame_result result;
        switch (sip_framer_next(&session->framer, rest, &result)) {
        case SIP_FRAME_NEED_MORE:
            *wanted = result.wanted;
            return all.length - rest.length;
        case SIP_FRAME_MESSAGE:
            session->message_started_ms = 0;
            relay_message(session, (struct text){rest.at, result.consumed}, result.header_length,
                          result.line_ends);
            break;
        case SIP_FRAME_KEEP_ALIVE:
            answer_pings(session, result.pings);
            break;
        case SIP_FRAME_SKIPPED:
            break;
        case SIP_FRAME_FAILED:
            refuse_frame(session, rest, &result);
            result.consumed = 0;
            break;
        }
        rest = text_skip(rest, result.consumed);
    }
    return all.length - rest.length;
}

static bool make_room(struct session *session, size_t more, size_t wanted)
{
    size_t needed = session->in_length + more;

    if (needed < wanted)
        needed = wanted;
    if (needed <= session->in_capacity)
        return true;
    if (needed < session->in_capacity * 2) /* growing by halves would copy a slow header again and again */
        needed = session->in_capacity * 2;
    char *in =
        buffer_grow(&session->worker->buffers, session->in, session->in_capacity, session->in_length, needed);
    if (in == NULL)
        return false;
    session->in = in;
    session->in_capacity = buffer_size(needed);
    return true;
}

static bool keep(struct session *session, struct text part, size_t wanted)
{
    if (part.length == 0)
        return true;
    if (!make_room(session, part.length, wanted))
        return false;
    memcpy(session->in + session->in_length, part.at, part.length);
    session->in_length += part.length;
    if (session->message_started_ms == 0)
        session->message_started_ms = worker_now(session->worker);
    return true;
}

static void drop_kept(struct session *session, size_t used)
{
    session->in_length -= used;
    if (session->in_length > 0) {
        if (used > 0)
            memmove(session->in, session->in + used, session->in_length);
        if (session->message_started_ms ==
            0) /* the begin of a message came in one piece with the end of another */
            session->message_started_ms = worker_now(session->worker);
        return;
    }
    buffer_give(&session->worker->buffers, session->in, session->in_capacity);
    session->in = NULL;
    session->in_capacity = 0;
    session->message_started_ms = 0;
}

void session_input(void *owner, struct text octets)
{
    struct session *session = owner;
    size_t wanted = 0;
    bool kept;

    if (session->state == SESSION_CHECKING) { /* its stream is paused: this is the rest of what was read */
        if (!keep(session, octets, 0))
            session_close(session, REASON_OVERLOADED, "no memory for a message");
        return;
    }
    if (!session->handed_over && session->hop != NULL)
        hop_session_proven(session);
    session->handed_over = true;
    session->active_ms = worker_now(session->worker);
    if (!is_listening(session))
        return;
    if (session->in_length == 0) {
        size_t used = serve(session, octets, &wanted);
        kept = !is_listening(session) || keep(session, text_skip(octets, used), wanted);
    } else {
        kept = keep(session, octets, 0);
        if (kept)
            drop_kept(session, serve(session, (struct text){session->in, session->in_length}, &wanted));
    }
    if (!kept)
        session_close(session, REASON_OVERLOADED, "no memory for a message");
}
