/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_OCSP_PARTS_H
#define FEDGATE_POLICY_OCSP_PARTS_H

/* What the files of OCSP share; of no use to others. */

#include "policy/der.h"
#include "policy/ocsp_response.h"

#define OCSP_DIGEST_MOST 32u

/* SHA-1 here names certificates and keys; no signature relies on it. */
struct ocsp_digest {
    uint8_t octets[OCSP_DIGEST_MOST];
    size_t length;
};

/* False: OCSP_HASH_OTHER, or no memory. */
bool ocsp_digest_make(enum ocsp_hash hash, struct text of, struct ocsp_digest *digest)
    __attribute__((warn_unused_result));
bool ocsp_digest_equal(const struct ocsp_digest *digest, struct text octets);

/* What a key hash is made of: the bits of subjectPublicKey, without what DER puts before them. Empty where
 * the key cannot be read. */
struct text ocsp_key_bits(const struct certificate *certificate);

/* Fills the response from ResponseData (4.2.1). False with *why set. */
bool ocsp_read_response_data(struct ocsp_response *response, const char **why)
    __attribute__((warn_unused_result));

#endif
