/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_ADDRESS_COUNT_H
#define FEDGATE_RELAY_ADDRESS_COUNT_H

/* How many external sessions each address has that have not finished their handshake:
 * limits.sessions-per-address, so that one stranger cannot take all places; and all strangers together get
 * three quarters of limits.sessions, so that our own servers always find one. Shared by all workers, under a
 * lock that is taken only here. */

#include "gateway/relay/session.h"

/* False: the bound is reached, or no memory. */
bool address_count_take(struct worker *worker, struct session *session, const union address *peer);
void address_count_release(struct worker *worker, struct session *session); /* any number of times */

#endif
