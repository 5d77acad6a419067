/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/bench/load/report.h"

#include <stdio.h>
#include <string.h>

#include "test/bench/load/worker.h"

struct sum {
    struct counts counts;
    struct histogram latency;
    int open, alive;
    unsigned long long units, errors;
    char first_error[256], tls[96];
};

typedef unsigned long long number; /* for printf */

static void add_counts(struct counts *sum, const struct counts *one)
{
#define ADD(field) sum->field += one->field
    ADD(ok), ADD(bytes), ADD(handshakes), ADD(resumed), ADD(mismatch), ADD(unexpected), ADD(bad_status);
    ADD(timeouts), ADD(lost), ADD(provisional), ADD(failed), ADD(broken), ADD(resets), ADD(parse);
    ADD(served), ADD(bad_body), ADD(foreign), ADD(accepted), ADD(accept_fail);
#undef ADD
#define MOST(field) sum->field = one->field > sum->field ? one->field : sum->field
    MOST(via_count), MOST(record_route_count), MOST(send_lag_ns), MOST(last_status);
#undef MOST
}

static void add_worker(struct sum *sum, struct worker *worker)
{
    for (int i = 0; i < worker->client_count; i++) {
        sum->alive += worker->clients[i]->state == OPEN;
        if (options.mode != HANDSHAKE)
            worker->counts.lost += worker->clients[i]->inflight;
    }
    sum->open += worker->opened;
    add_counts(&sum->counts, &worker->counts);
    histogram_merge(&sum->latency, &worker->latency);
    if (!*sum->first_error)
        snprintf(sum->first_error, sizeof(sum->first_error), "%s", worker->first_error);
    if (!*sum->tls)
        snprintf(sum->tls, sizeof(sum->tls), "%s", worker->tls);
}

static void add_up(struct sum *sum)
{
    for (int i = 0; i < options.threads; i++)
        add_worker(sum, &workers[i]);
    for (char *p = sum->first_error; *p; p++)
        if (*p == '"' || *p == '\\' || (unsigned char)*p < 32)
            *p = '\'';
    const struct counts *c = &sum->counts;
    sum->units = options.mode == HANDSHAKE ? c->handshakes : c->ok;
    sum->errors = c->mismatch + c->unexpected + c->bad_status + c->timeouts + c->lost + c->failed +
                  c->broken + c->parse + c->bad_body + (options.mode == HANDSHAKE ? 0 : c->accept_fail);
}

static void print_mode(const struct sum *sum, const struct run *run)
{
    const struct process_use *before = &run->before, *after = &run->after;
    if (options.mode == RATE)
        printf("\"rate\":%.0f,\"max_send_lag_us\":%.0f,", options.rate,
               (double)sum->counts.send_lag_ns / 1e3);
    if (options.mode == HANDSHAKE)
        printf("\"ping\":%d,\"resumed\":%llu,\"resets\":%llu,", options.ping, (number)sum->counts.resumed,
               (number)sum->counts.resets);
    if (options.mode == LARGE)
        printf("\"mb_per_s\":%.2f,", (double)sum->counts.bytes / 1e6 / run->wall);
    if (options.mode == IDLE)
        printf("\"ping\":%d,\"opened\":%d,\"alive\":%d,\"rss_before_kb\":%ld,\"rss_after_kb\":%ld,"
               "\"pss_before_kb\":%ld,\"pss_after_kb\":%ld,\"rss_bytes_per_conn\":%.0f,\"pss_bytes_per_"
               "conn\":%.0f,",
               options.ping, sum->open, sum->alive, before->rss_kb, after->rss_kb, before->pss_kb,
               after->pss_kb, sum->alive ? (double)(after->rss_kb - before->rss_kb) * 1024 / sum->alive : 0,
               sum->alive ? (double)(after->pss_kb - before->pss_kb) * 1024 / sum->alive : 0);
}

static void print_counts(const struct sum *sum)
{
    const struct counts *c = &sum->counts;
    printf("\"errors\":%llu,\"mismatch\":%llu,\"unexpected\":%llu,\"bad_status\":%llu,\"last_bad_status\":%d,"
           "\"timeouts\":%llu,\"lost\":%llu,\"conn_fail\":%llu,\"conn_lost\":%llu,\"parse\":%llu,\"bad_"
           "body\":%llu,"
           "\"first_error\":\"%s\",",
           sum->errors, (number)c->mismatch, (number)c->unexpected, (number)c->bad_status, c->last_status,
           (number)c->timeouts, (number)c->lost, (number)c->failed, (number)c->broken, (number)c->parse,
           (number)c->bad_body, sum->first_error);
    printf("\"provisional\":%llu,\"served\":%llu,\"accepted\":%llu,\"foreign\":%llu,\"accept_fail\":%llu,"
           "\"via_at_server\":%d,\"rr_at_server\":%d,",
           (number)c->provisional, (number)c->served, (number)c->accepted, (number)c->foreign,
           (number)c->accept_fail, c->via_count, c->record_route_count);
}

static void print_processors(const struct sum *sum, const struct run *run)
{
    double cpu = run->to.cpu - run->from.cpu;
    double other = run->to.busy - run->from.busy - run->own_cpu - cpu; /* the neighbours; with --pid only */
    printf("\"loader_cpu_s\":%.3f,\"loader_util\":%.3f,\"steal_s\":%.2f,\"other_cpu_s\":%.2f", run->own_cpu,
           run->own_cpu / run->wall, run->to.steal - run->from.steal, other > 0 ? other : 0);
    if (options.pid)
        printf(",\"proxy_procs\":%d,\"proxy_cpu_s\":%.2f,\"proxy_util\":%.3f,\"per_proxy_cpu_s\":%.1f",
               run->to.processes, cpu, cpu / run->wall, cpu > 0 ? (double)sum->units / cpu : 0);
    if (options.pid && options.mode == LARGE)
        printf(",\"mb_per_proxy_cpu_s\":%.2f", cpu > 0 ? (double)sum->counts.bytes / 1e6 / cpu : 0);
}

unsigned long long report(const struct run *run)
{
    static struct sum sum;
    const struct histogram *h = &sum.latency;
    const char *unit = options.mode == HANDSHAKE ? "handshakes" : "msgs", *mode = mode_name[options.mode];
    add_up(&sum);
    double per_second = (double)sum.units / run->wall;
    printf("%s %s%s%s: %llu %s in %.2f s, %.0f/s, p50 %.0f us, p99 %.0f us, errors %llu%s%s\n", mode,
           options.dir, *options.label ? " " : "", options.label, sum.units, unit, run->wall, per_second,
           histogram_us(h, .5), histogram_us(h, .99), sum.errors, *sum.first_error ? ", first: " : "",
           sum.first_error);
    printf("{\"label\":\"%s\",\"mode\":\"%s\",\"dir\":\"%s\",\"direct\":%d,\"tls\":\"%s\",\"conns\":%d,"
           "\"window\":%d,\"body\":%d,\"method\":\"%s\",\"wall_s\":%.3f,\"setup_s\":%.3f,",
           options.label, mode, options.dir, options.direct, sum.tls, run->clients, options.window,
           options.body, options.method, run->wall, run->setup);
    printf("\"%s\":%llu,\"per_s\":%.1f,", unit, sum.units, per_second);
    print_mode(&sum, run);
    printf("\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,",
           histogram_us(h, .5), histogram_us(h, .9), histogram_us(h, .99), histogram_us(h, .999),
           (double)h->max / 1e3);
    print_counts(&sum);
    print_processors(&sum, run);
    printf("}\n");
    return sum.errors;
}
