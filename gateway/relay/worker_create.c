/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/net/listener.h"
#include "gateway/relay/hop.h"
#include "gateway/relay/session.h"
#include "gateway/relay/snapshot.h"

/* How a worker is put together, and taken apart again. On the main thread, before and after its own runs. */

static void accepted_inside(void *owner, int socket, const union address *peer)
{
    session_accept(owner, PEER_INTERNAL, socket, peer);
}

static void accepted_outside(void *owner, int socket, const union address *peer)
{
    session_accept(owner, PEER_EXTERNAL, socket, peer);
}

static void exhausted(void *owner, const char *why)
{
    struct worker *worker = owner;
    operation_log(worker->shared->log, LOG_LEVEL_ERROR, "accepting-paused", "why=%s", why);
}

static const struct listener_events listener_events[2] = {
    [PEER_INTERNAL] = {.accepted = accepted_inside, .exhausted = exhausted},
    [PEER_EXTERNAL] = {.accepted = accepted_outside, .exhausted = exhausted},
};

static bool listen_on(struct worker *worker, enum peer_side side, const struct host_port *at,
                      const struct worker *first, char *why, size_t size)
{
    size_t index = worker->listener_count[side];
    union address address;

    if (index == LISTENERS_MOST || !address_read(text_of(at->host), at->port, &address)) {
        snprintf(why, size, "%s cannot be listened on", at->host);
        return false;
    }
    if (first != NULL) /* the same port, also where the kernel chose it */
        address = *listener_address(first->listener[side][index]);
    else if (!listener_address_is_free(&address, why, size))
        return false;
    worker->listener[side][index] =
        listener_open(&worker->loop, &address, &listener_events[side], worker, why, size);
    if (worker->listener[side][index] == NULL)
        return false;
    if (index == 0)
        worker->port[side] = address_port(listener_address(worker->listener[side][0]));
    worker->listener_count[side]++;
    return true;
}

void worker_name_sides(struct worker *worker)
{
    const struct settings *settings = worker->snapshot->settings;

    for (size_t side = 0; side < 2; side++) {
        const char *host = side == PEER_INTERNAL ? settings->internal.host : settings->external.host;
        int length = snprintf(worker->own_name[side].text, sizeof(worker->own_name[side].text), "%s:%u", host,
                              worker->port[side]);
        worker->own_name[side].length = length < 0 ? 0 : (size_t)length;
    }
}

static bool listen_on_all(struct worker *worker, const struct worker *first, char *why, size_t size)
{
    const struct settings *settings = worker->snapshot->settings;
    const struct side_settings *sides[2] = {
        [PEER_INTERNAL] = &settings->internal, [PEER_EXTERNAL] = &settings->external};

    for (enum peer_side side = PEER_INTERNAL; side <= PEER_EXTERNAL; side++) {
        for (size_t i = 0; i < sides[side]->listen_count; i++) {
            if (!listen_on(worker, side, &sides[side]->listen[i], first, why, size))
                return false;
        }
    }
    worker_name_sides(worker);
    return true;
}

static bool start_transactions(struct worker *worker)
{
    struct transaction_table *table = transaction_table_create();

    if (table == NULL)
        return false;
    transaction_table_set_timeout(table, TIMER_PARK, worker->snapshot->settings->limits.park_timeout_ms);
    transaction_table_set_timeout(table, TIMER_B, TRANSACTION_TIMER_B_MS);
    transaction_table_set_timeout(table, TIMER_C, TRANSACTION_TIMER_C_MS);
    transaction_table_set_timeout(table, TIMER_LINGER, TRANSACTION_TIMER_B_MS);
    worker->transactions = table;
    return hash_key_random(&worker->branch_keys[0]) && hash_key_random(&worker->branch_keys[1]);
}

bool worker_fit_headers(struct worker *worker, const struct snapshot *snapshot)
{
    size_t capacity = snapshot->settings->limits.header_count + HEADERS_ADDED_MOST;

    if (capacity <= worker->header_capacity)
        return true;
    struct sip_header *header = calloc(capacity, sizeof(*header));
    struct sip_header *stored = calloc(capacity, sizeof(*stored));
    size_t *line_end = calloc(capacity, sizeof(*line_end));
    if (header == NULL || stored == NULL || line_end == NULL) {
        free(header);
        free(stored);
        free(line_end);
        return false;
    }
    free(worker->header);
    free(worker->stored_header);
    free(worker->line_ends.end);
    worker->line_ends = (struct sip_line_ends){.end = line_end, .most = capacity};
    worker->header = header;
    worker->stored_header = stored;
    worker->header_capacity = capacity;
    return true;
}

static bool start_buffers(struct worker *worker)
{
    worker->read_buffer = malloc(STREAM_READ_SIZE);
    worker->plain_buffer = malloc(TLS_SCRATCH_OCTETS);
    worker->lines = malloc(LINES_BUFFER);
    worker->edit = malloc(sizeof(*worker->edit));
    worker->affinity = calloc(HOP_AFFINITIES, sizeof(*worker->affinity));
    worker->home = (struct stream_home){
        .loop = &worker->loop, .read_buffer = worker->read_buffer, .read_size = STREAM_READ_SIZE};
    return worker->read_buffer != NULL && worker->plain_buffer != NULL && worker->lines != NULL &&
           worker->edit != NULL && worker->affinity != NULL && worker_fit_headers(worker, worker->snapshot);
}

static bool start_handles(struct worker *worker)
{
    if (uv_loop_init(&worker->loop) != 0)
        return false;
    worker->has_loop = true;
    worker->wake.data = worker->tick.data = worker->before_poll.data = worker->after_poll.data = worker;
    return uv_async_init(&worker->loop, &worker->wake, worker_woken) == 0 &&
           uv_timer_init(&worker->loop, &worker->tick) == 0 &&
           uv_idle_init(&worker->loop, &worker->hurry_on) == 0 &&
           uv_prepare_init(&worker->loop, &worker->before_poll) == 0 &&
           uv_check_init(&worker->loop, &worker->after_poll) == 0;
}

struct worker *worker_create(struct shared *shared, unsigned index, struct settings *settings,
                             const struct worker *first, char *why, size_t why_size)
{
    struct worker *worker = calloc(1, sizeof(*worker));

    snprintf(why, why_size, "no memory for a worker");
    if (worker == NULL)
        return NULL;
    worker->shared = shared;
    worker->index = index;
    if (!start_handles(worker))
        goto fail;
    settings_hold(settings);
    worker->snapshot = snapshot_create(settings, NULL, why, why_size);
    if (worker->snapshot == NULL || !start_buffers(worker) || !start_transactions(worker))
        goto fail;
    if (!listen_on_all(worker, first, why, why_size))
        goto fail;
    worker->resolver = worker_resolver_create(worker, why, why_size);
    if (worker->resolver == NULL)
        goto fail;
    return worker;
fail:
    worker_join_and_destroy(worker);
    return NULL;
}

static void close_walked(uv_handle_t *handle, void *argument)
{
    (void)argument;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* One that never ran, or whose loop has nothing left. */
static void close_loop(struct worker *worker)
{
    worker->is_stopping = worker->is_closing =
        true; /* a worker_stop that was never heard must not close all this again */
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < worker->listener_count[side]; i++)
            listener_close(worker->listener[side][i], NULL);
    }
    if (worker->resolver != NULL)
        resolver_close(worker->resolver, NULL, NULL);
    worker_resolver_tick(worker, 0, true);
    uv_run(&worker->loop, UV_RUN_NOWAIT);
    uv_walk(&worker->loop, close_walked, NULL);
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    uv_loop_close(&worker->loop);
}

void worker_join_and_destroy(struct worker *worker)
{
    if (worker->has_thread)
        uv_thread_join(&worker->thread);
    if (worker->has_loop)
        close_loop(worker);
    settings_release(atomic_exchange(&worker->next_settings, NULL));
    revocation_evidence_release(atomic_exchange(&worker->next_evidence, NULL));
    revocation_evidence_release(worker->evidence);
    snapshot_release(worker->snapshot);
    transaction_table_destroy(worker->transactions);
    audit_destroy(worker->audit);
    buffer_pool_deinit(&worker->buffers);
    free(worker->read_buffer);
    free(worker->plain_buffer);
    free(worker->lines);
    free(worker->edit);
    free(worker->affinity);
    free(worker->header);
    free(worker->stored_header);
    free(worker->line_ends.end);
    free(worker);
}

void worker_print_listeners(const struct worker *worker, char *to, size_t size)
{
    char address[ADDRESS_TEXT_SIZE];
    size_t used = 0;

    to[0] = '\0';
    for (enum peer_side side = PEER_INTERNAL; side <= PEER_EXTERNAL; side++) {
        for (size_t i = 0; i < worker->listener_count[side] && used < size; i++)
            used += (size_t)snprintf(
                to + used, size - used, "%s%s %s", used == 0 ? "" : ", ",
                side == PEER_INTERNAL ? "internal" : "external",
                address_print(listener_address(worker->listener[side][i]), address, sizeof(address)));
    }
}
