/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TLS_KEY_TRIAL_H
#define FEDGATE_TLS_KEY_TRIAL_H

/* Does the private key belong to the leaf of the chain? The library's own check says yes to any EC key in
 * some versions, so the key is tried: one handshake in memory, about a millisecond. */

#include "policy/text.h"

bool key_trial(struct text chain_pem, struct text key_pem);

#endif
