/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_OCSP_RESPONSE_H
#define FEDGATE_POLICY_OCSP_RESPONSE_H

/* What an OCSP responder answered (RFC 6960 4.2), read strictly from DER, and what may be concluded from it.
 * Reading believes nothing yet: whether it is signed by someone who may speak for the certificate's issuer is
 * judged by ocsp_response_check. Immutable once read, but for its marks: any number of threads may ask it. */

#include <stdatomic.h>

#include "policy/certificate.h"

#define OCSP_RESPONSE_LARGEST (64u * 1024u) /* octets of DER */
#define OCSP_SINGLES_MOST 32u               /* answers in one response */
#define OCSP_CERTIFICATES_MOST 8u           /* certificates in one response */
/* Signature checks that one question may cost: the issuer's own key, or two delegates, each with the
 * signature on its certificate. */
#define OCSP_SIGNATURE_BUDGET 5u

/* Seconds. How far the responder's clock may be ahead of ours: thisUpdate and producedAt may lie that far in
 * the future. The end of an answer is taken as it stands. */
#define OCSP_CLOCK_SKEW 300
/* Without nextUpdate newer information is always to be had (4.2.2.1): such an answer is believed for this
 * long after its thisUpdate. */
#define OCSP_LIFE_WITHOUT_NEXT_UPDATE 3600

enum ocsp_answer {
    OCSP_UNUSABLE, /* nothing may be concluded from the response about this certificate */
    OCSP_GOOD,
    OCSP_REVOKED,
    OCSP_UNKNOWN /* the responder itself does not know the certificate */
};

enum ocsp_hash { OCSP_HASH_OTHER, OCSP_HASH_SHA1, OCSP_HASH_SHA256 };

/* SingleResponse. */
struct ocsp_single {
    enum ocsp_hash hash; /* that the next two are made with; OTHER: matches no certificate */
    struct text issuer_name_hash, issuer_key_hash;
    struct text serial;        /* content octets of the INTEGER */
    enum ocsp_answer status;   /* never OCSP_UNUSABLE */
    int64_t this_update, ends; /* seconds since 1970, both inclusive; `ends` is nextUpdate, or what
                                  OCSP_LIFE_WITHOUT_NEXT_UPDATE makes of its absence */
    int64_t revoked_at;        /* of a revoked one; 0 otherwise */
};

/* All texts are views into `der`. */
struct ocsp_response {
    atomic_uint references;   /* ocsp_response_hold, ocsp_response_destroy */
    atomic_bool was_genuine;  /* somebody's mark: a check has believed it once */
    struct text der;          /* owned */
    struct text to_be_signed; /* ResponseData with its header */
    struct signature_algorithm algorithm;
    struct signature_digest digest; /* of to_be_signed */
    struct text signature;          /* bits */
    struct text responder_name;     /* Name with its header; empty: the responder names itself by key */
    struct text responder_key_hash; /* SHA-1 of the bits of its key; empty: by name */
    int64_t produced_at;            /* seconds since 1970 */
    struct ocsp_single single[OCSP_SINGLES_MOST];
    size_t single_count;
    struct certificate *certificate[OCSP_CERTIFICATES_MOST]; /* owned; those that could be read */
    size_t certificate_count;
};

/* Copies `der`. NULL on failure, with *why set to a literal, a clause for a problem: not DER, a status other
 * than successful, a type other than basic, a version other than 1, a critical extension (none is known), a
 * bound above passed, a weak signature algorithm, no memory. */
struct ocsp_response *ocsp_response_read(struct text der, const char **why)
    __attribute__((warn_unused_result));
struct ocsp_response *ocsp_response_hold(struct ocsp_response *response); /* any thread; returns it */
void ocsp_response_destroy(struct ocsp_response *response); /* gives up one reference; NULL is fine */

struct ocsp_finding {
    enum ocsp_answer answer;
    const char *why; /* a literal, a clause: what was found, or why it cannot be used; NULL when good */
    int64_t until;   /* up to then the same question has the same answer; INT64_MAX: for ever */
    /* Where the answer is not OCSP_UNUSABLE: */
    int64_t this_update; /* the later one is the newer answer */
    int64_t ends;        /* as in ocsp_single: another one should be asked for before */
    int64_t revoked_at;
    /* Who signed: a view into the response; NULL: the issuer itself. Whether a delegate is revoked is not
     * judged here; has_ocsp_no_check in it says that its CA wants it believed for as long as it lasts. */
    const struct certificate *delegate;
};

/* What the response says about `certificate`. `issuer` is the certificate above it in a path that holds.
 *
 * Believed is what the issuer's own key signed, or the key of a delegate (4.2.2.2): a certificate in the
 * response that the issuer's key signed in the issuer's name, that lasts at `now`, that has
 * id-kp-OCSPSigning itself, no critical extension that is not known, digitalSignature where it has a key
 * usage, and that is no CA. The responderID must name the signer. Strength is as for paths (signature.h).
 *
 * In force is an answer from its thisUpdate to its end, signed no later than that. A revocation counts after
 * its end, too, and after the end of the delegate that signed it, if that lasted at producedAt: only a newer
 * answer takes it back. Where several answers in one response are about the certificate, the worst counts. */
enum ocsp_answer ocsp_response_check(const struct ocsp_response *response,
                                     const struct certificate *certificate, const struct certificate *issuer,
                                     int64_t now, struct ocsp_finding *finding);

#endif
