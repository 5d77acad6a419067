/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/net/listener.h"
#include "gateway/relay/hop.h"
#include "gateway/relay/snapshot.h"

/* How a worker is put together, and taken apart again. On the main thread, before and after its own runs. */

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
    worker->wake.data = worker->tick.data = worker->judging.data = worker->before_poll.data =
        worker->after_poll.data = worker;
    return uv_async_init(&worker->loop, &worker->wake, worker_woken) == 0 &&
           uv_timer_init(&worker->loop, &worker->tick) == 0 &&
           uv_idle_init(&worker->loop, &worker->hurry_on) == 0 &&
           uv_timer_init(&worker->loop, &worker->judging) == 0 &&
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
    if (!worker_listen(worker, first, why, why_size))
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
