/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/gateway_parts.h"
#include "gateway/log/log_time.h"
#include "gateway/log/metrics.h"
#include "gateway/monitor_parts.h"

/* Where time passes for the gateway as a whole, every ten seconds: certificates and CRLs that end are told,
 * metrics.prom is written anew, and the day of each partner is summed up. The last two once more at the end.
 */

#define MONITOR_MS 10000u

static void print_program(struct metrics_page *page, const struct gateway *gateway)
{
    metrics_family(page, "fedgate_build_info", METRICS_GAUGE, "Always 1; what is running.");
    metrics_value(page, 1, "version", FEDGATE_VERSION, NULL);
    metrics_family(page, "fedgate_started_timestamp_seconds", METRICS_GAUGE, "When the gateway was started.");
    metrics_seconds(page, (uint64_t)gateway->started_ms, NULL);
    metrics_family(page, "fedgate_metrics_written_timestamp_seconds", METRICS_GAUGE,
                   "When this was written: it is old where the gateway is gone, or the disk is full.");
    metrics_seconds(page, (uint64_t)log_time_now(), NULL);
}

static void print_gauges(struct metrics_page *page, const struct gateway *gateway)
{
    const struct shared *shared = &gateway->shared;

    metrics_family(page, "fedgate_connections", METRICS_GAUGE,
                   "TCP connections, those in their handshake included.");
    metrics_value(page, atomic_load(&shared->sessions), NULL);
    metrics_family(page, "fedgate_requests_in_flight", METRICS_GAUGE, "Requests without a final answer.");
    metrics_value(page, atomic_load(&shared->in_flight), NULL);
    metrics_family(page, "fedgate_requests_parked", METRICS_GAUGE,
                   "Requests that wait for DNS or for a session.");
    metrics_value(page, atomic_load(&shared->parked), NULL);
    metrics_family(page, "fedgate_partners", METRICS_GAUGE, "Partner files in force.");
    metrics_value(page, partner_set_listed(gateway->settings->partners), NULL);
    metrics_family(page, "fedgate_policy_generation", METRICS_GAUGE,
                   "How often a configuration came into force since the start.");
    metrics_value(page, gateway->settings->generation, NULL);
    metrics_family(page, "fedgate_log_lines_lost_total", METRICS_COUNTER,
                   "Lines that could not be written to a log file.");
    metrics_value(page, log_file_lost(shared->audit_file), "file", "audit.jsonl", NULL);
    metrics_value(page, operation_log_lost(shared->log), "file", "gateway.log", NULL);
}

static void print_fetching(struct metrics_page *page, const struct gateway *gateway)
{
    struct fetcher_statistics statistics;

    fetcher_statistics(gateway->fetcher, &statistics);
    metrics_family(page, "fedgate_revocation_sources", METRICS_GAUGE,
                   "CRLs and OCSP answers that are fetched when they are due.");
    metrics_value(page, statistics.sources, NULL);
    metrics_family(page, "fedgate_revocation_fetches_total", METRICS_COUNTER,
                   "CRLs and OCSP answers that were fetched, or were not to be had.");
    metrics_value(page, statistics.fetched, "outcome", "fetched", NULL);
    metrics_value(page, statistics.failed, "outcome", "failed", NULL);
}

static struct audit_sums *add_up(const struct gateway *gateway)
{
    struct audit_sums *sums = calloc(1, sizeof(*sums));

    if (sums == NULL)
        return NULL;
    counts_add_up(sums, audit_counts(gateway->audit));
    for (unsigned i = 0; i < gateway->worker_count; i++)
        counts_add_up(sums, audit_counts(gateway->worker[i]->audit));
    return sums;
}

static void write_metrics(struct gateway *gateway)
{
    struct metrics_page page;
    struct audit_sums *sums = add_up(gateway);

    if (sums == NULL)
        return;
    metrics_page_init(&page);
    print_program(&page, gateway);
    print_gauges(&page, gateway);
    print_fetching(&page, gateway);
    metrics_counts(&page, sums);
    monitor_partners(&page, gateway, &sums->nobody);
    monitor_dns(&page, gateway);
    certificate_watch(gateway, &page);
    if (!page.full)
        log_writer_replace(gateway->writer, "metrics.prom", (struct text){page.octets, page.length});
    else if (!gateway->metrics_full)
        operation_log(gateway->shared.log, LOG_LEVEL_ERROR, "metrics-not-written", "why=%s",
                      "no memory, or more than 64 MiB");
    gateway->metrics_full = page.full;
    metrics_page_deinit(&page);
    free(sums);
}

static void due(uv_timer_t *timer)
{
    write_metrics(timer->data);
    partner_days_look(timer->data);
    reload_free_retired(timer->data);
}

bool monitor_start(struct gateway *gateway)
{
    char path[PATH_MAX];

    gateway->started_ms = log_time_now();
    gateway->endings = endings_create();
    if (gateway->endings == NULL)
        return false;
    if (snprintf(path, sizeof(path), "%s/%s", gateway->settings->logs.directory, ENDINGS_FILE) <
        (int)sizeof(path))
        endings_load(gateway->endings, path);
    gateway->monitor.data = gateway;
    return uv_timer_init(&gateway->loop, &gateway->monitor) == 0 &&
           uv_timer_start(&gateway->monitor, due, 0, MONITOR_MS) == 0;
}

void monitor_stop(struct gateway *gateway)
{
    write_metrics(gateway);
    partner_days_end(gateway);
}

void monitor_end(struct gateway *gateway)
{
    endings_destroy(gateway->endings);
    revocation_evidence_release(gateway->evidence);
}
