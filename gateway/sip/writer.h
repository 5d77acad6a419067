/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SIP_WRITER_H
#define FEDGATE_SIP_WRITER_H

/* Puts texts one behind the other into a buffer that is the caller's. For this folder only. */

#include "gateway/sip/message.h"

struct writer {
    char *to; /* borrowed */
    size_t capacity, length;
    bool failed; /* something did not fit, or may not be written; stays so */
};

void writer_put(struct writer *writer, struct text text);
void writer_put_number(struct writer *writer, uint64_t number);
/* Whole lines from elsewhere; fails unless sip_header_lines takes them. Empty is fine. */
void writer_put_lines(struct writer *writer, struct text lines);
/* The first field of a kind, its line as it was received; nothing when there is none. */
void writer_put_first(struct writer *writer, const struct sip_message *message, enum sip_header_kind kind);
size_t writer_end(const struct writer *writer); /* octets written; 0 when it failed */

#endif
