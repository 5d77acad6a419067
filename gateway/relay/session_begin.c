/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <utlist.h>

#include "gateway/relay/address_count.h"
#include "gateway/relay/hop.h"
#include "gateway/relay/session.h"

/* How a session begins: accepted from a listener, or connected for a hop. Every bound on their number is
 * asked here. */

static struct session *create(struct worker *worker, enum peer_side side, bool we_connected)
{
    struct session *session = calloc(1, sizeof(*session));
    const struct limits *limits = &worker->snapshot->settings->limits;

    if (session == NULL)
        return NULL;
    session->worker = worker;
    session->side = side;
    session->we_connected = we_connected;
    session->id = keyed_hash(
        &worker->branch_keys[0],
        (struct text){(const char *)&(uint64_t){atomic_fetch_add(&worker->shared->last_session_id, 1)},
                      sizeof(uint64_t)});
    session->snapshot = snapshot_hold(worker->snapshot);
    session->started_ms = session->active_ms = worker_now(worker);
    sip_framer_init(&session->framer, limits->header_size, limits->message_size);
    session->framer.line_ends = &worker->line_ends;
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
    audit_write(worker->audit,
                &(struct audit_record){.event = AUDIT_SESSION_REFUSED,
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
    if (side == PEER_EXTERNAL &&
        !address_count_take(worker, session, peer)) { /* or too many strangers at all */
        atomic_fetch_sub(&worker->shared->sessions, 1);
        discard(session);
        refuse_socket(worker, side, socket, peer, REASON_CONNECTION_LIMIT,
                      "limits.sessions-per-address, or three quarters of limits.sessions");
        return;
    }
    session->state = SESSION_HANDSHAKING;
    session->is_connected = true;
    session->channel =
        tls_channel_create(side == PEER_INTERNAL ? snapshot->internal_server : snapshot->external_server,
                           TEXT_NONE, &session_channel_events, session);
    if (session->channel == NULL)
        close(socket);
    else
        session->stream = stream_accept(&worker->home, socket, &session_stream_events, session);
    if (session->stream == NULL) { /* no memory, or gone already */
        atomic_fetch_sub(&worker->shared->sessions, 1);
        address_count_release(worker, session);
        discard(session);
        return;
    }
    stream_read_at_most(session->stream, SESSION_POSTPONED_MOST);
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
    session->channel =
        tls_channel_create(side == PEER_INTERNAL ? snapshot->internal_client : snapshot->external_client,
                           server_name, &session_channel_events, session);
    if (session->channel != NULL)
        session->stream =
            stream_connect(&worker->home, address, NULL, snapshot->settings->limits.connect_timeout_ms,
                           &session_stream_events, session);
    if (session->stream == NULL)
        goto fail;
    stream_read_at_most(session->stream, SESSION_POSTPONED_MOST);
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
