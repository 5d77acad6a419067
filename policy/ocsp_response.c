/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DER -> facts: OCSPResponse and BasicOCSPResponse (RFC 6960 4.2.1); what is signed of them is read by
 * ocsp_response_data.c. */
#include "policy/ocsp_response.h"

#include <stdlib.h>

#include "policy/ocsp_parts.h"

/* ---- the envelope ---- */

static const char *status_why(struct text status)
{
    static const char *const whys[] = {
        [1] = "the responder calls the request malformed",
        [2] = "the responder has an internal error",
        [3] = "the responder says to try later",
        [5] = "the responder wants signed requests",
        [6] = "the responder says that it is not authorised to answer",
    };
    uint32_t number;

    if (!der_small_integer(status, sizeof(whys) / sizeof(whys[0]) - 1, &number) || whys[number] == NULL)
        return "its status is not known";
    return whys[number];
}

/* OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED, responseBytes [0] EXPLICIT OPTIONAL } */
static bool take_basic(struct text der, struct text *basic, const char **why)
{
    struct text rest, status, wrapped, bytes, type;
    bool has_bytes;

    *why = "it is not DER, or no OCSP response";
    if (!der_only(der, DER_SEQUENCE, &rest) || !der_next_of(&rest, DER_ENUMERATED, &status) ||
        !der_optional(&rest, DER_CONTEXT_CONSTRUCTED(0), &wrapped, &has_bytes) || rest.length != 0)
        return false;
    if (!text_equal(status, TEXT("\x00"))) {
        *why = status_why(status);
        return false;
    }
    if (!has_bytes || !der_only(wrapped, DER_SEQUENCE, &bytes) || !der_next_of(&bytes, DER_OID, &type) ||
        !der_next_of(&bytes, DER_OCTET_STRING, basic) || bytes.length != 0)
        return false;
    *why = "its type is not id-pkix-ocsp-basic";
    return text_equal(type, TEXT("\x2b\x06\x01\x05\x05\x07\x30\x01\x01"));
}

/* ---- the signed response ---- */

static bool take_certificate(struct ocsp_response *response, struct text der, const char **why)
{
    struct certificate *certificate = NULL;
    enum reason reason = certificate_read(der, &certificate);

    if (reason == REASON_OK)
        response->certificate[response->certificate_count++] = certificate;
    *why = "there is no memory for it";
    return reason != REASON_OVERLOADED; /* a malformed one vouches for nothing: left out */
}

static bool read_certificates(struct ocsp_response *response, struct text wrapped, const char **why)
{
    struct text list, der;
    size_t count = 0;

    *why = "its certificates cannot be read";
    if (!der_only(wrapped, DER_SEQUENCE, &list))
        return false;
    while (list.length > 0) {
        *why = "its certificates cannot be read";
        if (!der_next_whole(&list, DER_SEQUENCE, &der))
            return false;
        *why = "it has more than 8 certificates";
        if (++count > OCSP_CERTIFICATES_MOST || !take_certificate(response, der, why))
            return false;
    }
    return true;
}

/* BasicOCSPResponse ::= SEQUENCE { tbsResponseData, signatureAlgorithm, signature, certs [0] EXPLICIT
 * OPTIONAL } */
static bool read_basic(struct ocsp_response *response, struct text basic, const char **why)
{
    struct text rest, algorithm, bit_string, certificates;
    bool has_certificates;

    *why = "it is not DER, or no OCSP response";
    if (!der_only(basic, DER_SEQUENCE, &rest) ||
        !der_next_whole(&rest, DER_SEQUENCE, &response->to_be_signed) ||
        !der_next_whole(&rest, DER_SEQUENCE, &algorithm) ||
        !der_next_of(&rest, DER_BIT_STRING, &bit_string) ||
        !der_optional(&rest, DER_CONTEXT_CONSTRUCTED(0), &certificates, &has_certificates) ||
        rest.length != 0 || !der_bit_octets(bit_string, &response->signature) ||
        !signature_algorithm_read(algorithm, &response->algorithm))
        return false;
    if (response->algorithm.kind == SIGNATURE_REFUSED) {
        *why = response->algorithm.weakness;
        return false;
    }
    if (!ocsp_read_response_data(response, why) ||
        (has_certificates && !read_certificates(response, certificates, why)))
        return false;
    *why = "there is no memory for it";
    return signature_digest_make(&response->algorithm, response->to_be_signed, &response->digest);
}

struct ocsp_response *ocsp_response_read(struct text der, const char **why)
{
    struct text basic;

    *why = "it is empty or longer than 64 KiB";
    if (der.length == 0 || der.length > OCSP_RESPONSE_LARGEST)
        return NULL;
    *why = "there is no memory for it";
    struct ocsp_response *response = calloc(1, sizeof(*response));
    if (response == NULL)
        return NULL;
    atomic_init(&response->references, 1);
    response->der = (struct text){text_copy(der), der.length};
    if (response->der.at == NULL || !take_basic(response->der, &basic, why) ||
        !read_basic(response, basic, why)) {
        ocsp_response_destroy(response);
        return NULL;
    }
    *why = NULL;
    return response;
}

struct ocsp_response *ocsp_response_hold(struct ocsp_response *response)
{
    atomic_fetch_add(&response->references, 1);
    return response;
}

void ocsp_response_destroy(struct ocsp_response *response)
{
    if (response == NULL || atomic_fetch_sub(&response->references, 1) > 1)
        return;
    for (size_t i = 0; i < response->certificate_count; i++)
        certificate_destroy(response->certificate[i]);
    free((char *)response->der.at);
    free(response);
}
