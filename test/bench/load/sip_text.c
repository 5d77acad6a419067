/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/bench/load/sip_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static enum sip_header header_type(const char *p, size_t n)
{
    static const struct {
        const char *name;
        size_t n;
        enum sip_header t;
    } known[] = {{"via", 3, HEADER_VIA},
                 {"v", 1, HEADER_VIA},
                 {"from", 4, HEADER_FROM},
                 {"f", 1, HEADER_FROM},
                 {"to", 2, HEADER_TO},
                 {"t", 1, HEADER_TO},
                 {"call-id", 7, HEADER_CALL_ID},
                 {"i", 1, HEADER_CALL_ID},
                 {"cseq", 4, HEADER_CSEQ},
                 {"record-route", 12, HEADER_RECORD_ROUTE},
                 {"content-length", 14, HEADER_CONTENT_LENGTH},
                 {"l", 1, HEADER_CONTENT_LENGTH}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].n == n && (p[0] | 32) == known[i].name[0] && !strncasecmp(p, known[i].name, n))
            return known[i].t;
    return HEADER_OTHER;
}

/* Comma-separated values count one by one. */
static int count_values(const char *v, const char *end)
{
    int count = 1;
    for (; (v = memchr(v, ',', (size_t)(end - v))) != NULL; v++)
        count++;
    return count;
}

/* One header line of len octets (raw with its end) from q. False: it is none, or one too many. */
static bool add_header(struct sip_message *message, const char *q, size_t len, size_t raw)
{
    if (*q == ' ' || *q == '\t') { /* folded */
        if (message->count == 0)
            return false;
        struct sip_field *last = &message->headers[message->count - 1];
        last->len += raw;
        last->value_length = (size_t)(q + len - last->v);
        return true;
    }
    const char *colon = memchr(q, ':', len), *end = q + len, *v;
    if (colon == NULL || message->count == HEADERS_MAX)
        return false;
    size_t name_length = (size_t)(colon - q);
    while (name_length > 0 && (q[name_length - 1] == ' ' || q[name_length - 1] == '\t'))
        name_length--;
    for (v = colon + 1; v < end && (*v == ' ' || *v == '\t'); v++)
        ;
    enum sip_header t = header_type(q, name_length);
    message->headers[message->count++] = (struct sip_field){t, q, v, raw, (size_t)(end - v)};
    if (t == HEADER_VIA)
        message->via_count += count_values(v, end);
    if (t == HEADER_RECORD_ROUTE)
        message->record_route_count += count_values(v, end);
    if (t == HEADER_CONTENT_LENGTH)
        message->body_length = strtoul(v, NULL, 10);
    return true;
}

int sip_parse(const char *p, size_t n, struct sip_message *message)
{
    const char *q = p, *end = p + n, *newline;
    message->count = message->via_count = message->record_route_count = 0;
    message->body_length = SIZE_MAX; /* required on a stream */
    message->line = p;
    for (int line = 0;; line++, q = newline + 1) {
        newline = memchr(q, '\n', (size_t)(end - q));
        if (newline == NULL)
            return n > 65536 ? -1 : 0;
        size_t len = (size_t)(newline - q), raw = len + 1;
        if (len > 0 && q[len - 1] == '\r')
            len--;
        if (len == 0)
            break;
        if (line > 0 && !add_header(message, q, len, raw))
            return -1;
    }
    message->head_length = (size_t)(newline + 1 - p);
    return message->body_length <= 16u << 20 ? 1 : -1;
}

const char *sip_find(const char *p, size_t n, const char *what)
{
    return memmem(p, n, what, strlen(what));
}
