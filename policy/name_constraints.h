/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_NAME_CONSTRAINTS_H
#define FEDGATE_POLICY_NAME_CONSTRAINTS_H

/* The names that a CA may vouch for (RFC 5280 4.2.1.10): dNSName, the host of URIs, rfc822Name, iPAddress and
 * directoryName. A name of any other kind that is constrained at all is outside. */

#include "policy/certificate.h"

#define NAME_CONSTRAINTS_SUBTREES_MOST 256u /* of one certificate, permitted and excluded together */
/* Comparisons of a name with a subtree in one search: 1,024 names under 48 subtrees. */
#define NAME_CONSTRAINTS_BUDGET 49152u

/* Is the extension value written as it should be, and within the bound? Subtrees of a kind that is not known
 * pass. */
bool name_constraints_are_sound(struct text constraints);

/* Do all names of `certificate` lie within `constraints` (sound)? Those of the leaf (`is_leaf`) count its CNs
 * as host names where there is no SAN. Each comparison takes one from *budget; with none left the answer is
 * no. */
bool name_constraints_allow(struct text constraints, const struct certificate *certificate, bool is_leaf,
                            uint32_t *budget);

#endif
