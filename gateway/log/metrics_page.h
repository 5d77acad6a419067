/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LOG_METRICS_PAGE_H
#define FEDGATE_LOG_METRICS_PAGE_H

/* A text in the Prometheus exposition format, written family by family. Sizes are bounded: beyond the bound,
 * or without memory, the page is full, and what follows is dropped. */

#include "policy/text.h"

#define METRICS_TEXT_MOST (64u << 20)

enum metrics_kind { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM, METRICS_SUMMARY };

struct metrics_page {
    char *octets; /* owned */
    size_t length, room;
    bool full;
    const char *family; /* the name of the one that is being written */
};

void metrics_page_init(struct metrics_page *page);
void metrics_page_deinit(struct metrics_page *page);

/* Begins a family; all its values follow before the next. `help` is one sentence. */
void metrics_family(struct metrics_page *page, const char *name, enum metrics_kind kind, const char *help);
/* One value: pairs of label and label value (char *), then NULL. Label values may hold any octets. */
void metrics_value(struct metrics_page *page, uint64_t value, ...) __attribute__((sentinel));
void metrics_seconds(struct metrics_page *page, uint64_t ms, ...) __attribute__((sentinel));

/* A histogram of seconds: the counts of its buckets, the last of which has no upper bound, and the sum of
 * all. `labels` is pairs as above, and NULL. */
struct metrics_buckets {
    const uint32_t *bound_ms; /* of all but the last */
    const uint64_t *value;
    size_t count;
};
void metrics_histogram(struct metrics_page *page, const struct metrics_buckets *buckets, uint64_t sum_ms,
                       const char *const *labels);
/* Sum and number of observations without quantiles. */
void metrics_summary(struct metrics_page *page, uint64_t count, uint64_t sum_ms, const char *const *labels);

#endif
