/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_TRUST_ANCHOR_H
#define FEDGATE_POLICY_TRUST_ANCHOR_H

/* Trust anchors: the root certificates that partners (or our own side) are believed through. One certificate
 * is one anchor, however many partners list it; who lists it is the partner set's business. */

#include "policy/certificate.h"

struct trust_anchor {
    struct certificate *certificate; /* owned */
    uint32_t index;                  /* its place in the set, from 0 */
    char *subject;                   /* owned; printable */
};

struct trust_anchors; /* built once, then read by any number of threads */

struct trust_anchors *trust_anchors_create(void); /* NULL: no memory */
void trust_anchors_destroy(struct trust_anchors *anchors);

/* Takes the certificate in every case. An identical one that is already there is returned instead.
 * NULL: no memory. */
const struct trust_anchor *trust_anchors_add(struct trust_anchors *anchors, struct certificate *take);
size_t trust_anchors_count(const struct trust_anchors *anchors);
const struct trust_anchor *trust_anchors_at(const struct trust_anchors *anchors, uint32_t index);

/* The anchors of one subject name (compared per RFC 5280 7.1), one after another: NULL starts, NULL ends.
 * Constant time in the number of anchors. */
const struct trust_anchor *trust_anchors_by_subject(const struct trust_anchors *anchors, struct text subject,
                                                    const struct trust_anchor *previous);

/* May the certificate be an anchor: a CA that signs certificates, sound, with a strong key? Its dates are the
 * caller's to look at; who signed it is of no concern, but that it must name the key of another who did. On
 * refusal *why is a literal, a clause for a problem. */
enum reason trust_anchor_check(const struct certificate *certificate, const char **why);
/* The same without a look at any signature: for every path anew. */
enum reason trust_anchor_check_use(const struct certificate *certificate, const char **why);

#endif
