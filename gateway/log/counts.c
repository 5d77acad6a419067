/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/log/counts.h"

const uint32_t count_bucket_ms[COUNT_BUCKETS - 1] = {1, 2, 5, 10, 25, 50, 100, 250, 1000, 5000, 30000};

_Static_assert(sizeof(struct partner_sums) == sizeof(struct partner_counts), "sums mirror counts");
_Static_assert(sizeof(struct audit_sums) == sizeof(struct audit_counts), "sums mirror counts");

/* Its thread alone writes it: no locked instruction is needed. */
void count_add(atomic_count *counter, uint64_t by)
{
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + by, memory_order_relaxed);
}

static void set(atomic_count *counter, int64_t value)
{
    atomic_store_explicit(counter, value < 0 ? 0 : (uint64_t)value, memory_order_relaxed);
}

size_t count_bucket(uint64_t ms)
{
    size_t bucket = 0;
    while (bucket < COUNT_BUCKETS - 1 && ms > count_bucket_ms[bucket]) {
        bucket++;
    }
    return bucket;
}

const char *count_method_word(enum count_method method)
{
    static const char *const words[] = {
#define X(name, word) [COUNT_##name] = word,
        COUNT_METHODS(X)
#undef X
    };
    return words[method];
}

static enum count_method method_of(struct text method)
{
    static const struct {
        struct text word;
        enum count_method method;
    } known[] = {
#define METHOD(word, method) {{(word), sizeof(word) - 1}, method}
        METHOD("MESSAGE", COUNT_MESSAGE),  METHOD("INVITE", COUNT_CALL),
        METHOD("ACK", COUNT_CALL),         METHOD("BYE", COUNT_CALL),
        METHOD("CANCEL", COUNT_CALL),      METHOD("PRACK", COUNT_CALL),
        METHOD("UPDATE", COUNT_CALL),      METHOD("INFO", COUNT_CALL),
        METHOD("REFER", COUNT_CALL),       METHOD("SUBSCRIBE", COUNT_PRESENCE),
        METHOD("NOTIFY", COUNT_PRESENCE),  METHOD("PUBLISH", COUNT_PRESENCE),
        METHOD("SERVICE", COUNT_PRESENCE), METHOD("OPTIONS", COUNT_OPTIONS),
#undef METHOD
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (text_equal(known[i].word, method)) {
            return known[i].method;
        }
    }
    return COUNT_OTHER;
}

static size_t status_of(int status)
{
    return status >= 200 && status < 700 ? (size_t)status / 100 - 1 : 0;
}

static void add_request_of_partner(struct partner_counts *counts, const struct audit_record *record,
                                   enum direction direction, enum count_method method, int64_t now_ms)
{
    count_add(&counts->requests[direction][method][status_of(record->status)], 1);
    if (record->reason != REASON_OK && record->reason != REASON_RELAYED) {
        count_add(&counts->failures[direction][record->reason], 1);
    }
    if (record->reason == REASON_OK && status_of(record->status) == 1) {
        set(&counts->success_ms[direction], now_ms);
    }
    if (record->has_duration && record->duration_ms >= 0) {
        count_add(&counts->timed[direction], 1);
        count_add(&counts->duration_ms[direction], (uint64_t)record->duration_ms);
    }
}

static void add_request(struct audit_counts *counts, const struct audit_record *record, int64_t now_ms)
{
    enum direction direction = record->has_direction ? record->direction : DIRECTION_INBOUND;
    enum count_method method = method_of(record->method);
    add_request_of_partner(record->partner_counts != NULL ? record->partner_counts : &counts->nobody, record,
                           direction, method, now_ms);
    count_add(&counts->requests[direction][record->reason], 1);
    if (record->has_duration && record->duration_ms >= 0) {
        uint64_t ms = (uint64_t)record->duration_ms;
        count_add(&counts->durations[direction][method][count_bucket(ms)], 1);
        count_add(&counts->duration_sum_ms[direction][method], ms);
    }
}

static void add_session(struct audit_counts *counts, const struct audit_record *record)
{
    enum direction direction = record->has_direction ? record->direction : DIRECTION_INBOUND;
    size_t event = (size_t)(record->event - AUDIT_SESSION_ACCEPTED);
    struct partner_counts *partner =
        record->partner_counts != NULL ? record->partner_counts : &counts->nobody;
    count_add(&counts->sessions[record->side][direction][event][record->reason], 1);
    if (record->event != AUDIT_SESSION_CLOSED && record->side == AUDIT_EXTERNAL) {
        count_add(&partner->sessions[direction][event], 1);
    }
}

static void add_policy(struct audit_counts *counts, const struct audit_record *record, int64_t now_ms)
{
    bool loaded = record->event == AUDIT_POLICY_LOADED;
    count_add(loaded ? &counts->policies_loaded : &counts->policy_errors, 1);
    set(&counts->policy_is_rejected, loaded ? 0 : 1);
    if (loaded) {
        set(&counts->policy_loaded_ms, now_ms);
    }
}

void counts_add(struct audit_counts *counts, const struct audit_record *record, int64_t now_ms)
{
    switch (record->event) {
    case AUDIT_SESSION_ACCEPTED:
    case AUDIT_SESSION_REFUSED:
    case AUDIT_SESSION_CLOSED:
        add_session(counts, record);
        break;
    case AUDIT_REQUEST:
        add_request(counts, record, now_ms);
        break;
    case AUDIT_POLICY_LOADED:
    case AUDIT_POLICY_REJECTED:
        add_policy(counts, record, now_ms);
        break;
    case AUDIT_CERTIFICATE_ENDING:
    case AUDIT_STARTED:
    case AUDIT_STOPPING:
    case AUDIT_LINES_LOST:
    default:
        break;
    }
}

static void add_up(void *sums, const void *counts, size_t size)
{
    uint64_t *to = sums;
    const atomic_count *from = counts;
    for (size_t i = 0; i < size / sizeof *to; i++) {
        to[i] += atomic_load_explicit(&from[i], memory_order_relaxed);
    }
}

void partner_counts_add_up(struct partner_sums *sums, const struct partner_counts *counts)
{
    uint64_t before[2] = {sums->success_ms[0], sums->success_ms[1]};
    add_up(sums, counts, sizeof *sums);
    for (size_t i = 0; i < 2; i++) {
        uint64_t success = sums->success_ms[i] - before[i];
        sums->success_ms[i] = success > before[i] ? success : before[i];
    }
}

void counts_add_up(struct audit_sums *sums, const struct audit_counts *counts)
{
    add_up(sums, counts, offsetof(struct audit_sums, nobody));
    partner_counts_add_up(&sums->nobody, &counts->nobody);
}
