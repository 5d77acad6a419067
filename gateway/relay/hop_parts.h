/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_HOP_PARTS_H
#define FEDGATE_RELAY_HOP_PARTS_H

/* Between the files of the hop: hop.c finds it and keeps who waits, hop_session.c chooses a session,
 * hop_attempt.c opens one. */

#include "gateway/relay/hop.h"

/* Those that wait, from the first on, each once; a transaction may leave, others may leave or come meanwhile.
 */
struct transaction *hop_waiting_first(struct hop *hop);
struct transaction *hop_waiting_next(struct hop *hop);

/* Of the snapshot in force; NULL: our own side, or it is in no file any more. */
const struct partner *hop_partner(const struct hop *hop);
/* Is the session open, and proven for the transaction's domain? Judges it again where that is due: for a rule
 * that rests on DNSSEC, whenever the records are others than those that it was judged with. */
bool hop_serves(struct hop *hop, struct session *session, const struct transaction *transaction);
void hop_forget_affinities(struct session *session);

/* Begins an attempt; NULL: for hop->domain. */
void hop_begin(struct hop *hop, const struct transaction *for_transaction);

#endif
