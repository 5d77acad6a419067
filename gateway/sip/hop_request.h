/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SIP_HOP_REQUEST_H
#define FEDGATE_SIP_HOP_REQUEST_H

/* The two requests that belong to one hop only and that fedgate makes itself: CANCEL, and the ACK for a final
 * answer that is no 2xx. Both are made of the request as it was sent to that hop; both give the octets
 * written, 0 when they do not fit. */

#include "gateway/sip/message.h"

/* RFC 3261 9.1. `extra_lines`: whole header lines with their CR LF, say Reason; may be empty. */
size_t sip_cancel_write(char *to, size_t capacity, const struct sip_message *sent, struct text extra_lines);
/* RFC 3261 17.1.1.3. `sent` is an INVITE, `response` the final answer to it: its To, with its tag, is taken
 * over. */
size_t sip_ack_write(char *to, size_t capacity, const struct sip_message *sent,
                     const struct sip_message *response);

#endif
