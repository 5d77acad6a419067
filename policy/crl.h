/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_CRL_H
#define FEDGATE_POLICY_CRL_H

/* One certificate revocation list (RFC 5280 section 5), read strictly from DER: a complete one, or a delta to
 * one (5.2.4); of its issuer's certificates, or an indirect one, of others' too (5.2.5). Refused whole, since
 * nothing could be concluded from them: lists with unknown critical extensions, of the list or of an entry,
 * or without nextUpdate or CRLNumber. Immutable once read, but for its marks. */

#include <stdatomic.h>

#include "policy/certificate.h"

#define CRL_LARGEST (64u * 1024u * 1024u) /* octets of DER */
#define CRL_ENTRIES_MOST 1000000u
/* Ed25519 has the whole list hashed at each check of its signature. */
#define CRL_ED25519_LARGEST (256u * 1024u)

/* Reasons for revocation as bits, bit n of ReasonFlags (RFC 5280 4.2.1.13) is 1 << n. */
#define CRL_REASONS_ALL 0x1feu

/* What the list speaks of (issuingDistributionPoint, 5.2.5). */
struct crl_scope {
    bool only_users, only_authorities,
        only_attributes;            /* certificates of end entities, of CAs, attribute ones */
    uint32_t reasons;               /* revocations for these reasons are in it */
    struct text distribution_point; /* DistributionPointName; empty: every certificate of the issuer */
};

/* An entry that says another thing than that a certificate of the list's issuer is revoked. */
struct crl_odd_entry {
    struct text serial, issuer; /* issuer: Name with its header */
    bool is_removed;            /* of a delta: the complete list names it no more */
};

struct crl {
    atomic_uint references; /* crl_hold, crl_destroy */
    /* A CA of an accepted path has signed it: what is fetched later and cannot say so never displaces it. */
    atomic_bool was_genuine;
    struct text der;          /* owned */
    struct text to_be_signed; /* with its header */
    struct signature_algorithm algorithm;
    struct signature_digest digest;   /* of to_be_signed */
    struct text signature;            /* bits */
    struct text issuer;               /* Name with its header */
    int64_t this_update, next_update; /* seconds since 1970 */
    struct text number;               /* CRLNumber, content octets: positive or zero, at most 20 */
    struct text authority_key_id;     /* empty when absent */
    struct text base_number;          /* of a delta: BaseCRLNumber; empty: it is complete */
    bool is_indirect;
    struct crl_scope scope;
    struct text *serials; /* owned; content octets of the INTEGERs, sorted */
    size_t serial_count;
    struct crl_odd_entry *odd; /* owned; sorted by serial */
    size_t odd_count;
};

/* Copies `der`. NULL on failure, with *why set to a literal, a clause for a problem. */
struct crl *crl_read(struct text der, const char **why) __attribute__((warn_unused_result));
struct crl *crl_hold(struct crl *crl); /* any thread; returns it */
void crl_destroy(struct crl *crl);     /* gives up one reference, any thread; NULL is fine */

enum crl_status { CRL_SILENT, CRL_REVOKES, CRL_REMOVES };
/* What the list says of the certificate with this issuer (Name with its header) and serial number. */
enum crl_status crl_status_of(const struct crl *crl, struct text issuer, struct text serial);

static inline bool crl_is_delta(const struct crl *crl)
{
    return crl->base_number.length > 0;
}
/* Of the same issuer, key and scope: the newer one takes the place of the older. Deltas among themselves, as
 * complete ones do; or `across` both. */
bool crl_is_successor_of(const struct crl *a, const struct crl *b, bool across);
/* May the delta be applied to this complete list (5.2.4, 6.3.3 (c))? */
bool crl_delta_applies(const struct crl *delta, const struct crl *complete);
/* Is `a` newer than `b`: a higher CRLNumber, or the same and a later thisUpdate? */
bool crl_is_newer(const struct crl *a, const struct crl *b);
/* Is it of this CA: its name, its key identifier where both are given, cRLSign where the CA has a key usage,
 * a strong algorithm, and a signature that verifies? */
bool crl_is_signed_by(const struct crl *crl, const struct certificate *authority);

/* Which reasons for a revocation of `certificate` this list tells of (6.3.3 (b) and (d)): 0 when it does not
 * speak of it at all, CRL_REASONS_ALL when it would hold any. A list in the name of another than the
 * certificate's issuer speaks of it when it is indirect and a distribution point of the certificate names it.
 */
uint32_t crl_reasons_for(const struct crl *crl, const struct certificate *certificate);

/* Names of issuers, other than its own, that the distribution points of a certificate give its CRLs
 * (cRLIssuer): views into it. Returns how many, at most CRL_ISSUERS_MOST. */
#define CRL_ISSUERS_MOST 4u
size_t certificate_crl_issuers(const struct certificate *certificate, struct text name[CRL_ISSUERS_MOST]);

#endif
