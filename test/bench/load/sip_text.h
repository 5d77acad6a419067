/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_SIP_TEXT_H
#define BENCH_LOAD_SIP_TEXT_H

/* As much of SIP as the load tool must read, on its own: nothing here is shared with what is measured. */

#include <stdbool.h>
#include <stddef.h>

#define HEADERS_MAX 96

enum sip_header {
    HEADER_OTHER,
    HEADER_VIA,
    HEADER_FROM,
    HEADER_TO,
    HEADER_CALL_ID,
    HEADER_CSEQ,
    HEADER_RECORD_ROUTE,
    HEADER_CONTENT_LENGTH
};

struct sip_message {                          /* views into the text that was parsed */
    const char *line;                         /* the start line */
    size_t head_length, body_length;          /* the first with the empty line */
    int count, via_count, record_route_count; /* of values, not of lines, the latter two */
    struct sip_field {
        enum sip_header t;
        const char *p, *v;
        size_t len, value_length; /* of the whole line or lines from p; of the value, from v */
    } headers[HEADERS_MAX];
};

/* 1: the head is complete; 0: more octets are needed; -1: this is not SIP on a stream. */
int sip_parse(const char *p, size_t n, struct sip_message *message);
/* Where `what` is in the n octets from p; NULL: nowhere. */
const char *sip_find(const char *p, size_t n, const char *what);

#endif
