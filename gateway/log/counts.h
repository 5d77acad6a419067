/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LOG_COUNTS_H
#define FEDGATE_LOG_COUNTS_H

/* What one thread's audit lines add up to: every decision has a line, so every decision is counted. One
 * thread counts, any thread reads; a reader may see one count of a line before another. */

#include "gateway/log/audit.h"

#include <stdatomic.h>

#define COUNT_SIDES 3u          /* by enum audit_side */
#define COUNT_SESSION_EVENTS 3u /* accepted, refused, closed */
#define COUNT_BUCKETS 12u       /* of durations; the last one is without bound */

typedef _Atomic uint64_t count;

struct audit_counts {
    count sessions[COUNT_SIDES][COUNT_SESSION_EVENTS][REASON_COUNT];
    count requests[2][REASON_COUNT]; /* by enum direction; refused before a direction was known: inbound */
    count durations[2][COUNT_BUCKETS];
    count duration_sum_ms[2];
};

/* Upper bounds of the buckets in ms, but for the last. */
extern const uint32_t count_bucket_ms[COUNT_BUCKETS - 1];

void counts_add(struct audit_counts *counts, const struct audit_record *record);
const struct audit_counts *audit_counts(const struct audit *audit);

#endif
