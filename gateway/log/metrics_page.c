/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/log/metrics_page.h"

#include "policy/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_LEAST (64u << 10)
#define LABEL_MOST 256u /* octets of a label's value */
#define LABELS_MOST 8u

void metrics_page_init(struct metrics_page *page)
{
    *page = (struct metrics_page){0};
}

void metrics_page_deinit(struct metrics_page *page)
{
    free(page->octets);
    metrics_page_init(page);
}

static bool make_room(struct metrics_page *page, size_t more)
{
    if (!page->full && more <= page->room - page->length) {
        return true;
    }
    size_t room = page->room == 0 ? ROOM_LEAST : page->room * 2;
    if (page->full || more > ROOM_LEAST || room > METRICS_TEXT_MOST) {
        page->full = true;
        return false;
    }
    char *larger = realloc(page->octets, room);
    if (larger == NULL) {
        page->full = true;
        return false;
    }
    page->octets = larger;
    page->room = room;
    return true;
}

static void put(struct metrics_page *page, struct text octets)
{
    if (octets.length > 0 && make_room(page, octets.length)) {
        memcpy(page->octets + page->length, octets.at, octets.length);
        page->length += octets.length;
    }
}

static void put_words(struct metrics_page *page, const char *const *words)
{
    for (; *words != NULL; words++) {
        put(page, text_of(*words));
    }
}

void metrics_family(struct metrics_page *page, const char *name, enum metrics_kind kind, const char *help)
{
    static const char *const words[] = {"counter", "gauge", "histogram", "summary"};
    page->family = name;
    put_words(page, (const char *const[]){"# HELP ", name, " ", help, "\n# TYPE ", name, " ", words[kind],
                                          "\n", NULL});
}

/* The format escapes backslash, quote and newline; values are UTF-8. Control characters, and what is no
 * UTF-8, become '?'. */
static void put_label_value(struct metrics_page *page, struct text value)
{
    size_t length = 0;
    char shown[2 * LABEL_MOST + 8];
    while (value.length > 0 && length < 2 * LABEL_MOST - 4) {
        uint32_t point;
        size_t octets = utf8_next(value, &point);
        if (octets == 1 && (*value.at == '\\' || *value.at == '"')) {
            shown[length++] = '\\';
        }
        if (octets == 0 || point < 0x20 || point == 0x7f) {
            shown[length++] = '?';
        } else {
            memcpy(shown + length, value.at, octets);
            length += octets;
        }
        value = text_skip(value, octets == 0 ? 1 : octets);
    }
    put(page, (struct text){shown, length});
}

static void put_labels(struct metrics_page *page, const char *const *labels)
{
    const char *before = "{";
    for (; labels[0] != NULL; labels += 2) {
        put_words(page, (const char *const[]){before, labels[0], "=\"", NULL});
        put_label_value(page, text_of(labels[1]));
        put(page, TEXT("\""));
        before = ",";
    }
    if (*before == ',') {
        put(page, TEXT("}"));
    }
}

static void put_sample(struct metrics_page *page, const char *suffix, const char *const *labels,
                       const char *value)
{
    put_words(page, (const char *const[]){page->family, suffix, NULL});
    put_labels(page, labels);
    put_words(page, (const char *const[]){" ", value, "\n", NULL});
}

static const char *number(uint64_t value, char digits[32])
{
    snprintf(digits, 32, "%llu", (unsigned long long)value);
    return digits;
}

/* As short as it can be: 0.25, 1, 30. */
static const char *seconds(uint64_t ms, char digits[32])
{
    int length = snprintf(digits, 32, "%llu.%03u", (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
    while (digits[length - 1] == '0') {
        digits[--length] = '\0';
    }
    if (digits[length - 1] == '.') {
        digits[--length] = '\0';
    }
    return digits;
}

static void read_labels(const char *labels[2 * LABELS_MOST + 1], va_list arguments)
{
    size_t count = 0;
    const char *word;
    while ((word = va_arg(arguments, const char *)) != NULL && count + 2 <= 2 * LABELS_MOST) {
        labels[count++] = word;
        labels[count++] = va_arg(arguments, const char *);
    }
    labels[count] = NULL;
}

void metrics_value(struct metrics_page *page, uint64_t value, ...)
{
    const char *labels[2 * LABELS_MOST + 1];
    char digits[32];
    va_list arguments;
    va_start(arguments, value);
    read_labels(labels, arguments);
    va_end(arguments);
    put_sample(page, "", labels, number(value, digits));
}

void metrics_seconds(struct metrics_page *page, uint64_t ms, ...)
{
    const char *labels[2 * LABELS_MOST + 1];
    char digits[32];
    va_list arguments;
    va_start(arguments, ms);
    read_labels(labels, arguments);
    va_end(arguments);
    put_sample(page, "", labels, seconds(ms, digits));
}

void metrics_summary(struct metrics_page *page, uint64_t count, uint64_t sum_ms, const char *const *labels)
{
    char digits[32];
    put_sample(page, "_sum", labels, seconds(sum_ms, digits));
    put_sample(page, "_count", labels, number(count, digits));
}

void metrics_histogram(struct metrics_page *page, const struct metrics_buckets *buckets, uint64_t sum_ms,
                       const char *const *labels)
{
    const char *with_bound[2 * LABELS_MOST + 3];
    char bound[32], digits[32];
    uint64_t below = 0;
    size_t count = 0;
    for (; labels[count] != NULL && count < 2 * LABELS_MOST; count++) {
        with_bound[count] = labels[count];
    }
    with_bound[count] = "le";
    with_bound[count + 1] = bound;
    with_bound[count + 2] = NULL;
    for (size_t i = 0; i < buckets->count; i++) {
        below += buckets->value[i];
        if (i < buckets->count - 1) {
            seconds(buckets->bound_ms[i], bound);
        } else {
            snprintf(bound, sizeof bound, "+Inf");
        }
        put_sample(page, "_bucket", with_bound, number(below, digits));
    }
    metrics_summary(page, below, sum_ms, labels);
}
