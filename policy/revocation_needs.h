/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_REVOCATION_NEEDS_H
#define FEDGATE_POLICY_REVOCATION_NEEDS_H

/* What a judgement would have liked to know of revocation and did not: for whoever fetches. */

#include "policy/revocation_evidence.h"
#include "policy/revocation_sources.h"

#define REVOCATION_NEEDS_MOST 16u /* of one judgement; what is beyond is noticed at the next one */

#define REVOCATION_KEY_LONGEST (REVOCATION_URL_LONGEST + 1u + 64u)

struct revocation_need {
    enum evidence_kind kind;
    struct text url;                  /* borrowed from the certificate or the policy */
    struct ocsp_certificate_id id;    /* EVIDENCE_OCSP: what to ask there */
    char key[REVOCATION_KEY_LONGEST]; /* EVIDENCE_CRL: see below */
    size_t key_length;
    const char *owner; /* borrowed; by whose terms it is needed: as in them */
    bool is_doubted;   /* nothing of what came from there can be believed, although it lasts */
};

/* A list that a partner's file, or our own, names by its URL: kept for all who name it. */
struct revocation_need revocation_need_listed(struct text url);
/* The list of a distribution point, for certificates of this issuer. Kept by the issuer's key besides the
 * URL: whoever has a CA of that name elsewhere, and can forge what the URL gives, would have his list found
 * genuine and displace the true one. */
struct revocation_need revocation_need_of_point(struct text url, const struct certificate *issuer);
/* The one that an EVIDENCE_CRL came by. */
struct revocation_need revocation_need_of_entry(const struct evidence_entry *entry);

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
