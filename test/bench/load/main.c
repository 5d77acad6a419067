/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A load tool for a SIP relay between two mutual-TLS sides. One process plays both ends around the proxy
 * under test:
 *
 *   flow "in":   partner clients  ->  proxy  ->  internal server (a listener here)
 *   flow "out":  internal clients ->  proxy  ->  partner server  (a listener here)
 *
 * Clients send requests, listeners answer each with 200 on the connection it came in on. Every answer is
 * checked (exactly one Via, our branch, our Call-ID, our CSeq) and the body of every request is compared.
 * Loopback only. */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>

#include "test/bench/load/base.h"
#include "test/bench/load/report.h"
#include "test/bench/load/set_up.h"
#include "test/bench/load/worker.h"

static int sum_ready(void)
{
    int sum = 0;
    for (int i = 0; i < options.threads; i++)
        sum += workers[i].ready;
    return sum;
}

static int sum_inflight(void)
{
    int sum = 0;
    for (int i = 0; i < options.threads; i++)
        sum += workers[i].inflight;
    return sum;
}

/* Starts the workers, and waits until their clients are connected. */
static void connect_all(struct run *run)
{
    uint64_t start = now_ns(), limit = (uint64_t)(30e9 + 2e7 * run->clients);
    for (int i = 0; i < options.threads; i++)
        if (pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]) != 0)
            die("no thread");
    while (options.mode != HANDSHAKE && sum_ready() < run->clients && now_ns() - start < limit)
        pause_seconds(0.001);
    run->setup = (double)(now_ns() - start) / 1e9;
}

static void load(struct run *run)
{
    phase = WARM;
    pause_seconds(options.mode == IDLE ? 0.5 : options.warmup);
    run->from = process_measure(options.pid, false);
    double own = process_own_cpu();
    run_from = now_ns();
    run_to = run_from + (uint64_t)(options.seconds * 1e9);
    phase = RUN;
    pause_seconds(options.seconds);
    phase = DRAIN;
    run_to = options.mode == RATE ? run_to : now_ns();
    run->wall = (double)(now_ns() - run_from) / 1e9;
    run->own_cpu = process_own_cpu() - own;
    run->to = process_measure(options.pid, false);
    run->after = process_measure(options.pid, true);
}

/* Waits for what is outstanding; in DRAIN the workers count it anew on every turn. */
static void drain(void)
{
    uint64_t start = now_ns(), limit = (uint64_t)((options.timeout + 0.5) * 1e9);
    while (options.mode != HANDSHAKE && now_ns() - start < limit) {
        pause_seconds(0.05);
        if (sum_inflight() == 0)
            break;
    }
    phase = STOP;
    for (int i = 0; i < options.threads; i++)
        pthread_join(workers[i].thread, NULL);
}

int main(int argc, char **argv)
{
    struct rlimit files;
    struct run run = {0};
    options_read(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    run.clients = set_up();
    run.before = process_measure(options.pid, true);
    connect_all(&run);
    load(&run);
    drain();
    return report(&run) ? 1 : 0;
}
