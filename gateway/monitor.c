/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/gateway_parts.h"
#include "gateway/log/metrics.h"

/* metrics.prom, written anew every ten seconds and once more at the end; CRLs are looked at as often. */

#define METRICS_MS 10000u

void monitor_write(struct gateway *gateway)
{
    const struct audit *audits[WORKERS_MOST + 1];
    const struct shared *shared = &gateway->shared;
    size_t count = 0;

    audits[count++] = gateway->audit;
    for (unsigned i = 0; i < gateway->worker_count; i++)
        audits[count++] = gateway->worker[i]->audit;

    const struct metric metrics[] = {
        {.name = "fedgate_requests_in_flight",
         .help = "Requests without a final answer.",
         .value = (int64_t)atomic_load(&shared->in_flight)},
        {.name = "fedgate_requests_parked",
         .help = "Requests that wait for DNS or for a session.",
         .value = (int64_t)atomic_load(&shared->parked)},
        {.name = "fedgate_connections",
         .help = "TCP connections, those in their handshake included.",
         .value = (int64_t)atomic_load(&shared->sessions)},
        {.name = "fedgate_policy_generation",
         .help = "How often a configuration came into force since the start.",
         .value = (int64_t)gateway->settings->generation},
        {.name = "fedgate_partners",
         .help = "Partner files in force.",
         .value = (int64_t)partner_set_count(gateway->settings->partners)},
        {.name = "fedgate_log_lines_lost_total",
         .help = "Audit lines that could not be written.",
         .counter = true,
         .value = (int64_t)log_file_lost(shared->audit_file)},
    };
    metrics_write(gateway->writer, audits, count, metrics, sizeof(metrics) / sizeof(metrics[0]));
}

static void due(uv_timer_t *timer)
{
    monitor_write(timer->data);
    crl_watch(timer->data);
}

bool monitor_start(struct gateway *gateway)
{
    gateway->monitor.data = gateway;
    return uv_timer_init(&gateway->loop, &gateway->monitor) == 0 &&
           uv_timer_start(&gateway->monitor, due, 0, METRICS_MS) == 0;
}
