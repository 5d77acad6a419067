/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_OCSP_REQUEST_H
#define FEDGATE_POLICY_OCSP_REQUEST_H

/* What an OCSP responder is asked (RFC 6960 4.1, in the profile of RFC 5019 2.1): one certificate a request,
 * not signed, without extensions. There is no nonce, since answers are kept until their nextUpdate; what
 * holds against replay is the time in the answer. Asking, sending and keeping are the caller's. */

#include "policy/certificate.h"

#define OCSP_HASH_OCTETS 20u  /* SHA-1, the one hash that every responder knows (RFC 5019 2.1.1) */
#define OCSP_SERIAL_MOST 20u  /* RFC 5280 4.1.2.2 */
#define OCSP_REQUEST_MOST 96u /* octets of the longest request */

/* CertID (4.1.1). Octets only, so without padding, and those behind the serial number are zero: the whole
 * struct may serve as the key of a table, and two are the same when all their octets are. */
struct ocsp_certificate_id {
    uint8_t issuer_name_hash[OCSP_HASH_OCTETS]; /* of the Name with its header */
    uint8_t issuer_key_hash[OCSP_HASH_OCTETS];  /* of the bits of subjectPublicKey */
    uint8_t serial_length;
    uint8_t serial[OCSP_SERIAL_MOST]; /* content octets of the INTEGER */
};

/* `issuer` is the certificate above `certificate` in a path that holds. False: the serial number is longer
 * than OCSP_SERIAL_MOST (no path accepts such), or there is no memory for the hash. */
bool ocsp_certificate_id_make(const struct certificate *certificate, const struct certificate *issuer,
                              struct ocsp_certificate_id *id) __attribute__((warn_unused_result));
bool ocsp_certificate_id_equal(const struct ocsp_certificate_id *a, const struct ocsp_certificate_id *b);

/* The DER of an OCSPRequest for it, at most OCSP_REQUEST_MOST octets; the length is the answer. To be sent by
 * POST as application/ocsp-request, or by GET with its base64 in the path (appendix A.1). */
size_t ocsp_request_write(const struct ocsp_certificate_id *id, uint8_t to[OCSP_REQUEST_MOST]);

/* The first http or https URI of an OCSP responder in the certificate's authorityInfoAccess (RFC 5280
 * 4.2.2.1), a view into the certificate; printable ASCII without spaces. False: it names none. */
bool ocsp_responder_uri(const struct certificate *certificate, struct text *uri)
    __attribute__((warn_unused_result));

#endif
