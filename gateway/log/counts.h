/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LOG_COUNTS_H
#define FEDGATE_LOG_COUNTS_H

/* What one thread's audit lines add up to: every decision has a line, so every decision is counted. One
 * thread counts, without locks or locked instructions; any thread reads. A reader may see one count of a line
 * before another. */

#include "gateway/log/audit.h"

#include <stdatomic.h>

#define COUNT_SIDES 3u          /* by enum audit_side */
#define COUNT_SESSION_EVENTS 3u /* accepted, refused, closed */
#define COUNT_BUCKETS 12u       /* of durations; the last one is without bound */
#define COUNT_STATUSES 6u       /* by COUNT_STATUS_WORDS */

/* X(NAME, word): what a method is for */
#define COUNT_METHODS(X)                                                                                     \
    X(CALL, "call")         /* INVITE and what follows it: ACK, BYE, CANCEL, PRACK, UPDATE, INFO, REFER */   \
    X(MESSAGE, "message")   /* MESSAGE */                                                                    \
    X(PRESENCE, "presence") /* SUBSCRIBE, NOTIFY, PUBLISH, SERVICE */                                        \
    X(OPTIONS, "options")   /* OPTIONS */                                                                    \
    X(OTHER, "other")       /* and what could not be read */

enum count_method {
#define X(name, word) COUNT_##name,
    COUNT_METHODS(X)
#undef X
        COUNT_METHOD_COUNT
};

/* The first digit of the status that the sender was answered, from 200 on; none: without an answer. */
#define COUNT_STATUS_WORDS                                                                                   \
    {                                                                                                        \
        "none", "2xx", "3xx", "4xx", "5xx", "6xx"                                                            \
    }

typedef _Atomic uint64_t atomic_count;

/* Of one partner, or of requests and sessions whose partner is not known. A direction is an enum direction;
 * refused before it was known: inbound. */
#define PARTNER_COUNTS(number)                                                                               \
    number requests[2][COUNT_METHOD_COUNT][COUNT_STATUSES];                                                  \
    number failures[2][REASON_COUNT]; /* requests with a reason other than ok and relayed */                 \
    number sessions[2][2];            /* accepted, refused */                                                \
    number timed[2], duration_ms[2];  /* requests with a duration, and its sum */                            \
    number success_ms[2];             /* since 1970: when the last request was answered with 2xx; 0: never */

struct partner_counts {
    PARTNER_COUNTS(atomic_count)
};
struct partner_sums {
    PARTNER_COUNTS(uint64_t)
};

#define AUDIT_COUNTS(number)                                                                                 \
    number sessions[COUNT_SIDES][2][COUNT_SESSION_EVENTS][REASON_COUNT];                                     \
    number requests[2][REASON_COUNT];                                                                        \
    number durations[2][COUNT_METHOD_COUNT][COUNT_BUCKETS];                                                  \
    number duration_sum_ms[2][COUNT_METHOD_COUNT];                                                           \
    number policies_loaded, policy_errors; /* an error: a line of one that was rejected */                   \
    number policy_is_rejected;             /* 1: the last one was */                                         \
    number policy_loaded_ms;               /* since 1970 */

struct audit_counts {
    AUDIT_COUNTS(atomic_count)
    struct partner_counts nobody;
};
struct audit_sums {
    AUDIT_COUNTS(uint64_t)
    struct partner_sums nobody;
};

/* Upper bounds of the buckets in ms, but for the last. */
extern const uint32_t count_bucket_ms[COUNT_BUCKETS - 1];
size_t count_bucket(uint64_t ms);
const char *count_method_word(enum count_method method);

void count_add(atomic_count *counter, uint64_t by); /* by the one thread that writes it */
void counts_add(struct audit_counts *counts, const struct audit_record *record, int64_t now_ms);
const struct audit_counts *audit_counts(const struct audit *audit);

/* Adds what was counted to the sums; the time of a success is the latest. Any thread. */
void counts_add_up(struct audit_sums *sums, const struct audit_counts *counts);
void partner_counts_add_up(struct partner_sums *sums, const struct partner_counts *counts);

#endif
