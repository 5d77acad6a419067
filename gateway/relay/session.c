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

/* The life of a session; see the states in session.h. Hearing, speaking and judging have files of their own. */

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

    session->state = SESSION_OPEN;
    session->active_ms = worker_now(worker);
    DL_DELETE(worker->handshaking, session);
    DL_APPEND(worker->sessions, session);
    address_count_release(worker, session);
    if (session->snapshot != worker->snapshot) /* a reload passed by during the handshake */
        worker->is_judging = true;
    session->accepted_logged = true;
    audit_session(session, AUDIT_SESSION_ACCEPTED, REASON_OK, NULL);
    if (tls_channel_proven(session->channel))
        session->handed_over = true;
    if (session->hop != NULL)
        hop_session_opened(session);
}

static const struct tls_channel_events channel_events = {
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

    tls_channel_destroy(session->channel);
    presented_chain_destroy(session->chain);
    free(session->peer);
    free(session->in);
    free(session->out);
    srv_record_set_release(session->records);
    snapshot_release(session->snapshot);
    atomic_fetch_sub(&worker->shared->sessions, 1);
    worker->session_count--;
    free(session);
}

static void leave_dirty(struct session *session)
{
    struct session **at = &session->worker->dirty;

    if (!session->is_dirty)
        return;
    while (*at != session)
        at = &(*at)->dirty_next;
    *at = session->dirty_next;
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
    if (was_open)
        DL_DELETE(worker->sessions, session);
    else
        DL_DELETE(worker->handshaking, session);
    leave_dirty(session);
    address_count_release(worker, session);
    session_stop_counting(session);
    session_release_waiting(session);
    if (session->waits_for != NULL)
        DL_DELETE2(session->waits_for->waiting, session, waiting_previous, waiting_next);
    session->waits_for = NULL;

    /* Closed first: what follows may open other sessions, and must not find this one. */
    if (session->is_connected && !session->is_broken)
        stream_finish(session->stream, SESSION_FINISH_MS, freed_by_stream);
    else
        stream_close(session->stream, freed_by_stream);
    relay_session_ended(session);
    if (session->hop != NULL)
        hop_session_ended(session, reason);
}

static bool has_in_flight(const struct session *session)
{
    struct transaction *transaction;

    DL_FOREACH2(session->upstream_transactions, transaction, upstream_next)
    {
        if (transaction->is_in_flight)
            return true;
    }
    DL_FOREACH2(session->downstream_transactions, transaction, downstream_next)
    {
        if (transaction->is_in_flight)
            return true;
    }
    return false;
}

void session_check_drained(struct session *session)
{
    if (session->state == SESSION_DRAINING && !has_in_flight(session))
        session->is_drained = true; /* closed by the next tick: whoever called may still use it */
}

void session_drain(struct session *session, enum reason reason, const char *detail)
{
    if (session->state == SESSION_CONNECTING || session->state == SESSION_HANDSHAKING) {
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

static void data(void *owner, struct text octets)
{
    struct session *session = owner;

    if (session->state == SESSION_CLOSING)
        return;
    enum tls_state state =
        tls_channel_feed(session->channel, octets, session->worker->plain_buffer, TLS_SCRATCH_OCTETS);
    if (session->state == SESSION_CLOSING)
        return;
    if (state == TLS_FAILED || state == TLS_CLOSED)
        end_with_channel(session);
    else if (session->is_broken)
        session_close(session, REASON_PEER_CLOSED, "writing failed");
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
    session_close(session, REASON_PEER_CLOSED, why != NULL ? why : "the connection ended without a TLS close");
}

static void drained(void *owner)
{
    struct session *session = owner;
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

static const struct stream_events stream_events = {
    .connected = connected,
    .connect_failed = connect_failed,
    .data = data,
    .ended = ended,
    .drained = drained,
};

/* ---- the beginning ---- */

static struct session *create(struct worker *worker, enum peer_side side, bool we_connected)
{
    struct session *session = calloc(1, sizeof(*session));
    const struct limits *limits = &worker->snapshot->settings->limits;

    if (session == NULL)
        return NULL;
    session->worker = worker;
    session->side = side;
    session->we_connected = we_connected;
    session->id = keyed_hash(&worker->branch_keys[0],
                             (struct text){(const char *)&(uint64_t){atomic_fetch_add(&worker->shared->last_session_id, 1)},
                                           sizeof(uint64_t)});
    session->snapshot = snapshot_hold(worker->snapshot);
    session->started_ms = session->active_ms = worker_now(worker);
    sip_framer_init(&session->framer, limits->header_size, limits->message_size);
    return session;
}

/* Before anything hangs on it. */
static void discard(struct session *session)
{
    tls_channel_destroy(session->channel);
    srv_record_set_release(session->records);
    snapshot_release(session->snapshot);
    free(session);
}

static bool take_place(struct worker *worker)
{
    if (atomic_fetch_add(&worker->shared->sessions, 1) < worker->snapshot->settings->limits.sessions)
        return true;
    atomic_fetch_sub(&worker->shared->sessions, 1);
    return false;
}

static void refuse_socket(struct worker *worker, enum peer_side side, int socket, const union address *peer,
                          enum reason reason, const char *detail)
{
    char text[ADDRESS_TEXT_SIZE];

    close(socket);
    audit_write(worker->audit, &(struct audit_record){
                                   .event = AUDIT_SESSION_REFUSED,
                                   .reason = reason,
                                   .side = side == PEER_INTERNAL ? AUDIT_INTERNAL : AUDIT_EXTERNAL,
                                   .peer = text_of(address_print(peer, text, sizeof(text))),
                                   .policy = worker->snapshot->settings->generation,
                                   .detail = text_of(detail)});
}

void session_accept(struct worker *worker, enum peer_side side, int socket, const union address *peer)
{
    struct snapshot *snapshot = worker->snapshot;

    if (worker->is_stopping) {
        refuse_socket(worker, side, socket, peer, REASON_SHUTTING_DOWN, NULL);
        return;
    }
    if (!take_place(worker)) {
        refuse_socket(worker, side, socket, peer, REASON_CONNECTION_LIMIT, "limits.sessions");
        return;
    }
    struct session *session = create(worker, side, false);
    if (session == NULL) {
        atomic_fetch_sub(&worker->shared->sessions, 1);
        refuse_socket(worker, side, socket, peer, REASON_OVERLOADED, "no memory");
        return;
    }
    if (side == PEER_EXTERNAL && !address_count_take(worker, session, peer)) {
        atomic_fetch_sub(&worker->shared->sessions, 1);
        discard(session);
        refuse_socket(worker, side, socket, peer, REASON_CONNECTION_LIMIT, "limits.sessions-per-address");
        return;
    }
    session->state = SESSION_HANDSHAKING;
    session->is_connected = true;
    session->channel = tls_channel_create(
        side == PEER_INTERNAL ? snapshot->internal_server : snapshot->external_server, TEXT_NONE, &channel_events,
        session);
    if (session->channel == NULL)
        close(socket);
    else
        session->stream = stream_accept(&worker->home, socket, &stream_events, session);
    if (session->stream == NULL) { /* no memory, or gone already */
        atomic_fetch_sub(&worker->shared->sessions, 1);
        address_count_release(worker, session);
        discard(session);
        return;
    }
    worker->session_count++;
    DL_APPEND(worker->handshaking, session);
}

/* Outbound sessions of a partner, over all workers. */
static bool count_outbound(struct session *session, const struct hop *hop)
{
    const struct settings *settings = session->snapshot->settings;

    if (hop->partner == NULL)
        return true;
    const struct partner *partner = partner_set_by_name(settings->partners, text_of(hop->partner));
    struct partner_counters *counters =
        partner == NULL ? NULL : snapshot_counters(session->worker, session->snapshot, partner);
    if (counters == NULL)
        return false;
    if (atomic_fetch_add(&counters->sessions_out, 1) >= partner->limits.connections) {
        atomic_fetch_sub(&counters->sessions_out, 1);
        return false;
    }
    session->counters = counters;
    return true;
}

struct session *session_connect(struct worker *worker, struct hop *hop, const union address *address,
                                struct text server_name, enum reason *why)
{
    struct snapshot *snapshot = worker->snapshot;
    enum peer_side side = hop->partner == NULL ? PEER_INTERNAL : PEER_EXTERNAL;

    *why = REASON_CONNECTION_LIMIT;
    if (!take_place(worker))
        return NULL;
    struct session *session = create(worker, side, true);
    if (session == NULL || !count_outbound(session, hop))
        goto fail;
    *why = REASON_OVERLOADED;
    memcpy(session->domain, hop->domain, sizeof(session->domain));
    session->records = hop->records == NULL ? NULL : srv_record_set_hold(hop->records);
    session->channel = tls_channel_create(
        side == PEER_INTERNAL ? snapshot->internal_client : snapshot->external_client, server_name, &channel_events,
        session);
    if (session->channel != NULL)
        session->stream = stream_connect(&worker->home, address, NULL, snapshot->settings->limits.connect_timeout_ms,
                                         &stream_events, session);
    if (session->stream == NULL)
        goto fail;
    session->state = SESSION_CONNECTING;
    session->hop = hop;
    hop->session_count++;
    DL_APPEND2(hop->sessions, session, hop_previous, hop_next);
    worker->session_count++;
    DL_APPEND(worker->handshaking, session);
    return session;
fail:
    atomic_fetch_sub(&worker->shared->sessions, 1);
    if (session != NULL) {
        session_stop_counting(session);
        discard(session);
    }
    return NULL;
}

/* ---- time ---- */

void session_check_time(struct session *session, uint64_t now)
{
    const struct limits *limits = &session->worker->snapshot->settings->limits;

    if (session->state == SESSION_CLOSING)
        return;
    if (session->state == SESSION_CONNECTING || session->state == SESSION_HANDSHAKING) {
        if (now - session->started_ms > limits->handshake_timeout_ms)
            session_close(session, session->state == SESSION_CONNECTING ? REASON_CONNECT_FAILED : REASON_HANDSHAKE_TIMEOUT,
                          "limits.handshake-timeout");
        return;
    }
    session->framer.keep_alive_octets = 0;
    if (session->state == SESSION_DRAINING && (session->is_drained || !has_in_flight(session)))
        session_close(session, session->end_reason, session->verdict.detail);
    else if (session->message_started_ms != 0 && now - session->message_started_ms > limits->message_timeout_ms)
        session_close(session, REASON_TIMED_OUT, "limits.message-timeout: half a message, and no more");
    else if (stream_waiting(session->stream) > 0 && now - stream_last_progress(session->stream) > SESSION_STALL_MS)
        session_close(session, REASON_OVERLOADED, "the peer does not read");
    else if (session->upstream_transactions == NULL && session->downstream_transactions == NULL &&
             now - session->active_ms > limits->idle_timeout_ms)
        session_close(session, REASON_IDLE_TIMEOUT, "limits.idle-timeout");
}
