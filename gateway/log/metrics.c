/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/log/metrics.h"

#include "gateway/log/counts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page {
    char *octets;
    size_t length;
    bool full;
};

/* The sums of all threads. */
struct sums {
    uint64_t sessions[COUNT_SIDES][COUNT_SESSION_EVENTS][REASON_COUNT];
    uint64_t requests[2][REASON_COUNT];
    uint64_t durations[2][COUNT_BUCKETS];
    uint64_t duration_sum_ms[2];
};

static const char *const side_words[COUNT_SIDES] = {"none", "internal", "external"};
static const char *const event_words[COUNT_SESSION_EVENTS] = {"accepted", "refused", "closed"};

static void print(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void print(struct page *page, const char *format, ...)
{
    va_list arguments;
    size_t room = METRICS_TEXT_MOST - page->length;
    va_start(arguments, format);
    int length = vsnprintf(page->octets + page->length, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room) {
        page->full = true;
    } else {
        page->length += (size_t)length;
    }
}

static void head(struct page *page, const char *name, const char *type, const char *help)
{
    print(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* All members of both are counts, in the same order. */
_Static_assert(sizeof(struct sums) == sizeof(struct audit_counts), "sums mirror counts");

static void add_up(struct sums *sums, const struct audit_counts *counts)
{
    uint64_t *to = (uint64_t *)sums;
    const count *from = (const count *)counts;
    for (size_t i = 0; i < sizeof *sums / sizeof *to; i++) {
        to[i] += atomic_load_explicit(&from[i], memory_order_relaxed);
    }
}

static uint64_t total(const uint64_t by_reason[REASON_COUNT])
{
    uint64_t sum = 0;
    for (size_t i = 0; i < REASON_COUNT; i++) {
        sum += by_reason[i];
    }
    return sum;
}

static void print_sessions(struct page *page, const struct sums *sums)
{
    head(page, "fedgate_sessions_total", "counter", "Sessions by what became of them.");
    for (size_t side = 0; side < COUNT_SIDES; side++) {
        for (size_t event = 0; event < COUNT_SESSION_EVENTS; event++) {
            for (size_t reason = 0; reason < REASON_COUNT; reason++) {
                uint64_t value = sums->sessions[side][event][reason];
                if (value > 0) {
                    print(page, "fedgate_sessions_total{side=\"%s\",event=\"%s\",reason=\"%s\"} %llu\n",
                          side_words[side], event_words[event], reason_token((enum reason)reason),
                          (unsigned long long)value);
                }
            }
        }
    }
    head(page, "fedgate_sessions", "gauge", "Sessions that are established now.");
    for (size_t side = AUDIT_INTERNAL; side < COUNT_SIDES; side++) {
        uint64_t accepted = total(sums->sessions[side][0]), closed = total(sums->sessions[side][2]);
        print(page, "fedgate_sessions{side=\"%s\"} %llu\n", side_words[side],
              (unsigned long long)(accepted > closed ? accepted - closed : 0));
    }
}

static void print_durations(struct page *page, const struct sums *sums)
{
    head(page, "fedgate_request_duration_seconds", "histogram", "From a request to its final answer.");
    for (size_t direction = 0; direction < 2; direction++) {
        const char *word = direction_word((enum direction)direction);
        uint64_t below = 0;
        for (size_t i = 0; i < COUNT_BUCKETS; i++) {
            below += sums->durations[direction][i];
            if (i < COUNT_BUCKETS - 1) {
                print(page, "fedgate_request_duration_seconds_bucket{direction=\"%s\",le=\"%u.%03u\"} %llu\n",
                      word, count_bucket_ms[i] / 1000, count_bucket_ms[i] % 1000, (unsigned long long)below);
            }
        }
        print(page, "fedgate_request_duration_seconds_bucket{direction=\"%s\",le=\"+Inf\"} %llu\n", word,
              (unsigned long long)below);
        print(page, "fedgate_request_duration_seconds_sum{direction=\"%s\"} %llu.%03llu\n", word,
              (unsigned long long)(sums->duration_sum_ms[direction] / 1000),
              (unsigned long long)(sums->duration_sum_ms[direction] % 1000));
        print(page, "fedgate_request_duration_seconds_count{direction=\"%s\"} %llu\n", word,
              (unsigned long long)below);
    }
}

static void print_requests(struct page *page, const struct sums *sums)
{
    head(page, "fedgate_requests_total", "counter", "Requests by their outcome.");
    for (size_t direction = 0; direction < 2; direction++) {
        for (size_t reason = 0; reason < REASON_COUNT; reason++) {
            uint64_t value = sums->requests[direction][reason];
            if (value > 0) {
                print(page, "fedgate_requests_total{direction=\"%s\",reason=\"%s\"} %llu\n",
                      direction_word((enum direction)direction), reason_token((enum reason)reason),
                      (unsigned long long)value);
            }
        }
    }
}

/* The format escapes backslash, quote and newline; what else is no printable ASCII becomes '?'. */
static void print_label(struct page *page, const char *label, struct text value)
{
    print(page, "{%s=\"", label);
    for (size_t i = 0; i < value.length && i < 256; i++) {
        char c = value.at[i];
        if (c == '\\' || c == '"') {
            print(page, "\\%c", c);
        } else {
            print(page, "%c", c >= 0x20 && c < 0x7f ? c : '?');
        }
    }
    print(page, "\"}");
}

static void print_metrics(struct page *page, const struct metric *metrics, size_t metric_count)
{
    for (size_t i = 0; i < metric_count; i++) {
        if (i == 0 || strcmp(metrics[i].name, metrics[i - 1].name) != 0) {
            head(page, metrics[i].name, metrics[i].counter ? "counter" : "gauge", metrics[i].help);
        }
        print(page, "%s", metrics[i].name);
        if (metrics[i].label != NULL) {
            print_label(page, metrics[i].label, metrics[i].label_value);
        }
        print(page, " %lld\n", (long long)metrics[i].value);
    }
}

char *metrics_print(const struct audit *const *audits, size_t audit_count, const struct metric *metrics,
                    size_t metric_count)
{
    struct sums *sums = calloc(1, sizeof *sums);
    struct page page = {.octets = malloc(METRICS_TEXT_MOST)};
    if (sums == NULL || page.octets == NULL) {
        page.full = true;
        goto out;
    }
    for (size_t i = 0; i < audit_count; i++) {
        add_up(sums, audit_counts(audits[i]));
    }
    print_sessions(&page, sums);
    print_requests(&page, sums);
    print_durations(&page, sums);
    print_metrics(&page, metrics, metric_count);
out:
    free(sums);
    if (page.full) {
        free(page.octets);
        return NULL;
    }
    return page.octets;
}

void metrics_write(struct log_writer *writer, const struct audit *const *audits, size_t audit_count,
                   const struct metric *metrics, size_t metric_count)
{
    char *page = metrics_print(audits, audit_count, metrics, metric_count);
    if (page != NULL) {
        log_writer_replace(writer, "metrics.prom", text_of(page));
    }
    free(page);
}
