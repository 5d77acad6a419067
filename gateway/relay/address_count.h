/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_ADDRESS_COUNT_H
#define FEDGATE_RELAY_ADDRESS_COUNT_H

/* How many external sessions each address has that have not finished their handshake: limits.sessions-per-address, so that
 * one stranger cannot take all places. Counted for each worker; the bound is divided among them by the kernel's spreading, so it
 * is held exactly with one worker and up to the number of workers times with more. */

#include "gateway/relay/session.h"

/* False: the bound is reached, or no memory. */
bool address_count_take(struct worker *worker, struct session *session, const union address *peer);
void address_count_release(struct worker *worker, struct session *session); /* any number of times */

#endif
