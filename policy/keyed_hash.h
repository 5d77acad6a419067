/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_KEYED_HASH_H
#define FEDGATE_POLICY_KEYED_HASH_H

/* SipHash-2-4: a short keyed hash, safe against chosen keys in tables and as a short-lived authenticator. */

#include "policy/text.h"

struct hash_key {
    uint64_t word[2];
};

uint64_t keyed_hash(const struct hash_key *key, struct text t);

/* Of several texts, each under 4 GiB: their lengths, 32 bits each in front of its text, are hashed too, so
 * that their borders count. */
uint64_t keyed_hash_pieces(const struct hash_key *key, const struct text *piece, size_t count);
/* The same, 128 bits wide: for keys that are compared and never looked at again. */
void keyed_hash_wide(const struct hash_key *key, const struct text *piece, size_t count, uint64_t hash[2]);

#endif
