/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/bench/load/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "test/bench/load/base.h"
#include "test/bench/load/client.h"
#include "test/bench/load/connection.h"
#include "test/bench/load/events.h"

_Atomic int phase = SETUP;
uint64_t run_from, run_to;
char run_tag[16];
char *request_body;
size_t method_length;
struct worker *workers;

void worker_note(struct worker *worker, const char *what, const char *why)
{
    if (!*worker->first_error)
        snprintf(worker->first_error, sizeof worker->first_error, "%s: %s", what, why);
}

void worker_listen(struct worker *worker, struct flow *flow)
{
    struct connection *l = allocate(1, sizeof *l);
    int one = 1;
    l->role = LISTENER;
    l->worker = worker;
    l->flow = flow;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(l->fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    if (bind(l->fd, (struct sockaddr *)&flow->at, sizeof flow->at) || listen(l->fd, 4096))
        die("listen on %s: %s", flow->listen, strerror(errno));
    connection_want(l, EPOLLIN);
}

static void enter(struct worker *worker, int ph)
{
    worker->seen = ph;
    if (ph == WARM) {
        worker->next_send = now_ns();
        for (int i = 0; i < worker->client_count; i++) {
            struct connection *connection = worker->clients[i];
            if (options.mode == HANDSHAKE && options.pace <= 0)
                connection_start(connection);
            else if ((options.mode == THROUGHPUT || options.mode == LARGE) && connection->state == OPEN)
                for (int k = 0; k < options.window; k++)
                    client_send(connection, now_ns());
        }
    }
}

/* The next client in that state; NULL: there is none. */
static struct connection *next_client(struct worker *worker, enum state state)
{
    for (int tries = 0; tries < worker->client_count; tries++) {
        worker->turn = (worker->turn + 1) % worker->client_count;
        if (worker->clients[worker->turn]->state == state)
            return worker->clients[worker->turn];
    }
    return NULL;
}

/* open loop: everything due by now; a request is stamped with the time it was due */
static void send_due(struct worker *worker, uint64_t now)
{
    bool new_sessions = options.mode == HANDSHAKE;
    while (worker->next_send <= now) {
        struct connection *connection = next_client(worker, new_sessions ? DEAD : OPEN);
        if (connection == NULL)
            return;
        if (phase == RUN && now - worker->next_send > worker->counts.send_lag_ns)
            worker->counts.send_lag_ns = now - worker->next_send;
        if (new_sessions)
            connection_start(connection);
        else
            client_send(connection, worker->next_send);
        worker->every_rest += worker->every;
        worker->next_send += (uint64_t)worker->every_rest;
        worker->every_rest -= (double)(uint64_t)worker->every_rest;
    }
}

static void check_requests(struct worker *worker, struct connection *connection, uint64_t now, uint64_t limit)
{
    for (uint32_t k = 0; k < connection->slot_count && connection->inflight; k++)
        if (connection->slots[k].busy && now > connection->slots[k].sent + limit) {
            worker->counts.timeouts++;
            if (options.mode == RATE && connection->slots[k].sent >= run_from &&
                connection->slots[k].sent < run_to)
                histogram_add(&worker->latency, now - connection->slots[k].sent);
            connection->slots[k].busy = false;
            connection->free_slots[connection->free_count++] = k;
            connection->inflight--;
            if (options.mode == HANDSHAKE)
                connection_fail(connection, "request", "timed out");
            else if ((options.mode == THROUGHPUT || options.mode == LARGE) && phase <= RUN)
                client_send(connection, now);
        }
}

static void check_timeouts(struct worker *worker, uint64_t now)
{
    uint64_t limit = (uint64_t)(options.timeout * 1e9);
    int inflight = 0;
    for (int i = 0; i < worker->client_count; i++) {
        struct connection *connection = worker->clients[i];
        if (connection->state == DEAD && options.mode == HANDSHAKE && options.pace <= 0 &&
            (phase == WARM || phase == RUN))
            connection_start(connection);
        if (connection->state != DEAD && connection->state != OPEN && now > connection->started + limit) {
            if (connection->state == CLOSING) {
                worker->counts.failed++;
                worker_note(worker, "close", "timed out");
            }
            connection_fail(connection, "handshake", "timed out");
            continue;
        }
        check_requests(worker, connection, now, limit);
        inflight += (int)connection->inflight;
    }
    worker->inflight = inflight;
}

static void flush_and_free(struct worker *worker)
{
    while (worker->dirty) {
        struct connection *connection = worker->dirty;
        worker->dirty = connection->next_dirty;
        connection->dirty = false;
        connection_flush(connection);
    }
    while (worker->dead) {
        struct connection *connection = worker->dead;
        worker->dead = connection->next_dead;
        free(connection->in);
        free(connection->out);
        free(connection->plain);
        free(connection);
    }
}

void *worker_run(void *argument)
{
    struct worker *worker = argument;
    struct epoll_event ev[256];
    while (worker->setting_up < options.burst && worker->next < worker->client_count &&
           options.mode != HANDSHAKE) {
        worker->setting_up++;
        connection_start(worker->clients[worker->next++]);
    }
    for (;;) {
        int ph = phase;
        if (ph == STOP)
            break;
        while (worker->seen < ph)
            enter(worker, worker->seen + 1);
        uint64_t now = now_ns(), wait = 10000000;
        if (now > worker->tick + 100000000 || ph == DRAIN) {
            worker->tick = now;
            check_timeouts(worker, now);
        }
        bool is_paced = options.mode == RATE || (options.mode == HANDSHAKE && options.pace > 0);
        if (is_paced && (ph == WARM || ph == RUN) && worker->client_count) {
            send_due(worker, now);
            wait = worker->next_send > now && worker->next_send - now < wait ? worker->next_send - now : wait;
        }
        flush_and_free(worker);
        struct timespec ts = {0, (long)wait};
        int n = epoll_pwait2(worker->epoll, ev, 256, &ts, NULL);
        if (n < 0 && errno == ENOSYS) /* valgrind, old kernels */
            n = epoll_wait(worker->epoll, ev, 256, (int)(wait / 1000000 + 1));
        for (int i = 0; i < n; i++)
            connection_event(ev[i].data.ptr, ev[i].events);
    }
    return NULL;
}
