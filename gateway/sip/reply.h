/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SIP_REPLY_H
#define FEDGATE_SIP_REPLY_H

/* Messages that fedgate makes itself: answers to requests, and the two requests that belong to one hop only,
 * CANCEL and the ACK for a final answer that is no 2xx. */

#include "gateway/sip/message.h"

struct sip_reply {
    int status;
    const char *phrase;   /* status_phrase(status) */
    struct text to_tag;   /* added to To when the status is over 100 and To has none; token characters */
    struct text received; /* address the request came from, IPv6 without brackets: added to the top Via when
                             absent; may be empty */
    uint16_t source_port; /* the value for an empty rport (RFC 3581); 0: leave it */
    struct text extra_lines; /* whole header lines with their CR LF; may be empty */
};

/* RFC 3261 8.2.6. `request` may be one that sip_message_read refused: what it has is copied. Returns the
 * octets written; 0 when it does not fit or when no answer can be made: a response, an ACK, neither Via nor
 * CSeq. */
size_t sip_reply_write(char *to, size_t capacity, const struct sip_message *request,
                       const struct sip_reply *reply);

/* RFC 3261 9.1: for `sent`, the request as it was sent to the next hop. 0 when it does not fit. */
size_t sip_cancel_write(char *to, size_t capacity, const struct sip_message *sent, struct text extra_lines);
/* RFC 3261 17.1.1.3: for `sent`, an INVITE, and the final answer to it. 0 when it does not fit. */
size_t sip_ack_write(char *to, size_t capacity, const struct sip_message *sent,
                     const struct sip_message *response);

#endif
