/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hashes by which OCSP names issuers, keys and responders. */
#include <string.h>

#ifndef WOLFSSL_USER_SETTINGS
#include <wolfssl/options.h>
#endif
#include <wolfssl/wolfcrypt/hash.h>

#include "policy/ocsp_parts.h"

#ifdef NO_SHA
#error "this build of wolfSSL lacks SHA-1, by which every OCSP responder is asked"
#endif

bool ocsp_digest_make(enum ocsp_hash hash, struct text of, struct ocsp_digest *digest)
{
    const uint8_t *octets = (const uint8_t *)of.at;

    if (hash == OCSP_HASH_OTHER || of.length > UINT32_MAX)
        return false;
    digest->length = hash == OCSP_HASH_SHA1 ? 20 : 32;
    return hash == OCSP_HASH_SHA1 ? wc_ShaHash(octets, (word32)of.length, digest->octets) == 0
                                  : wc_Sha256Hash(octets, (word32)of.length, digest->octets) == 0;
}

bool ocsp_digest_equal(const struct ocsp_digest *digest, struct text octets)
{
    return octets.length == digest->length && memcmp(octets.at, digest->octets, digest->length) == 0;
}

struct text ocsp_key_bits(const struct certificate *certificate)
{
    struct text content, algorithm, bit_string, bits;

    if (!der_only(certificate->public_key, DER_SEQUENCE, &content) ||
        !der_next_of(&content, DER_SEQUENCE, &algorithm) ||
        !der_next_of(&content, DER_BIT_STRING, &bit_string) || !der_bit_octets(bit_string, &bits))
        return TEXT_NONE;
    return bits;
}
