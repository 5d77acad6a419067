/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/signature.h"

#include <string.h>

#ifndef WOLFSSL_USER_SETTINGS
#include <wolfssl/options.h>
#endif
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/ed25519.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/rsa.h>

#include "policy/der.h"
#include "policy/signature_parameters.h"

#if !defined(WC_RSA_PSS) || !defined(HAVE_ED25519) || !defined(WOLFSSL_SHA384) ||                            \
    !defined(WOLFSSL_SHA512) || !defined(HAVE_ECC)
#error "this build of wolfSSL lacks an algorithm that certificates are signed with"
#endif

size_t rsa_bits_most(void)
{
    return RSA_MAX_SIZE < RSA_BITS_MOST ? (size_t)RSA_MAX_SIZE : (size_t)RSA_BITS_MOST;
}

static const uint8_t *octets_of(struct text t)
{
    return (const uint8_t *)t.at;
}

bool signature_digest_make(const struct signature_algorithm *algorithm, struct text message,
                           struct signature_digest *digest)
{
    int result = 0;

    digest->length = hash_octets(algorithm->hash);
    if (message.length > UINT32_MAX)
        return false;
    if (algorithm->hash == SIGNATURE_SHA256)
        result = wc_Sha256Hash(octets_of(message), (word32)message.length, digest->octets);
    else if (algorithm->hash == SIGNATURE_SHA384)
        result = wc_Sha384Hash(octets_of(message), (word32)message.length, digest->octets);
    else if (algorithm->hash == SIGNATURE_SHA512)
        result = wc_Sha512Hash(octets_of(message), (word32)message.length, digest->octets);
    return result == 0;
}

/* ---- RSA ---- */

/* DigestInfo up to its digest (RFC 8017 9.2, note 1). What was signed must equal the one right encoding,
 * octet for octet: nothing that an attacker wrote is parsed. */
static struct text digest_info_head(enum signature_hash hash)
{
    if (hash == SIGNATURE_SHA256)
        return TEXT("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20");
    if (hash == SIGNATURE_SHA384)
        return TEXT("\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30");
    return TEXT("\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40");
}

static bool verify_pkcs1(RsaKey *key, enum signature_hash hash, const struct signature_digest *digest,
                         struct text signature)
{
    struct text head = digest_info_head(hash);
    uint8_t opened[RSA_BITS_MOST / 8];

    int length =
        wc_RsaSSL_Verify(octets_of(signature), (word32)signature.length, opened, sizeof(opened), key);
    return length >= 0 && (size_t)length == head.length + digest->length &&
           memcmp(opened, head.at, head.length) == 0 &&
           memcmp(opened + head.length, digest->octets, digest->length) == 0;
}

static bool verify_pss(RsaKey *key, const struct signature_algorithm *algorithm,
                       const struct signature_digest *digest, struct text signature)
{
    enum wc_HashType hash = WC_HASH_TYPE_SHA512;
    int mask = WC_MGF1SHA512;
    uint8_t opened[RSA_BITS_MOST / 8], copy[RSA_BITS_MOST / 8];

    if (algorithm->hash == SIGNATURE_SHA256) {
        hash = WC_HASH_TYPE_SHA256;
        mask = WC_MGF1SHA256;
    } else if (algorithm->hash == SIGNATURE_SHA384) {
        hash = WC_HASH_TYPE_SHA384;
        mask = WC_MGF1SHA384;
    }
    memcpy(copy, signature.at, signature.length); /* the call wants octets that it may write */
    int length = wc_RsaPSS_Verify_ex(copy, (word32)signature.length, opened, sizeof(opened), hash, mask,
                                     (int)algorithm->salt, key);
    return length > 0 &&
           wc_RsaPSS_CheckPadding_ex(digest->octets, digest->length, opened, (word32)length, hash,
                                     (int)algorithm->salt, wc_RsaEncryptSize(key) * 8) == 0;
}

static bool verify_rsa(const struct public_key *key, const struct signature_algorithm *algorithm,
                       const struct signature_digest *digest, struct text signature)
{
    RsaKey rsa;
    bool good = false;

    /* RFC 8017 8.1.2 and 8.2.2: as long as the modulus, and below it. */
    if (signature.length != key->modulus.length || signature.length > RSA_BITS_MOST / 8 ||
        memcmp(signature.at, key->modulus.at, signature.length) >= 0 || wc_InitRsaKey(&rsa, NULL) != 0)
        return false;
    if (wc_RsaPublicKeyDecodeRaw(octets_of(key->modulus), (word32)key->modulus.length,
                                 octets_of(key->exponent), (word32)key->exponent.length, &rsa) == 0)
        good = algorithm->kind == SIGNATURE_RSA_PSS ? verify_pss(&rsa, algorithm, digest, signature)
                                                    : verify_pkcs1(&rsa, algorithm->hash, digest, signature);
    wc_FreeRsaKey(&rsa);
    return good;
}

/* ---- curves ---- */

/* ECDSA-Sig-Value (RFC 3279 2.2.3): two positive integers that the curve's order can hold, and nothing else.
 */
static bool ecdsa_signature_is_sound(struct text signature, size_t coordinate)
{
    struct text sequence, r, s;

    return der_only(signature, DER_SEQUENCE, &sequence) && der_next_of(&sequence, DER_INTEGER, &r) &&
           der_next_of(&sequence, DER_INTEGER, &s) && sequence.length == 0 && der_positive_integer(r, &r) &&
           der_positive_integer(s, &s) && r.length <= coordinate && s.length <= coordinate;
}

/* A point off the curve would be a key of some weaker group. On these curves, whose cofactor is 1, being on
 * the curve is all that a point other than the one at infinity needs (SP 800-56A 5.6.2.3.4); wc_ecc_check_key
 * would multiply by the order as well, at the cost of a second signature check. */
static bool point_is_on_curve(ecc_key *key)
{
    mp_int a, b, prime;

    if (wc_ecc_point_is_at_infinity(&key->pubkey) != 0 ||
        mp_init_multi(&a, &b, &prime, NULL, NULL, NULL) != MP_OKAY)
        return false;
    return mp_read_radix(&a, key->dp->Af, MP_RADIX_HEX) == MP_OKAY &&
           mp_read_radix(&b, key->dp->Bf, MP_RADIX_HEX) == MP_OKAY &&
           mp_read_radix(&prime, key->dp->prime, MP_RADIX_HEX) == MP_OKAY &&
           wc_ecc_is_point(&key->pubkey, &a, &b, &prime) == MP_OKAY;
}

static bool verify_ecdsa(const struct public_key *key, const struct signature_digest *digest,
                         struct text signature)
{
    int curve = key->kind == PUBLIC_KEY_P256   ? ECC_SECP256R1
                : key->kind == PUBLIC_KEY_P384 ? ECC_SECP384R1
                                               : ECC_SECP521R1;
    ecc_key ecc;
    int good = 0;

    if (!ecdsa_signature_is_sound(signature, (key->point.length - 1) / 2) || wc_ecc_init(&ecc) != 0)
        return false;
    if (wc_ecc_import_x963_ex(octets_of(key->point), (word32)key->point.length, &ecc, curve) != 0 ||
        !point_is_on_curve(&ecc) ||
        wc_ecc_verify_hash(octets_of(signature), (word32)signature.length, digest->octets, digest->length,
                           &good, &ecc) != 0)
        good = 0;
    wc_ecc_free(&ecc);
    return good == 1;
}

static bool verify_ed25519(const struct public_key *key, struct text message, struct text signature)
{
    ed25519_key ed;
    int good = 0;

    if (signature.length != 64 || message.length > UINT32_MAX || wc_ed25519_init(&ed) != 0)
        return false;
    if (wc_ed25519_import_public(octets_of(key->point), (word32)key->point.length, &ed) != 0 ||
        wc_ed25519_verify_msg(octets_of(signature), (word32)signature.length, octets_of(message),
                              (word32)message.length, &good, &ed) != 0)
        good = 0;
    wc_ed25519_free(&ed);
    return good == 1;
}

bool signature_verify_digest(const struct public_key *key, const struct signature_algorithm *algorithm,
                             const struct signature_digest *digest, struct text message,
                             struct text signature)
{
    if (!signature_fits_key(algorithm, key) || digest->length != hash_octets(algorithm->hash))
        return false;
    if (algorithm->kind == SIGNATURE_ED25519)
        return verify_ed25519(key, message, signature);
    if (algorithm->kind == SIGNATURE_ECDSA)
        return verify_ecdsa(key, digest, signature);
    return verify_rsa(key, algorithm, digest, signature);
}

bool signature_verify(const struct public_key *key, const struct signature_algorithm *algorithm,
                      struct text message, struct text signature)
{
    struct signature_digest digest;
    return signature_fits_key(algorithm, key) && signature_digest_make(algorithm, message, &digest) &&
           signature_verify_digest(key, algorithm, &digest, message, signature);
}
