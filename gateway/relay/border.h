/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_BORDER_H
#define FEDGATE_RELAY_BORDER_H

/* What is stripped from and stamped on a message as it changes sides (contract, section 5). Requests and
 * responses alike; bodies never. */

#include "gateway/relay/lines.h"
#include "gateway/relay/session.h"
#include "gateway/sip/edit.h"

/* Towards our servers: asserted and preferred identities of others and any trust header go, ours comes.
 * `sender`: the peer on whose session the message came; `partner` the one it speaks for. */
void border_inward(struct sip_edit *edit, struct lines *lines, const struct worker *worker,
                   const struct sip_message *message, struct peer *sender, const struct partner *partner);
/* Towards a partner: the trust header goes, and Privacy: id takes our asserted identities off (RFC 3325
 * 7, 9.3). */
void border_outward(struct sip_edit *edit, const struct sip_message *message);

#endif
