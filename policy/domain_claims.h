/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_DOMAIN_CLAIMS_H
#define FEDGATE_POLICY_DOMAIN_CLAIMS_H

/* Who claims which domain, and where: so that a domain claimed twice names both places. Lives while a folder
 * is read. */

#include "policy/name_index.h"
#include "policy/problem.h"

struct domain_claim;

struct domain_claims {
    struct name_index by_domain; /* value: struct domain_claim */
    struct domain_claim *all;    /* owned */
};

void domain_claims_deinit(struct domain_claims *claims); /* claims of zeroes are none */
/* Notes the claim; an earlier one of the same domain makes it an error. */
void domain_claims_add(struct domain_claims *claims, struct text domain, struct place place,
                       struct problems *problems);

#endif
