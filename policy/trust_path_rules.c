/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/trust_path_rules.h"

#include <string.h>

#include "policy/name_constraints.h"

static enum reason refuse(enum reason reason, const char *text, const char **why)
{
    *why = text;
    return reason;
}

static enum reason check_dates(const struct certificate *certificate, int64_t now, const char **why)
{
    if (now < certificate->not_before)
        return refuse(REASON_CERTIFICATE_NOT_YET_VALID, "it is not valid yet", why);
    if (now > certificate->not_after)
        return refuse(REASON_CERTIFICATE_EXPIRED, "it has expired", why);
    return REASON_OK;
}

/* 6.1.4 (k), (n): an issuer is a CA, and may sign certificates where its key usage is given. 6.1.5 asks
 * nothing of the leaf. */
static enum reason check_usage(const struct certificate *certificate, enum path_place place, const char **why)
{
    if (place == PATH_LEAF)
        return REASON_OK;
    if (!certificate->is_ca)
        return refuse(REASON_WRONG_KEY_USAGE, "it issued a certificate and is no CA", why);
    if (certificate->has_key_usage && (certificate->key_usage & CERTIFICATE_KU_KEY_CERT_SIGN) == 0)
        return refuse(REASON_WRONG_KEY_USAGE, "its keyUsage lacks keyCertSign", why);
    return REASON_OK;
}

enum reason path_check_certificate(const struct certificate *certificate, enum path_place place, int64_t now,
                                   const char **why)
{
    enum reason reason;

    if (place == PATH_ANCHOR) {
        reason = trust_anchor_check_use(certificate, why);
        return reason != REASON_OK ? reason : check_dates(certificate, now, why);
    }
    if (certificate->defect != REASON_OK)
        return refuse(certificate->defect, certificate->defect_text, why);
    if (certificate->has_unknown_critical_extension)
        return refuse(REASON_MALFORMED_CERTIFICATE, "it has a critical extension that is not known", why);
    if (!certificate_is_issued_soundly(certificate, why))
        return REASON_MALFORMED_CERTIFICATE;
    if (certificate->algorithm.kind == SIGNATURE_REFUSED)
        return refuse(REASON_WEAK_CERTIFICATE, certificate->algorithm.weakness, why);
    reason = check_dates(certificate, now, why);
    return reason != REASON_OK ? reason : check_usage(certificate, place, why);
}

bool path_key_ids_differ(const struct certificate *child, const struct certificate *issuer)
{
    return child->authority_key_id.length > 0 && issuer->subject_key_id.length > 0 &&
           !text_equal(child->authority_key_id, issuer->subject_key_id);
}

enum reason path_check_issuer(const struct certificate *child, const struct certificate *issuer,
                              const char **why)
{
    if (issuer->key.kind != PUBLIC_KEY_REFUSED && !signature_fits_key(&child->algorithm, &issuer->key))
        return refuse(REASON_WEAK_CERTIFICATE, "its key is not of the kind that made the signature", why);
    return REASON_OK;
}

/* 6.1.3 (b), (c); 6.1.4 (g). Self-issued intermediates are exempt, the leaf never is. */
enum reason path_check_names(const struct trust_path *path, const bool *self_issued, uint32_t *budget,
                             const char **why)
{
    for (size_t ca = path->count - 1; ca > 0; ca--) {
        struct text constraints = path->certificate[ca]->name_constraints;
        if (constraints.length == 0)
            continue;
        for (size_t below = 0; below < ca; below++) {
            if (below > 0 && self_issued[below])
                continue;
            if (!name_constraints_allow(constraints, path->certificate[below], below == 0, budget))
                return refuse(REASON_NAME_CONSTRAINT_VIOLATED,
                              *budget == 0 ? "there are too many names and constraints to compare"
                                           : "a name lies outside the name constraints of a CA",
                              why);
        }
    }
    return REASON_OK;
}

static bool check_signature(const struct certificate *child, const struct certificate *issuer,
                            struct signature_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        if (log->checked[i].child == child && log->checked[i].issuer == issuer)
            return log->checked[i].good;
    }
    if (presented_chain_has_proof(log->chain, child, issuer))
        return true;
    if (log->count == TRUST_PATH_SIGNATURE_BUDGET) {
        log->exhausted = true;
        return false;
    }
    bool good = signature_verify(&issuer->key, &child->algorithm, child->to_be_signed, child->signature);
    log->checked[log->count].child = child;
    log->checked[log->count].issuer = issuer;
    log->checked[log->count].good = good;
    log->count++;
    if (good)
        presented_chain_keep_proof(log->chain, child, issuer);
    return good;
}

enum reason path_check_signatures(const struct trust_path *path, struct signature_log *log, const char **why)
{
    for (size_t i = path->count - 1; i > 0; i--) {
        if (!check_signature(path->certificate[i - 1], path->certificate[i], log))
            return refuse(REASON_UNTRUSTED_CHAIN,
                          log->exhausted ? "too many signatures would have to be checked"
                                         : "a signature does not verify with the key of the issuer",
                          why);
    }
    return REASON_OK;
}

void path_sum_up(struct trust_path *path)
{
    path->extended_key_usage = ~0u;
    path->valid_until = INT64_MAX;
    path->leaf_may_sign = !path->certificate[0]->has_key_usage ||
                          (path->certificate[0]->key_usage & CERTIFICATE_KU_DIGITAL_SIGNATURE) != 0;
    for (size_t i = 0; i < path->count; i++) {
        const struct certificate *certificate = path->certificate[i];
        if (certificate->has_extended_key_usage &&
            (certificate->extended_key_usage & CERTIFICATE_EKU_ANY) == 0)
            path->extended_key_usage &= certificate->extended_key_usage;
        if (certificate->not_after < path->valid_until)
            path->valid_until = certificate->not_after;
    }
}
