/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_WORKER_H
#define BENCH_LOAD_WORKER_H

/* One thread, its epoll set and its connections; and the connections, since neither is without the other. A
 * connection belongs to one worker and is touched by its thread alone. */

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "test/bench/load/histogram.h"
#include "test/bench/load/options.h"

#define RECEIVE_SIZE (256 * 1024)
#define ID_LENGTH 18 /* in hex: 5 connection, 5 slot, 8 sequence */

/* main() moves the phase on, in this order; workers follow. */
enum phase { SETUP, WARM, RUN, DRAIN, STOP };
extern _Atomic int phase;
extern uint64_t run_from, run_to; /* written before the phase that uses them */
extern char run_tag[16];          /* makes Call-IDs unique to this run */
extern char *request_body;        /* options.body octets, of every request */
extern size_t method_length;

struct slot { /* a request that may be outstanding */
    uint64_t sent;
    uint32_t seq;
    bool busy;
};

enum role { LISTENER, CLIENT, SERVER };
enum state { DEAD, CONNECTING, HANDSHAKING, OPEN, CLOSING };

struct connection {
    enum role role;
    enum state state;
    struct worker *worker;
    struct flow *flow;
    int fd;
    bool dirty, fin;
    uint32_t events;
    struct sockaddr_in peer;
    SSL *tls;
    SSL_SESSION *ticket;
    uint64_t started;
    char *out; /* TLS octets to send */
    size_t out_done, out_length, out_capacity;
    char *in; /* plain text not yet parsed */
    size_t in_length, in_capacity, need;
    char *plain; /* --coalesce: plain text to encrypt when flushed */
    size_t plain_length, plain_capacity;
    /* of clients */
    uint32_t id, seq, slot_count, free_count, inflight;
    struct slot *slots;
    uint32_t *free_slots;
    char *request; /* patched in place */
    size_t request_length, at_branch, at_call, at_tag, at_user[2];
    struct connection *next_dirty, *next_dead;
};

struct counts {
    uint64_t ok, bytes, handshakes, resumed;
    uint64_t mismatch, unexpected, bad_status, timeouts, lost, provisional;
    uint64_t failed, broken, resets, parse;
    uint64_t served, bad_body, foreign, accepted, accept_fail;
    int via_count, record_route_count, last_status;
    uint64_t send_lag_ns;
};

struct worker {
    int id, epoll;
    pthread_t thread;
    struct connection **clients;
    int client_count, opened, next, setting_up, turn;
    struct connection *dirty, *dead;
    char *received, *unread, *received_end; /* what recv() has brought, not yet seen by TLS */
    char *answer;
    size_t answer_capacity;
    uint64_t tick, next_send, sent;
    double every; /* nanoseconds between two requests (rate mode) or sessions (handshake mode, paced) */
    double every_rest;
    _Atomic int ready; /* connections settled: open or failed */
    _Atomic int pinged, inflight;
    int seen; /* phase acted upon */
    struct counts counts;
    struct histogram latency;
    char first_error[256], tls[96];
};

extern struct worker *workers; /* options.threads of them */

/* Keeps the first thing that went wrong. */
void worker_note(struct worker *worker, const char *what, const char *why);
/* A listener of the flow in this worker. */
void worker_listen(struct worker *worker, struct flow *flow);
/* The thread, from SETUP to STOP. */
void *worker_run(void *worker);

#endif
