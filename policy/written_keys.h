/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_WRITTEN_KEYS_H
#define FEDGATE_POLICY_WRITTEN_KEYS_H

/* Which keys a configuration file has, and a hash of what each says: what two loads of it are compared by, so
 * that a reload can tell which keys have changed. Comments, quotes, the order of keys and the style of lists
 * are of no concern; the order of entries is. */

#include "policy/yaml_reader.h"

struct written_keys;

/* The keys of a mapping. Where `sections`, those of a mapping within it stand for themselves: "dns.timeout"
 * rather than "dns". The caller destroys. NULL: no memory. */
struct written_keys *written_keys_read(const struct yaml_node *mapping, bool sections);
void written_keys_destroy(struct written_keys *keys); /* NULL is fine */

/* Calls `differs` once for each key that only one of both has, or that says another thing; NULL has no keys.
 * The name is borrowed during the call. */
void written_keys_compare(const struct written_keys *before, const struct written_keys *after,
                          void (*differs)(void *context, struct text key), void *context);

#endif
