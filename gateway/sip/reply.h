/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SIP_REPLY_H
#define FEDGATE_SIP_REPLY_H

/* The answers that fedgate gives itself (RFC 3261 8.2.6). */

#include "gateway/sip/message.h"

struct sip_reply {
    int status;
    const char *phrase; /* status_phrase(status) */
    /* Added to To when the status is over 100 and To has none: token characters. Empty: none is added. */
    struct text to_tag;
    /* The address that the request came from, IPv6 without brackets (RFC 5118 4.5): added to the top Via when
     * it has none (RFC 3261 18.2.1). Empty: not added. */
    struct text received;
    uint16_t source_port;    /* fills an empty rport (RFC 3581); 0: leaves it empty */
    struct text extra_lines; /* whole header lines with their CR LF; may be empty */
};

/* `request` may be one that sip_message_read refused: what it has is copied. The octets written; 0 when they
 * do not fit or when no answer can be made: to a response, to an ACK, without Via or CSeq, with extra lines
 * that are none. The request's header_length and 128 octets, beside phrase, to_tag, received and extra_lines,
 * are always enough. */
size_t sip_reply_write(char *to, size_t capacity, const struct sip_message *request,
                       const struct sip_reply *reply);

#endif
