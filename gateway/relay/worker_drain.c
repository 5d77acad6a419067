/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <utlist.h>

#include "gateway/relay/hop.h"
#include "gateway/relay/relay.h"
#include "gateway/relay/session.h"

/* How a worker ends: it listens no more, and each session ends in a moment in which nothing is in flight on
 * it and nobody has spoken for a while, since what a peer has sent and nobody has read is lost when its
 * session ends. For a second everything is served as ever, so that most sessions find such a moment; then
 * what begins is refused, and what belongs to a dialog is still served. A peer that speaks without a pause is
 * not waited for much longer; what is in flight is, up to limits.drain. */

#define SERVE_MS 1000u    /* what begins is still served */
#define QUIET_MS 200u     /* without an octet either way */
#define PATIENCE_MS 3000u /* then a session on which nothing is in flight is not asked for a quiet moment */

static void close_all(struct worker *worker)
{
    struct session *session, *next;

    DL_FOREACH_SAFE(worker->handshaking, session, next)
    {
        session_close(session, REASON_SHUTTING_DOWN, NULL);
    }
    DL_FOREACH_SAFE(worker->sessions, session, next)
    {
        session_close(session, REASON_SHUTTING_DOWN, NULL);
    }
}

/* What is still in flight hears so, and its line says why. */
static void refuse_all(struct worker *worker)
{
    struct session *session;
    struct transaction *transaction, *next;

    DL_FOREACH(worker->sessions, session)
    {
        DL_FOREACH_SAFE2(session->upstream_transactions, transaction, next, upstream_next)
        {
            if (!transaction->is_in_flight)
                continue;
            relay_cancel_downstream(transaction);
            relay_refuse(transaction, REASON_SHUTTING_DOWN, "limits.drain");
        }
    }
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void resolver_closed(void *context)
{
    struct worker *worker = context;
    worker->resolver = NULL;
}

/* The last step: no session is left, so nothing can begin any more. */
static void end(struct worker *worker)
{
    if (worker->is_closing)
        return;
    worker->is_closing = true;
    hops_tick(worker, true);
    resolver_close(worker->resolver, resolver_closed, worker);
    worker_resolver_tick(worker, 0, true);
    close_handle((uv_handle_t *)&worker->wake);
    close_handle((uv_handle_t *)&worker->tick);
    close_handle((uv_handle_t *)&worker->hurry_on);
    close_handle((uv_handle_t *)&worker->judging);
    close_handle((uv_handle_t *)&worker->before_poll);
    close_handle((uv_handle_t *)&worker->after_poll);
}

bool worker_takes_requests(const struct worker *worker)
{
    return !worker->is_stopping || worker_now(worker) - worker->stop_began_ms < SERVE_MS;
}

static bool may_go(const struct session *session, uint64_t now)
{
    return !session_has_in_flight(session) && session->out_length == 0 &&
           (now - session->active_ms >= QUIET_MS || now - session->worker->stop_began_ms >= PATIENCE_MS);
}

/* Those that came in their handshake may finish it, and be served, for as long as anything is. */
static void close_strangers(struct worker *worker)
{
    struct session *session, *next;

    if (worker_takes_requests(worker))
        return;
    DL_FOREACH_SAFE(worker->handshaking, session, next)
    {
        if (session->hop == NULL)
            session_close(session, REASON_SHUTTING_DOWN, NULL);
    }
}

/* True: only sessions that we opened ourselves are left, and nothing needs them. */
static bool close_quiet(struct worker *worker, uint64_t now)
{
    struct session *session, *next;
    bool left = false;

    DL_FOREACH_SAFE(worker->sessions, session, next)
    {
        if (session->we_connected)
            continue;
        if (may_go(session, now))
            session_close(session, REASON_SHUTTING_DOWN, NULL);
        else
            left = true;
    }
    DL_FOREACH(worker->handshaking, session)
    {
        left = left || session->hop == NULL;
    }
    return !left && worker->in_flight == 0;
}

void worker_begin_draining(struct worker *worker)
{
    if (worker->is_stopping)
        return;
    worker_stop_listening(worker); /* first: who waited there is let in */
    worker->is_stopping = true;
    worker->stop_began_ms = worker_now(worker);
    worker->stop_deadline_ms = worker->stop_began_ms + worker->snapshot->settings->limits.drain_ms;
}

void worker_drain(struct worker *worker, uint64_t now)
{
    bool over = now >= worker->stop_deadline_ms || atomic_load(&worker->hurry);

    close_strangers(worker);
    if (over || close_quiet(worker, now)) {
        worker->is_hurried = true;
        refuse_all(worker);
        close_all(worker);
    }
    if (worker->session_count == 0)
        end(worker);
}
