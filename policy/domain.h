/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_DOMAIN_H
#define FEDGATE_POLICY_DOMAIN_H

/* Domain and host names, compared whole, octet by octet, ignoring ASCII case (RFC 4343, RFC 5922 7.2):
 * no wildcard, no suffix, A-labels only. One trailing dot is the same name. */

#include "policy/text.h"

#define DOMAIN_LONGEST 253 /* octets, without the trailing dot (RFC 1035 2.3.4) */

/* A name of letters, digits, hyphens and underscores in labels of 1 to 63, neither empty nor an IP address.
 * A trailing dot passes. */
bool domain_is_valid(struct text name);
bool domain_equal(struct text a, struct text b);
/* Is `name` the domain itself or below it, on a label boundary? (The Lync rule for SRV targets.) */
bool domain_is_within(struct text name, struct text domain);
/* Without its trailing dot. */
static inline struct text domain_without_dot(struct text name)
{
    if (name.length > 1 && name.at[name.length - 1] == '.')
        name.length--;
    return name;
}
/* IPv4 in dotted quads, or IPv6 with or without brackets. */
bool domain_is_address(struct text host);
/* Ignores case and a trailing dot; not for hostile keys without a secret. */
uint64_t domain_hash(struct text name);

#endif
