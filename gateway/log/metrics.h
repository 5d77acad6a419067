/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LOG_METRICS_H
#define FEDGATE_LOG_METRICS_H

/* metrics.prom: the counts of all threads in the Prometheus text format, for a textfile collector.
 *
 *     fedgate_sessions_total{side,event,reason}      fedgate_sessions{side}: accepted and not closed yet
 *     fedgate_requests_total{direction,reason}       fedgate_request_duration_seconds{direction}: a histogram
 *     and what the caller adds
 * Reasons that never came are left out. */

#include "gateway/log/audit.h"

#define METRICS_TEXT_MOST (256u << 10)

/* One value that the caller adds. Those of one name must follow each other. */
struct metric {
    const char *name;  /* "fedgate_..." */
    const char *help;  /* one sentence; looked at in the first of a name */
    bool counter;      /* else a gauge */
    const char *label; /* NULL: none */
    struct text label_value;
    int64_t value;
};

/* The text, owned by the caller (free); NULL: no memory, or more than METRICS_TEXT_MOST. The audits must
 * live. */
char *metrics_print(const struct audit *const *audits, size_t audit_count, const struct metric *metrics,
                    size_t metric_count) __attribute__((warn_unused_result));

/* Prints and hands the text to the writer. */
void metrics_write(struct log_writer *writer, const struct audit *const *audits, size_t audit_count,
                   const struct metric *metrics, size_t metric_count);

#endif
