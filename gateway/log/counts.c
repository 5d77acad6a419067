/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/log/counts.h"

const uint32_t count_bucket_ms[COUNT_BUCKETS - 1] = {1, 2, 5, 10, 25, 50, 100, 250, 1000, 5000, 30000};

/* Its thread alone writes it: no locked instruction is needed. */
static void add(count *counter, uint64_t by)
{
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + by, memory_order_relaxed);
}

static void add_request(struct audit_counts *counts, const struct audit_record *record)
{
    enum direction direction = record->has_direction ? record->direction : DIRECTION_INBOUND;
    add(&counts->requests[direction][record->reason], 1);
    if (!record->has_duration || record->duration_ms < 0) {
        return;
    }
    size_t bucket = 0;
    while (bucket < COUNT_BUCKETS - 1 && record->duration_ms > count_bucket_ms[bucket]) {
        bucket++;
    }
    add(&counts->durations[direction][bucket], 1);
    add(&counts->duration_sum_ms[direction], (uint64_t)record->duration_ms);
}

void counts_add(struct audit_counts *counts, const struct audit_record *record)
{
    switch (record->event) {
    case AUDIT_SESSION_ACCEPTED:
    case AUDIT_SESSION_REFUSED:
    case AUDIT_SESSION_CLOSED:
        add(&counts->sessions[record->side][record->event - AUDIT_SESSION_ACCEPTED][record->reason], 1);
        break;
    case AUDIT_REQUEST:
        add_request(counts, record);
        break;
    case AUDIT_POLICY_LOADED:
    case AUDIT_POLICY_REJECTED:
    case AUDIT_CERTIFICATE_ENDING:
    case AUDIT_STARTED:
    case AUDIT_STOPPING:
    case AUDIT_LINES_LOST:
    default:
        break;
    }
}
