/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_SIGNATURE_H
#define FEDGATE_POLICY_SIGNATURE_H

/* Public keys and signatures of certificates and CRLs: what is strong enough to be believed, and whether a
 * signature is good. Everything else is refused before any arithmetic: hashes below SHA-256, RSA below 2048
 * bits, other curves than the three of NIST and Ed25519, explicit curve parameters, DSA. */

#include "policy/text.h"

enum public_key_kind {
    PUBLIC_KEY_REFUSED, /* unknown or too weak */
    PUBLIC_KEY_RSA,
    PUBLIC_KEY_RSA_PSS, /* id-RSASSA-PSS: for PSS signatures alone (RFC 4055 1.2) */
    PUBLIC_KEY_P256,
    PUBLIC_KEY_P384,
    PUBLIC_KEY_P521,
    PUBLIC_KEY_ED25519
};

enum signature_hash { SIGNATURE_HASH_NONE, SIGNATURE_SHA256, SIGNATURE_SHA384, SIGNATURE_SHA512 };

enum signature_kind {
    SIGNATURE_REFUSED, /* unknown or too weak */
    SIGNATURE_RSA_PKCS1,
    SIGNATURE_RSA_PSS,
    SIGNATURE_ECDSA,
    SIGNATURE_ED25519
};

#define RSA_BITS_LEAST 2048u
#define RSA_BITS_MOST 8192u         /* checking one signature takes longer with the square of it */
#define RSA_EXPONENT_OCTETS_MOST 4u /* and in proportion to the length of the exponent */

/* All texts are views into the SubjectPublicKeyInfo. */
struct public_key {
    enum public_key_kind kind;
    struct text modulus, exponent; /* RSA: without leading zero octets */
    struct text point;             /* curves: 0x04 X Y; Ed25519: 32 octets */
    enum signature_hash only_hash; /* RSA_PSS: the one hash that its parameters allow; NONE: any */
    uint32_t least_salt;           /* RSA_PSS: the shortest salt that its parameters allow */
    const char *weakness;          /* a literal that says why when kind is PUBLIC_KEY_REFUSED */
};

struct signature_algorithm {
    enum signature_kind kind;
    enum signature_hash hash; /* NONE for Ed25519 */
    uint32_t salt;            /* RSA_PSS: octets of salt */
    const char *weakness;     /* a literal that says why when kind is SIGNATURE_REFUSED */
};

/* Reads a SubjectPublicKeyInfo, header included. False: not DER. A key that is not believed is read as
 * PUBLIC_KEY_REFUSED with its weakness. */
bool public_key_read(struct text key_info, struct public_key *key) __attribute__((warn_unused_result));

/* Reads an AlgorithmIdentifier, header included. False: not DER. */
bool signature_algorithm_read(struct text identifier, struct signature_algorithm *algorithm)
    __attribute__((warn_unused_result));

/* May this key make such signatures at all? The type of the key and the algorithm must agree. */
bool signature_fits_key(const struct signature_algorithm *algorithm, const struct public_key *key);

/* Is `signature` the one of `message` by `key`? False also for whatever is refused or does not fit. */
bool signature_verify(const struct public_key *key, const struct signature_algorithm *algorithm,
                      struct text message, struct text signature);

/* The same in two steps, for a message that is kept and asked about often: its hash is made once. */
#define SIGNATURE_DIGEST_MOST 64u
struct signature_digest {
    uint8_t octets[SIGNATURE_DIGEST_MOST];
    uint32_t length; /* 0 for Ed25519, which hashes the message anew each time */
};
bool signature_digest_make(const struct signature_algorithm *algorithm, struct text message,
                           struct signature_digest *digest) __attribute__((warn_unused_result));
bool signature_verify_digest(const struct public_key *key, const struct signature_algorithm *algorithm,
                             const struct signature_digest *digest, struct text message,
                             struct text signature);

#endif
