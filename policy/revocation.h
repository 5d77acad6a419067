/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_REVOCATION_H
#define FEDGATE_POLICY_REVOCATION_H

/* Is a certificate of a path revoked (RFC 5280 6.3)? Judged from CRLs that someone else has fetched. A CRL is
 * believed when a CA on the path that bears the name of the certificate's issuer has signed it with the key
 * of its certificate. */

#include "policy/crl.h"
#include "policy/partner.h"
#include "policy/trust_path.h"

/* CRLs of one issuer name that a store takes: cut by distribution point, by reason, by key. Each costs a
 * signature check. */
#define CRL_STORE_SAME_ISSUER_MOST 16u

struct crl_store; /* built once, then read by any number of threads */

struct crl_store *crl_store_create(void);        /* NULL: no memory */
void crl_store_destroy(struct crl_store *store); /* NULL is fine */

/* Takes the CRL in every case. An older one never takes the place of a newer: both stay, since which of them
 * is genuine shows only at the check, and the newest that verifies counts there. An identical one is dropped.
 * False with *why set to a literal: no memory, or too many of one issuer. */
bool crl_store_add(struct crl_store *store, struct crl *take, const char **why)
    __attribute__((warn_unused_result));
size_t crl_store_count(const struct crl_store *store);
const struct crl *crl_store_at(const struct crl_store *store, size_t index);

/* Where a check ended, for logs and explain. */
struct revocation_finding {
    const struct certificate *certificate; /* the one that is revoked or unknown; NULL when all is well */
    const char *why;                       /* a literal */
    int64_t until;                         /* up to then the same question has the same answer */
};

/* Every certificate of the path but the anchor. REASON_OK; REASON_CERTIFICATE_REVOKED, which an expired CRL
 * suffices to tell; REASON_REVOCATION_UNKNOWN only under REVOCATION_REQUIRED: no CRL in force covers one of
 * the certificates. `finding` may be NULL. `store` may be NULL: no CRLs. */
enum reason revocation_check(const struct trust_path *path, const struct crl_store *store, int64_t now,
                             enum revocation_rule rule, struct revocation_finding *finding);

#endif
