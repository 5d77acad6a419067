/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_PARTNER_SET_H
#define FEDGATE_POLICY_PARTNER_SET_H

/* All partners and all their anchors, indexed so that no question grows with the number of partners. Built
 * once by one thread, then read by any number. */

#include "policy/partner.h"

struct partner_set;

struct partner_set *partner_set_create(void); /* NULL: no memory */
void partner_set_destroy(struct partner_set *set);

/* The anchors of all partners; a partner's `anchors` point into it. */
struct trust_anchors *partner_set_anchors(struct partner_set *set);
const struct trust_anchors *partner_set_anchors_of(const struct partner_set *set);

/* Takes the partner in every case and gives it its index. False: no memory. The caller has made sure that
 * none of its domains is there already (partner_set_by_domain). */
bool partner_set_add(struct partner_set *set, struct partner *take) __attribute__((warn_unused_result));

size_t partner_set_count(const struct partner_set *set);
size_t partner_set_listed(const struct partner_set *set); /* how many of them have a file of their own */
const struct partner *partner_set_at(const struct partner_set *set, uint32_t index);
const struct partner *partner_set_by_name(const struct partner_set *set, struct text name);
/* The one partner that owns a domain, exactly; NULL when none does. */
const struct partner *partner_set_by_domain(const struct partner_set *set, struct text domain);

/* The one that stands for discovered domains; NULL: discovery is off. See policy_partner_of. */
const struct partner *partner_set_discovered(const struct partner_set *set);

/* The partners that list an anchor, in the order they were added. */
const struct partner *const *partner_set_by_anchor(const struct partner_set *set,
                                                   const struct trust_anchor *anchor, size_t *count);
/* Of them, those whose identity rule only DNS can answer. */
const struct partner *const *partner_set_by_anchor_needing_dns(const struct partner_set *set,
                                                               const struct trust_anchor *anchor,
                                                               size_t *count);
/* The partners that list a host name under `identity: {names: ...}`. */
const struct partner *const *partner_set_by_identity_name(const struct partner_set *set, struct text name,
                                                          size_t *count);
/* Those whose identity rule is dane: they may be proven without an anchor. */
const struct partner *const *partner_set_with_dane(const struct partner_set *set, size_t *count);

#endif
