/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an OCSP response says about one certificate, and whether its signer may say so (RFC 6960 3.2, 4.2.2).
 * What costs nothing is asked first, so that no signature is checked of an answer that would not count. */
#include "policy/distinguished_name.h"
#include "policy/ocsp_parts.h"

struct inquiry {
    const struct ocsp_response *response;
    const struct certificate *certificate, *issuer;
    int64_t now;
    struct ocsp_finding *finding; /* `why` and `until` as far as it has come */
    unsigned checks_left;
};

static bool refuse(struct inquiry *inquiry, const char *why)
{
    inquiry->finding->why = why;
    return false;
}

static void let_answer_end(struct inquiry *inquiry, int64_t last)
{
    if (last < inquiry->finding->until)
        inquiry->finding->until = last;
}

/* ---- which answers are about the certificate ---- */

/* The certificate's CertID, for each hash that a responder may have chosen. */
struct names {
    struct ocsp_digest issuer_name[OCSP_HASH_SHA256 + 1], issuer_key[OCSP_HASH_SHA256 + 1];
};

static bool names_make(const struct inquiry *inquiry, struct names *names)
{
    for (enum ocsp_hash hash = OCSP_HASH_SHA1; hash <= OCSP_HASH_SHA256; hash++) {
        if (!ocsp_digest_make(hash, inquiry->certificate->issuer, &names->issuer_name[hash]) ||
            !ocsp_digest_make(hash, ocsp_key_bits(inquiry->issuer), &names->issuer_key[hash]))
            return false;
    }
    return true;
}

static bool is_about(const struct ocsp_single *single, const struct names *names,
                     const struct certificate *certificate)
{
    return single->hash != OCSP_HASH_OTHER && text_equal(single->serial, certificate->serial) &&
           ocsp_digest_equal(&names->issuer_name[single->hash], single->issuer_name_hash) &&
           ocsp_digest_equal(&names->issuer_key[single->hash], single->issuer_key_hash);
}

/* ---- is it in force? ---- */

/* 4.2.2.1: the status was known at thisUpdate, so it cannot have been signed before. */
static bool was_produced_soundly(struct inquiry *inquiry, const struct ocsp_single *single)
{
    int64_t produced_at = inquiry->response->produced_at;

    if (produced_at > inquiry->now + OCSP_CLOCK_SKEW) {
        let_answer_end(inquiry, produced_at - OCSP_CLOCK_SKEW - 1);
        return refuse(inquiry, "it was signed in the future");
    }
    if (single->this_update > inquiry->now + OCSP_CLOCK_SKEW) {
        let_answer_end(inquiry, single->this_update - OCSP_CLOCK_SKEW - 1);
        return refuse(inquiry, "its answer is not in force yet");
    }
    if (single->this_update > produced_at + OCSP_CLOCK_SKEW)
        return refuse(inquiry, "its answer is newer than its signature");
    return true;
}

static bool is_in_force(struct inquiry *inquiry, const struct ocsp_single *single)
{
    if (!was_produced_soundly(inquiry, single))
        return false;
    if (single->status == OCSP_REVOKED)
        return true;
    if (inquiry->now > single->ends)
        return refuse(inquiry, "its answer has ended");
    let_answer_end(inquiry, single->ends);
    return inquiry->response->produced_at <= single->ends ||
           refuse(inquiry, "its answer had ended when it was signed");
}

static bool is_worse(const struct ocsp_single *a, const struct ocsp_single *b)
{
    static const int badness[] = {[OCSP_GOOD] = 0, [OCSP_UNKNOWN] = 1, [OCSP_REVOKED] = 2};
    return badness[a->status] > badness[b->status];
}

/* NULL: none that counts, `why` is set. */
static const struct ocsp_single *find_answer(struct inquiry *inquiry)
{
    const struct ocsp_single *worst = NULL;
    struct names names;

    if (!names_make(inquiry, &names)) {
        inquiry->finding->why = "there is no memory for it";
        inquiry->finding->until = inquiry->now;
        return NULL;
    }
    inquiry->finding->why = "it does not speak of this certificate";
    for (size_t i = 0; i < inquiry->response->single_count; i++) {
        const struct ocsp_single *single = &inquiry->response->single[i];
        if (is_about(single, &names, inquiry->certificate) && is_in_force(inquiry, single) &&
            (worst == NULL || is_worse(single, worst)))
            worst = single;
    }
    return worst;
}

/* ---- may its signer say so? ---- */

static bool is_responder(const struct ocsp_response *response, const struct certificate *certificate)
{
    struct ocsp_digest digest;

    if (response->responder_name.length > 0)
        return distinguished_name_equal(response->responder_name, certificate->subject);
    return ocsp_digest_make(OCSP_HASH_SHA1, ocsp_key_bits(certificate), &digest) &&
           ocsp_digest_equal(&digest, response->responder_key_hash);
}

static bool signed_with(struct inquiry *inquiry, const struct certificate *signer)
{
    const struct ocsp_response *response = inquiry->response;
    inquiry->checks_left--;
    return signature_verify_digest(&signer->key, &response->algorithm, &response->digest,
                                   response->to_be_signed, response->signature) ||
           refuse(inquiry, "its signature does not verify");
}

static bool lasts_at(const struct certificate *certificate, int64_t time)
{
    return certificate->not_before <= time && time <= certificate->not_after;
}

/* What a delegate must be by itself (4.2.2.2). */
static bool may_be_delegate(struct inquiry *inquiry, const struct certificate *delegate)
{
    const char *why;

    if (!distinguished_name_equal(delegate->issuer, inquiry->issuer->subject))
        return refuse(inquiry, "the certificate of its signer is of another issuer");
    if ((delegate->extended_key_usage & CERTIFICATE_EKU_OCSP) == 0)
        return refuse(inquiry, "the certificate of its signer lacks id-kp-OCSPSigning");
    if (delegate->is_ca)
        return refuse(inquiry, "the certificate of its signer is that of a CA");
    if (delegate->has_key_usage && (delegate->key_usage & CERTIFICATE_KU_DIGITAL_SIGNATURE) == 0)
        return refuse(inquiry, "the keyUsage of its signer lacks digitalSignature");
    if (delegate->has_unknown_critical_extension)
        return refuse(inquiry, "the certificate of its signer has a critical extension that is not known");
    if (delegate->defect != REASON_OK)
        return refuse(inquiry, delegate->defect_text);
    if (!certificate_is_issued_soundly(delegate, &why))
        return refuse(inquiry, why);
    if (delegate->algorithm.kind == SIGNATURE_REFUSED)
        return refuse(inquiry, delegate->algorithm.weakness);
    return true;
}

static bool delegate_lasts(struct inquiry *inquiry, const struct certificate *delegate, bool revoked)
{
    if (revoked && lasts_at(delegate, inquiry->response->produced_at))
        return true;
    if (inquiry->now > delegate->not_after)
        return refuse(inquiry, "the certificate of its signer has expired");
    if (inquiry->now < delegate->not_before) {
        let_answer_end(inquiry, delegate->not_before - 1);
        return refuse(inquiry, "the certificate of its signer is not valid yet");
    }
    let_answer_end(inquiry, delegate->not_after);
    return true;
}

static bool issuer_signed(struct inquiry *inquiry, const struct certificate *delegate)
{
    inquiry->checks_left--;
    return signature_verify(&inquiry->issuer->key, &delegate->algorithm, delegate->to_be_signed,
                            delegate->signature) ||
           refuse(inquiry, "the certificate of its signer is not signed by the issuer");
}

/* No key is used before it is vouched for. */
static bool is_from_delegate(struct inquiry *inquiry, const struct certificate *delegate, bool revoked)
{
    if (!may_be_delegate(inquiry, delegate) || !delegate_lasts(inquiry, delegate, revoked))
        return false;
    if (inquiry->checks_left < 2)
        return refuse(inquiry, "too many signatures would have to be checked");
    return issuer_signed(inquiry, delegate) && signed_with(inquiry, delegate);
}

static bool is_authorised(struct inquiry *inquiry, bool revoked)
{
    const struct ocsp_response *response = inquiry->response;

    inquiry->finding->why = "its responderID names neither the issuer nor a certificate in it";
    if (is_responder(response, inquiry->issuer) && signed_with(inquiry, inquiry->issuer))
        return true;
    for (size_t i = 0; i < response->certificate_count; i++) {
        const struct certificate *delegate = response->certificate[i];
        if (is_responder(response, delegate) && is_from_delegate(inquiry, delegate, revoked)) {
            inquiry->finding->delegate = delegate;
            return true;
        }
    }
    return false;
}

enum ocsp_answer ocsp_response_check(const struct ocsp_response *response,
                                     const struct certificate *certificate, const struct certificate *issuer,
                                     int64_t now, struct ocsp_finding *finding)
{
    struct inquiry inquiry = {response, certificate, issuer, now, finding, OCSP_SIGNATURE_BUDGET};

    *finding = (struct ocsp_finding){.answer = OCSP_UNUSABLE, .until = INT64_MAX};
    const struct ocsp_single *answer = find_answer(&inquiry);
    if (answer == NULL)
        return OCSP_UNUSABLE;
    if (answer->status == OCSP_REVOKED)
        finding->until = INT64_MAX; /* whatever else in it ends */
    if (!is_authorised(&inquiry, answer->status == OCSP_REVOKED))
        return OCSP_UNUSABLE;
    finding->answer = answer->status;
    finding->this_update = answer->this_update;
    finding->ends = answer->ends;
    finding->revoked_at = answer->revoked_at;
    finding->why = answer->status == OCSP_GOOD ? NULL
                   : answer->status == OCSP_REVOKED
                       ? "the OCSP responder of its issuer says that it is revoked"
                       : "the OCSP responder of its issuer does not know it";
    return finding->answer;
}
