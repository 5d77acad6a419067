/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_DISCOVERY_H
#define FEDGATE_POLICY_DISCOVERY_H

/* Domains that no partner file names, found through DNS where `discovery.enabled` says so. One partner stands
 * for all of them: it owns no domain, trusts `discovery.roots`, and is held to the rule srv-target, so that
 * who runs a domain's DNS says which server speaks for it. What a file, `internal.domains` or
 * `blocked-domains` names is never discovered. */

#include "policy/partner.h"

#define DISCOVERED_NAME "discovered" /* of that partner; no file may have it meanwhile */

/* Bounds of all discovered domains together; those of each peer are the relay's. */
struct discovery_bounds {
    uint32_t messages_per_second;
    uint32_t connections; /* inbound */
    size_t message_size;
};

/* `file`: where discovery is switched on. Anchors, roots and what is written are the caller's to fill in.
 * NULL: no memory. */
struct partner *discovery_partner_create(const char *file, const struct discovery_bounds *bounds);

/* May a domain be found through DNS at all? A name of at least two labels, and no address. */
bool discovery_allows(struct text domain);

#endif
