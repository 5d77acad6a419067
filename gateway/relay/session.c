/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <utlist.h>

#include "gateway/relay/address_count.h"
#include "gateway/relay/answer.h"
#include "gateway/relay/hop.h"
#include "gateway/relay/relay.h"

/* The life of a session; see the states in session.h. Hearing, speaking and judging have files of their own.
 */

static void write_out(void *owner, struct text octets)
{
    struct session *session = owner;

    if (!stream_write(session->stream, octets))
        session->is_broken = true;
}

static void established(void *owner)
{
    struct session *session = owner;
    struct worker *worker = session->worker;

    if (session->awaits_evidence) {
        session->state = SESSION_CHECKING;
        session->evidence_until_ms =
            worker_now(worker) + worker->snapshot->settings->fetch.timeout_ms + SESSION_EVIDENCE_GRACE_MS;
        stream_pause(session->stream);
        return;
    }
    session_open(session);
}

void session_remember_leaf(const struct session *session)
{
    const struct partner *partner = session->we_connected ? session->peer->partner : session->peer->candidate;
    const char *name = partner != NULL ? partner->name : "";

    if (session->hop != NULL)
        name = session->hop->partner != NULL ? session->hop->partner : "";
    if (partner != NULL &&
        partner->is_discovered) /* they renew theirs as they like: nobody here calls them */
        return;
    bool is_known = session->side == PEER_INTERNAL || session->we_connected || partner != NULL;
    if (is_known && session->worker->shared->seen != NULL)
        seen_add(session->worker->shared->seen, session->side == PEER_INTERNAL, name,
                 session->chain->certificate[0]);
}

void session_open(struct session *session)
{
    struct worker *worker = session->worker;

    session->state = SESSION_OPEN;
    stream_read_at_most(session->stream, 0);
    session->active_ms = worker_now(worker);
    DL_DELETE(worker->handshaking, session);
    DL_APPEND(worker->sessions, session);
    if (session->we_connected || session_is_agreed(session))
        address_count_release(worker, session);
    if (session->snapshot != worker->snapshot) /* a reload passed by during the handshake */
        worker_judge_later(worker, session);
    session->accepted_logged = true;
    audit_session(session, AUDIT_SESSION_ACCEPTED, REASON_OK, session->verdict.detail);
    session_remember_leaf(session);
    if (tls_channel_proven(session->channel))
        session->handed_over = true;
    if (session->hop != NULL)
        hop_session_opened(session);
}

const struct tls_channel_events session_channel_events = {
    .judge = session_judge,
    .output = write_out,
    .established = established,
    .data = session_input,
};

/* ---- the end ---- */

static void freed_by_stream(void *owner)
{
    struct session *session = owner;
    struct worker *worker = session->worker;

    worker_ask_needs(worker); /* they borrow from the chain */
    tls_channel_destroy(session->channel);
    presented_chain_destroy(session->chain);
    free(session->peer);
    buffer_give(&session->worker->buffers, session->in, session->in_capacity);
    free(session->out);
    srv_record_set_release(session->records);
    snapshot_release(session->snapshot);
    atomic_fetch_sub(&worker->shared->sessions, 1);
    worker->session_count--;
    free(session);
}

static void leave_dirty(struct session *session)
{
    if (!session->is_dirty)
        return;
    DL_DELETE2(session->worker->dirty, session, dirty_previous, dirty_next);
    session->is_dirty = false;
}

static void say_last_words(struct session *session)
{
    if (tls_channel_state(session->channel) == TLS_ESTABLISHED && session->out_length > 0 &&
        !tls_channel_write(session->channel, (struct text){session->out, session->out_length}))
        session->is_broken = true;
    session->out_length = 0;
    tls_channel_shutdown(session->channel);
}

static void audit_end(const struct session *session, enum reason reason, const char *detail)
{
    if (session->accepted_logged)
        audit_session(session, AUDIT_SESSION_CLOSED, reason, detail);
    else
        audit_session(session, AUDIT_SESSION_REFUSED, reason, detail);
}

void session_close(struct session *session, enum reason reason, const char *detail)
{
    struct worker *worker = session->worker;

    if (session->state == SESSION_CLOSING)
        return;
    bool was_open = session->state == SESSION_OPEN || session->state == SESSION_DRAINING;
    if (session->is_connected)
        say_last_words(session);
    session->state = SESSION_CLOSING;
    session->end_reason = reason;
    audit_end(session, reason, detail);
    if (worker->judge_next == session)
        worker->judge_next = session->next;
    if (was_open)
        DL_DELETE(worker->sessions, session);
    else
        DL_DELETE(worker->handshaking, session);
    leave_dirty(session);
    session_leave_postponed(session);
    address_count_release(worker, session);
    session_stop_counting(session);
    session_release_waiting(session);
    if (session->waits_for != NULL)
        DL_DELETE2(session->waits_for->waiting, session, waiting_previous, waiting_next);
    session->waits_for = NULL;

    /* Closed first: what follows may open other sessions, and must not find this one. */
    if (session->is_connected && !session->is_broken)
        stream_finish(session->stream, worker->is_hurried ? SESSION_FINISH_HURRIED_MS : SESSION_FINISH_MS,
                      freed_by_stream);
    else
        stream_close(session->stream, freed_by_stream);
    relay_session_ended(session);
    if (session->hop != NULL)
        hop_session_ended(session, reason);
}

bool session_has_in_flight(const struct session *session)
{
    return session->in_flight > 0;
}

void session_check_drained(struct session *session)
{
    if (session->state == SESSION_DRAINING && !session_has_in_flight(session))
        session->is_drained = true; /* closed by the next tick: whoever called may still use it */
}

void session_drain(struct session *session, enum reason reason, const char *detail)
{
    if (session->state < SESSION_OPEN) {
        session_close(session, reason, detail);
        return;
    }
    if (session->state != SESSION_OPEN)
        return;
    session->state = SESSION_DRAINING;
    session->end_reason = reason;
    snprintf(session->verdict.detail, sizeof(session->verdict.detail), "%s", detail == NULL ? "" : detail);
    session_check_drained(session);
}

/* ---- events of the stream ---- */

static void end_with_channel(struct session *session)
{
    char detail[400];
    int length = tls_channel_detail(session->channel, detail, sizeof(detail));
    enum reason reason = tls_channel_reason(session->channel);

    if (tls_channel_state(session->channel) == TLS_CLOSED) {
        session_close(session, REASON_PEER_CLOSED, NULL);
        return;
    }
    if (reason == session->verdict.reason && session->verdict.reason != REASON_OK)
        session_close(session, reason, session->verdict.detail);
    else
        session_close(session, reason == REASON_OK ? REASON_TLS_FAILED : reason, length > 0 ? detail : NULL);
}

void session_hear(struct session *session, struct text octets)
{
    enum tls_state state =
        tls_channel_feed(session->channel, octets, session->worker->plain_buffer, TLS_SCRATCH_OCTETS);
    if (session->state == SESSION_CLOSING)
        return;
    if (state == TLS_FAILED || state == TLS_CLOSED)
        end_with_channel(session);
    else if (session->is_broken)
        session_close(session, REASON_PEER_CLOSED, "writing failed");
}

static void data(void *owner, struct text octets)
{
    struct session *session = owner;

    if (session->state != SESSION_CLOSING && !session_postpone(session, octets))
        session_hear(session, octets);
}

static void ended(void *owner, const char *why)
{
    struct session *session = owner;

    if (session->state == SESSION_CLOSING)
        return;
    bool in_handshake = session->state == SESSION_HANDSHAKING;
    if (tls_channel_end(session->channel) == TLS_FAILED && in_handshake) {
        end_with_channel(session);
        return;
    }
    session_close(session, REASON_PEER_CLOSED,
                  why != NULL ? why : "the connection ended without a TLS close");
}

static void drained(void *owner)
{
    struct session *session = owner;

    session->full_since_ms = 0;
    session_release_waiting(session);
}

static void connected(void *owner)
{
    struct session *session = owner;

    session->is_connected = true;
    session->state = SESSION_HANDSHAKING;
    if (tls_channel_start(session->channel) == TLS_FAILED)
        end_with_channel(session);
}

static void connect_failed(void *owner, const char *why)
{
    session_close(owner, REASON_CONNECT_FAILED, why);
}

const struct stream_events session_stream_events = {
    .connected = connected,
    .connect_failed = connect_failed,
    .data = data,
    .ended = ended,
    .drained = drained,
};

/* ---- time ---- */

void session_check_time(struct session *session, uint64_t now)
{
    const struct limits *limits = &session->worker->snapshot->settings->limits;

    if (session->state == SESSION_CLOSING)
        return;
    if (session->state == SESSION_CONNECTING || session->state == SESSION_HANDSHAKING) {
        if (now - session->started_ms > limits->handshake_timeout_ms)
            session_close(session,
                          session->state == SESSION_CONNECTING ? REASON_CONNECT_FAILED
                                                               : REASON_HANDSHAKE_TIMEOUT,
                          "limits.handshake-timeout");
        return;
    }
    if (session->state == SESSION_CHECKING) {
        if (now >= session->evidence_until_ms)
            session_check_evidence(session, now);
        return;
    }
    session->framer.keep_alive_octets = 0;
    if (session->refusals >= SESSION_REFUSALS_MOST && session->waits_for == NULL)
        stream_resume(session->stream);
    session->refusals = 0;
    if (session->state == SESSION_OPEN && session->peer->valid_until < worker_wall_clock())
        session_drain(session, REASON_CERTIFICATE_EXPIRED, "a certificate of the accepted path has ended");
    if (session->state == SESSION_OPEN && peer_revocation_is_stale(session->peer, worker_wall_clock()))
        worker_judge_later(session->worker, session);
    if (!session_is_congested(session))
        session->full_since_ms = 0;
    if (session->is_broken)
        session_close(session, REASON_OVERLOADED, "the peer does not read its answers");
    else if (session->full_since_ms != 0 && now - session->full_since_ms > SESSION_STALL_MS)
        session_close(session, REASON_OVERLOADED, "the peer reads too slowly");
    if (session->state == SESSION_CLOSING)
        return;
    if (session->state == SESSION_DRAINING && (session->is_drained || !session_has_in_flight(session)))
        session_close(session, session->end_reason, session->verdict.detail);
    else if (session->message_started_ms != 0 &&
             now - session->message_started_ms > limits->message_timeout_ms)
        session_close(session, REASON_TIMED_OUT, "limits.message-timeout: half a message, and no more");
    else if (stream_waiting(session->stream) > 0 &&
             now - stream_last_progress(session->stream) > SESSION_STALL_MS)
        session_close(session, REASON_OVERLOADED, "the peer does not read");
    else if (session->address_entry != NULL &&
             now - session->started_ms > limits->handshake_timeout_ms + limits->park_timeout_ms)
        session_close(session, REASON_IDLE_TIMEOUT,
                      "no request was believed, and no partner is named by its certificate");
    else if (session->upstream_transactions == NULL && session->downstream_transactions == NULL &&
             now - session->active_ms > limits->idle_timeout_ms)
        session_close(session, REASON_IDLE_TIMEOUT, "limits.idle-timeout");
}
