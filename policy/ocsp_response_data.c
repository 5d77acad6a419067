/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DER -> facts: ResponseData and SingleResponse (RFC 6960 4.2.1), in the order of their fields. */
#include "policy/distinguished_name.h"
#include "policy/extension.h"
#include "policy/ocsp_parts.h"

#define OCSP_EXTENSIONS_MOST 16u

/* GeneralizedTime alone (4.2.2.1). */
static bool take_time(struct text *rest, int64_t *seconds)
{
    struct text content;
    return der_next_of(rest, DER_GENERALIZED_TIME, &content) &&
           der_time(DER_GENERALIZED_TIME, content, seconds);
}

/* [1] EXPLICIT Extensions OPTIONAL. 4.4: none is critical by right, and none is needed here: a nonce was not
 * asked for, and an archive cutoff or a reference to a CRL changes nothing. */
static bool skip_extensions(struct text *rest, const char **why)
{
    struct text wrapped, list, seen[OCSP_EXTENSIONS_MOST];
    struct extension extension;
    size_t count = 0;
    bool present;

    *why = "its extensions cannot be read";
    if (!der_optional(rest, DER_CONTEXT_CONSTRUCTED(1), &wrapped, &present))
        return false;
    if (!present)
        return true;
    if (!der_only(wrapped, DER_SEQUENCE, &list) || list.length == 0)
        return false;
    while (list.length > 0) {
        if (count == OCSP_EXTENSIONS_MOST || !extension_next(&list, &extension))
            return false;
        for (size_t i = 0; i < count; i++) {
            if (text_equal(seen[i], extension.oid))
                return false;
        }
        seen[count++] = extension.oid;
        if (extension.critical) {
            *why = "it has a critical extension that is not known";
            return false;
        }
    }
    return true;
}

/* ---- CertID ---- */

static enum ocsp_hash hash_of(struct text oid)
{
    if (text_equal(oid, TEXT("\x2b\x0e\x03\x02\x1a")))
        return OCSP_HASH_SHA1;
    if (text_equal(oid, TEXT("\x60\x86\x48\x01\x65\x03\x04\x02\x01")))
        return OCSP_HASH_SHA256;
    return OCSP_HASH_OTHER;
}

/* AlgorithmIdentifier: the parameters of SHA-1 and SHA-256 are NULL, or absent (RFC 5754 2). */
static bool take_hash(struct text *rest, enum ocsp_hash *hash)
{
    struct text identifier, oid;

    if (!der_next_of(rest, DER_SEQUENCE, &identifier) || !der_next_of(&identifier, DER_OID, &oid) ||
        !der_is_oid(oid))
        return false;
    *hash = hash_of(oid);
    return *hash == OCSP_HASH_OTHER || identifier.length == 0 || text_equal(identifier, TEXT("\x05\x00"));
}

static bool take_certificate_id(struct text *rest, struct ocsp_single *single)
{
    struct text id;
    return der_next_of(rest, DER_SEQUENCE, &id) && take_hash(&id, &single->hash) &&
           der_next_of(&id, DER_OCTET_STRING, &single->issuer_name_hash) &&
           der_next_of(&id, DER_OCTET_STRING, &single->issuer_key_hash) &&
           der_next_of(&id, DER_INTEGER, &single->serial) && der_is_integer(single->serial) && id.length == 0;
}

/* ---- SingleResponse ---- */

/* RevokedInfo ::= SEQUENCE { revocationTime, revocationReason [0] EXPLICIT CRLReason OPTIONAL }; the reason
 * changes nothing: a certificate on hold is as little to be believed. */
static bool read_revoked(struct text content, struct ocsp_single *single)
{
    struct text wrapped, reason;
    uint32_t number;
    bool has_reason;

    single->status = OCSP_REVOKED;
    return take_time(&content, &single->revoked_at) &&
           der_optional(&content, DER_CONTEXT_CONSTRUCTED(0), &wrapped, &has_reason) && content.length == 0 &&
           (!has_reason ||
            (der_only(wrapped, DER_ENUMERATED, &reason) && der_small_integer(reason, 10, &number)));
}

static bool take_status(struct text *rest, struct ocsp_single *single)
{
    struct der_value status;

    if (!der_next(rest, &status))
        return false;
    if (status.tag == DER_CONTEXT_CONSTRUCTED(1))
        return read_revoked(status.content, single);
    single->status = status.tag == DER_CONTEXT(0) ? OCSP_GOOD : OCSP_UNKNOWN;
    return (status.tag == DER_CONTEXT(0) || status.tag == DER_CONTEXT(2)) && status.content.length == 0;
}

static bool take_update_times(struct text *rest, struct ocsp_single *single)
{
    struct text wrapped;
    bool has_next;

    if (!take_time(rest, &single->this_update) ||
        !der_optional(rest, DER_CONTEXT_CONSTRUCTED(0), &wrapped, &has_next))
        return false;
    single->ends = single->this_update + OCSP_LIFE_WITHOUT_NEXT_UPDATE;
    return !has_next ||
           (take_time(&wrapped, &single->ends) && wrapped.length == 0 && single->ends >= single->this_update);
}

static bool take_single(struct text *rest, struct ocsp_single *single, const char **why)
{
    struct text content;

    *why = "it has an answer that cannot be read";
    if (!der_next_of(rest, DER_SEQUENCE, &content) || !take_certificate_id(&content, single) ||
        !take_status(&content, single))
        return false;
    *why = "it has an answer whose thisUpdate or nextUpdate is missing or wrong";
    if (!take_update_times(&content, single) || !skip_extensions(&content, why))
        return false;
    *why = "it has an answer that cannot be read";
    return content.length == 0;
}

static bool read_singles(struct ocsp_response *response, struct text list, const char **why)
{
    *why = "it has no answer";
    if (list.length == 0)
        return false;
    while (list.length > 0) {
        *why = "it has more than 32 answers";
        if (response->single_count == OCSP_SINGLES_MOST ||
            !take_single(&list, &response->single[response->single_count], why))
            return false;
        response->single_count++;
    }
    return true;
}

/* ---- ResponseData ---- */

/* ResponderID ::= CHOICE { byName [1] Name, byKey [2] KeyHash }, both EXPLICIT */
static bool take_responder(struct text *rest, struct ocsp_response *response)
{
    struct der_value id;

    if (!der_next(rest, &id))
        return false;
    if (id.tag == DER_CONTEXT_CONSTRUCTED(2))
        return der_only(id.content, DER_OCTET_STRING, &response->responder_key_hash) &&
               response->responder_key_hash.length == 20;
    response->responder_name = id.content;
    return id.tag == DER_CONTEXT_CONSTRUCTED(1) && distinguished_name_is_sound(id.content) &&
           !distinguished_name_is_empty(id.content);
}

bool ocsp_read_response_data(struct ocsp_response *response, const char **why)
{
    struct text rest, singles;

    *why = "what it says cannot be read";
    if (!der_only(response->to_be_signed, DER_SEQUENCE, &rest))
        return false;
    *why = "its version is not 1"; /* the default, which DER leaves out */
    if (der_is_next(rest, DER_CONTEXT_CONSTRUCTED(0)))
        return false;
    *why = "its responderID cannot be read";
    if (!take_responder(&rest, response))
        return false;
    *why = "what it says cannot be read";
    if (!take_time(&rest, &response->produced_at) || !der_next_of(&rest, DER_SEQUENCE, &singles))
        return false;
    if (!read_singles(response, singles, why) || !skip_extensions(&rest, why))
        return false;
    *why = "what it says cannot be read";
    return rest.length == 0;
}
