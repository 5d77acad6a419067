/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SIP_START_LINE_H
#define FEDGATE_SIP_START_LINE_H

/* Request-Line and Status-Line (RFC 3261 7.1, 7.2). For sip_message_read only. */

#include "gateway/sip/message.h"

/* Reads message->start_line into the fields that come from it. REASON_OK, REASON_MALFORMED_MESSAGE or
 * REASON_UNSUPPORTED_VERSION; `what` is set unless OK. A Request-URI of a foreign scheme is OK here. */
enum reason sip_start_line_read(struct sip_message *message, const char **what);

#endif
