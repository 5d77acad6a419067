/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* pthread_setname_np */
#include "gateway/relay/worker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <utlist.h>

#include "gateway/relay/hop.h"
#include "gateway/relay/relay.h"
#include "gateway/relay/session.h"
#include "gateway/relay/snapshot.h"

#define OPEN_EACH_TICKS 5u   /* open sessions are looked at in every fifth tick */

int64_t worker_wall_clock(void)
{
    return time(NULL);
}

uint64_t worker_now(const struct worker *worker)
{
    return uv_now(&worker->loop);
}

/* ---- what the loop does ---- */

static void no_wait(uv_idle_t *handle)
{
    (void)handle;
}

static void flush_before_poll(uv_prepare_t *handle)
{
    struct worker *worker = handle->data;

    session_serve_postponed(worker);
    session_flush_dirty(worker);
    if (worker->postponed != NULL)
        uv_idle_start(&worker->hurry_on, no_wait);
    else
        uv_idle_stop(&worker->hurry_on);
}

static void flush_after_poll(uv_check_t *handle)
{
    session_flush_dirty(handle->data);
}

static void check_list(struct session *list, uint64_t now)
{
    struct session *session, *next;

    DL_FOREACH_SAFE(list, session, next)
    {
        session_check_time(session, now);
    }
}

static void tick(uv_timer_t *timer)
{
    struct worker *worker = timer->data;
    uint64_t now = worker_now(worker);

    atomic_store_explicit(&worker->alive_ms, now, memory_order_relaxed);
    relay_expire(worker);
    check_list(worker->handshaking, now);
    if (++worker->ticks % OPEN_EACH_TICKS == 0)
        check_list(worker->sessions, now);
    worker_go_on_judging(worker);
    hops_tick(worker, false);
    worker_resolver_tick(worker, now, false);
    if (worker->is_stopping)
        worker_drain(worker, now);
}

static void take_next_settings(struct worker *worker)
{
    char why[512];
    struct settings *next = atomic_exchange(&worker->next_settings, NULL);

    if (next == NULL)
        return;
    worker_ask_needs(worker);
    struct snapshot *snapshot = snapshot_create(next, worker->snapshot, why, sizeof(why));
    if (snapshot == NULL || !worker_fit_headers(worker, snapshot)) {
        operation_log(worker->shared->log, LOG_LEVEL_ERROR, "policy-rejected", "worker=%u why=%s",
                      worker->index, why);
        snapshot_release(snapshot);
        return;
    }
    struct snapshot *before = worker->snapshot;
    worker->snapshot = snapshot;
    worker_name_sides(worker);
    worker_resolver_follow(worker, before->settings);
    snapshot_release(before);
    audit_set_users(worker->audit, (enum audit_users)snapshot->settings->logs.users);
    transaction_table_set_timeout(worker->transactions, TIMER_PARK,
                                  snapshot->settings->limits.park_timeout_ms);
    worker_judge_all(worker);
}

void worker_ask_needs(struct worker *worker)
{
    if (worker->needs.count == 0)
        return;
    if (worker->shared->fetch != NULL)
        worker->shared->fetch(worker->shared->fetch_context, &worker->needs);
    worker->needs = (struct revocation_needs){.count = 0};
}

/* Sessions that were judged by what has changed are judged again, a few at a time; those that wait for it, at
 * once. */
static void take_next_evidence(struct worker *worker)
{
    struct revocation_evidence *next = atomic_exchange(&worker->next_evidence, NULL);
    struct revocation_evidence *before = worker->evidence;
    struct session *session, *following;

    if (next == NULL)
        return;
    bool follows = next->generation == (before == NULL ? 0 : before->generation) + 1;
    uint64_t changed = follows ? next->changed : UINT64_MAX; /* else one was never seen here */
    worker->evidence = next;
    DL_FOREACH(worker->sessions, session)
    {
        peer_revocation_renew(session->peer, next, changed);
    }
    DL_FOREACH(worker->handshaking, session)
    {
        if (session->peer != NULL)
            peer_revocation_renew(session->peer, next, changed);
    }
    worker_ask_needs(worker);
    revocation_evidence_release(before);
    DL_FOREACH_SAFE(worker->handshaking, session, following)
    {
        session_check_evidence(session, worker_now(worker));
    }
    worker_judge_all(worker);
}

void worker_woken(uv_async_t *async)
{
    struct worker *worker = async->data;

    take_next_settings(worker);
    take_next_evidence(worker);
    if (atomic_load(&worker->stop))
        worker_begin_draining(worker);
    if (worker->is_stopping)
        worker_drain(worker, worker_now(worker));
}

static void run(void *argument)
{
    struct worker *worker = argument;
    char name[16]; /* what top and gdb show */

    snprintf(name, sizeof(name), "worker-%u", worker->index);
    (void)pthread_setname_np(pthread_self(), name);
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    atomic_store(&worker->alive_ms, WORKER_ENDED);
    tls_thread_end();
    atomic_fetch_sub(&worker->shared->workers_running, 1);
    uv_async_send(&worker->shared->worker_ended);
}

bool worker_start(struct worker *worker)
{
    worker->audit =
        audit_create(worker->shared->audit_file, (enum audit_users)worker->snapshot->settings->logs.users,
                     worker->shared->audit_key);
    if (worker->audit == NULL || uv_timer_start(&worker->tick, tick, TICK_MS, TICK_MS) != 0 ||
        uv_prepare_start(&worker->before_poll, flush_before_poll) != 0 ||
        uv_check_start(&worker->after_poll, flush_after_poll) != 0)
        return false;
    atomic_store(&worker->alive_ms, worker_now(worker));
    worker->has_thread = uv_thread_create(&worker->thread, run, worker) == 0;
    return worker->has_thread;
}

void worker_take_settings(struct worker *worker, struct settings *hold)
{
    settings_release(atomic_exchange(&worker->next_settings, hold)); /* one that was never taken up */
    uv_async_send(&worker->wake);
}

void worker_take_evidence(struct worker *worker, struct revocation_evidence *hold)
{
    revocation_evidence_release(atomic_exchange(&worker->next_evidence, hold));
    uv_async_send(&worker->wake);
}

void worker_stop(struct worker *worker)
{
    atomic_store(&worker->stop, true);
    uv_async_send(&worker->wake);
}

void worker_hurry(struct worker *worker)
{
    atomic_store(&worker->hurry, true);
    worker_stop(worker);
}
