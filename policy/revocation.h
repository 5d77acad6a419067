/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_REVOCATION_H
#define FEDGATE_POLICY_REVOCATION_H

/* Is a certificate of a path revoked (RFC 5280 6.3, RFC 6960)? Judged from CRLs that were read from files and
 * from what someone else has fetched.
 *
 * A CRL is believed when a CA on the path that bears the name of the certificate's issuer has signed it with
 * the key of its certificate; an OCSP answer as ocsp_response.h says. Who says that a certificate is revoked
 * is believed under every rule. Known to be good is a certificate
 *     for `revocation: required`  by a CRL in force, or by an OCSP answer in force where `ocsp` is not off;
 *     for `ocsp: required`        by an OCSP answer in force; a CA's certificate by a CRL in force too, since
 *                                 many CAs serve no OCSP for their own. */

#include "policy/crl_store.h"
#include "policy/partner.h"
#include "policy/revocation_needs.h"
#include "policy/trust_path.h"

/* CRLs that are looked at for one certificate, the newest first; each may cost a signature check. */
#define REVOCATION_CRLS_MOST 24u
/* Until a source that was never asked is asked for again, should the first need of it have been lost. */
#define REVOCATION_UNASKED_SECONDS 30

/* What a check goes by besides the path. All borrowed during the call. */
struct revocation_question {
    const struct revocation_terms *terms;
    const struct revocation_evidence *evidence; /* NULL: nothing is fetched */
    const struct presented_chain
        *chain;                     /* that the path was found in: signers of CRLs may be in it; NULL: none */
    struct revocation_needs *needs; /* is added to; NULL: nobody will fetch */
    int64_t now;                    /* seconds since 1970 */
    /* Until then a certificate passes of which nothing is known because a source was never asked: for a live
     * session that a reload has given a new source. 0: never. */
    int64_t unasked_passes_until;
};

/* Where a check ended, for logs and explain. */
struct revocation_finding {
    const struct certificate *certificate; /* the one that is revoked, or the first that is not known to be
                                              good, whether that matters or not; NULL when all is well */
    const char *why;                       /* a literal */
    int64_t until;                         /* up to then the same question has the same answer */
    uint64_t marks;                        /* evidence_mark of every fetched source that it went by */
};

/* Every certificate of the path but the anchor. REASON_OK; REASON_CERTIFICATE_REVOKED, which an expired CRL
 * suffices to tell; REASON_REVOCATION_UNKNOWN where the terms require what is not known. `finding` may be
 * NULL. */
enum reason revocation_check(const struct trust_path *path, const struct revocation_question *question,
                             struct revocation_finding *finding);

/* Do the terms name anything to go by? */
bool revocation_terms_have_sources(const struct revocation_terms *terms);

#endif
