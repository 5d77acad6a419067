/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/ocsp_request.h"

#include <assert.h>
#include <string.h>

#include "policy/general_name.h"
#include "policy/ocsp_parts.h"

bool ocsp_certificate_id_make(const struct certificate *certificate, const struct certificate *issuer,
                              struct ocsp_certificate_id *id)
{
    struct ocsp_digest name, key;

    memset(id, 0, sizeof(*id));
    if (certificate->serial.length > OCSP_SERIAL_MOST ||
        !ocsp_digest_make(OCSP_HASH_SHA1, certificate->issuer, &name) ||
        !ocsp_digest_make(OCSP_HASH_SHA1, ocsp_key_bits(issuer), &key))
        return false;
    memcpy(id->issuer_name_hash, name.octets, OCSP_HASH_OCTETS);
    memcpy(id->issuer_key_hash, key.octets, OCSP_HASH_OCTETS);
    id->serial_length = (uint8_t)certificate->serial.length;
    memcpy(id->serial, certificate->serial.at, certificate->serial.length);
    return true;
}

bool ocsp_certificate_id_equal(const struct ocsp_certificate_id *a, const struct ocsp_certificate_id *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* ---- the request ---- */

/* Written from its end to its start, so that every length is known when it is written. */
struct backward {
    uint8_t *octets;
    size_t start;
};

static void put(struct backward *to, const void *octets, size_t length)
{
    to->start -= length;
    memcpy(to->octets + to->start, octets, length);
}

/* Puts a header before all that follows up to `end`. */
static void put_header(struct backward *to, uint8_t tag, size_t end)
{
    size_t length = end - to->start;
    assert(length < 0x80); /* the one form of length that a request needs */
    put(to, (uint8_t[]){tag, (uint8_t)length}, 2);
}

static void put_value(struct backward *to, uint8_t tag, const uint8_t *content, size_t length)
{
    size_t end = to->start;
    put(to, content, length);
    put_header(to, tag, end);
}

/* AlgorithmIdentifier of SHA-1, parameters NULL. */
static const uint8_t sha1_algorithm[] = {0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00};

size_t ocsp_request_write(const struct ocsp_certificate_id *id, uint8_t to[OCSP_REQUEST_MOST])
{
    uint8_t room[OCSP_REQUEST_MOST];
    struct backward request = {room, sizeof(room)};
    size_t length = sizeof(room);

    put_value(&request, DER_INTEGER, id->serial, id->serial_length);
    put_value(&request, DER_OCTET_STRING, id->issuer_key_hash, OCSP_HASH_OCTETS);
    put_value(&request, DER_OCTET_STRING, id->issuer_name_hash, OCSP_HASH_OCTETS);
    put(&request, sha1_algorithm, sizeof(sha1_algorithm));
    /* CertID, Request, requestList, TBSRequest, OCSPRequest: each holds the one before and nothing else. */
    for (size_t i = 0; i < 5; i++)
        put_header(&request, DER_SEQUENCE, sizeof(room));
    length -= request.start;
    memcpy(to, room + request.start, length);
    return length;
}

/* ---- where to ask ---- */

static bool is_web_address(struct text uri)
{
    static const struct text schemes[] = {DER_OCTETS("http://"), DER_OCTETS("https://")};

    for (size_t i = 0; i < uri.length; i++) {
        if (text_octet(uri, i) <= 0x20 || text_octet(uri, i) >= 0x7f)
            return false;
    }
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        struct text head = {uri.at, schemes[i].length};
        if (uri.length > schemes[i].length && text_equal_ignoring_case(head, schemes[i]))
            return true;
    }
    return false;
}

bool ocsp_responder_uri(const struct certificate *certificate, struct text *uri)
{
    struct text list, description, method;
    struct general_name location;

    if (!der_only(certificate->authority_information, DER_SEQUENCE, &list))
        return false;
    while (list.length > 0) {
        if (!der_next_of(&list, DER_SEQUENCE, &description) || !der_next_of(&description, DER_OID, &method) ||
            !general_name_next(&description, &location))
            return false;
        *uri = location.content;
        if (text_equal(method, TEXT("\x2b\x06\x01\x05\x05\x07\x30\x01")) &&
            location.kind == GENERAL_NAME_URI && is_web_address(*uri))
            return true;
    }
    return false;
}
