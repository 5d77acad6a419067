/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_REVOCATION_NEEDS_H
#define FEDGATE_POLICY_REVOCATION_NEEDS_H

/* What a judgement would have liked to know of revocation and did not: for whoever fetches. */

#include "policy/revocation_evidence.h"
#include "policy/revocation_sources.h"

#define REVOCATION_NEEDS_MOST 16u /* of one judgement; what is beyond is noticed at the next one */

struct revocation_need {
    enum evidence_kind kind;
    struct text url;               /* borrowed from the certificate or the policy */
    struct ocsp_certificate_id id; /* EVIDENCE_OCSP: what to ask there */
    bool is_doubted;               /* nothing of what came from there can be believed, although it lasts */
};

struct revocation_needs {
    struct revocation_need need[REVOCATION_NEEDS_MOST];
    size_t count;
    bool must_wait; /* one of them was never asked, and its answer may change the verdict */
};

/* A second need of the same source adds its doubt alone. `needs` may be NULL: nobody fetches. */
void revocation_needs_add(struct revocation_needs *needs, const struct revocation_need *need, bool must_wait);

/* What evidence of it is kept under; a view into the need. */
struct text revocation_need_key(const struct revocation_need *need);

#endif
