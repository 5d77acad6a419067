/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_HASH_KEY_H
#define FEDGATE_RELAY_HASH_KEY_H

/* Where the keys of keyed hashes come from. */

#include "policy/keyed_hash.h"

bool hash_key_random(struct hash_key *key) __attribute__((warn_unused_result)); /* from getrandom */
/* The same key from the same secret, whatever process derives it: `purpose` keeps uses apart. */
bool hash_key_derive(struct hash_key *key, struct text secret, struct text purpose)
    __attribute__((warn_unused_result));

#endif
