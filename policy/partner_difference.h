/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_PARTNER_DIFFERENCE_H
#define FEDGATE_POLICY_PARTNER_DIFFERENCE_H

/* What changed from one set of partners to the next, for the log of a reload. Pure. */

#include "policy/partner_set.h"

enum partner_change { PARTNER_ADDED, PARTNER_REMOVED, PARTNER_CHANGED };
#define PARTNER_CHANGES 3u

#define PARTNER_KEYS_SHOWN 160u

/* Told of one partner: `keys` are those of its file that say another thing, "domains limits"; the keys of
 * files that it names stand there, too, when what is in the files has changed: "roots", "crls". Empty unless
 * PARTNER_CHANGED. */
typedef void partner_change_teller(void *context, enum partner_change change, const struct partner *partner,
                                   const char *keys);

/* Those of `after` first, in its order, then those that are gone. Each partner once; in time with their
 * number. A file that was written anew and says the same is no change. */
void partner_difference(const struct partner_set *before, const struct partner_set *after,
                        partner_change_teller *tell, void *context);

/* Do both lists hold the same certificates in the same order? */
struct certificate;
bool trust_anchor_lists_equal(const struct trust_anchor *const *a, size_t a_count,
                              const struct trust_anchor *const *b, size_t b_count);
/* Do both hold the same lists, as far as their octets go? NULL is empty. */
struct crl_store;
bool crl_stores_equal(const struct crl_store *a, const struct crl_store *b);

#endif
