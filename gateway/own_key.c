/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/own_key.h"

#include <string.h>

#ifndef WOLFSSL_USER_SETTINGS
#include <wolfssl/options.h>
#endif
#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/ed25519.h>
#include <wolfssl/wolfcrypt/rsa.h>

#define HALF_OCTETS 1100u /* a modulus of 8192 bits with room; an EC point is far shorter */

/* A public half in a form of its own for each algorithm. */
struct half {
    unsigned char octets[HALF_OCTETS];
    word32 length;
    int curve; /* EC */
};

/* Reads a key of one algorithm, private or public, and gives the public half. */
typedef bool half_reader(struct text der, bool is_private, struct half *half);

static const byte *octets_of(struct text der)
{
    return (const byte *)der.at;
}

static bool rsa_half(struct text der, bool is_private, struct half *half)
{
    RsaKey key;
    word32 at = 0, exponent = 16, modulus = HALF_OCTETS - 16;

    if (wc_InitRsaKey(&key, NULL) != 0)
        return false;
    int result = is_private ? wc_RsaPrivateKeyDecode(octets_of(der), &at, &key, (word32)der.length)
                            : wc_RsaPublicKeyDecode(octets_of(der), &at, &key, (word32)der.length);
    memset(half->octets, 0, sizeof(half->octets));
    if (result == 0)
        result = wc_RsaFlattenPublicKey(&key, half->octets, &exponent, half->octets + 16, &modulus);
    half->length = 16 + modulus;
    wc_FreeRsaKey(&key);
    return result == 0;
}

static bool ec_half(struct text der, bool is_private, struct half *half)
{
    ecc_key key;
    word32 at = 0;

    if (wc_ecc_init(&key) != 0)
        return false;
    int result = is_private ? wc_EccPrivateKeyDecode(octets_of(der), &at, &key, (word32)der.length)
                            : wc_EccPublicKeyDecode(octets_of(der), &at, &key, (word32)der.length);
    if (result == 0 && is_private)
        result = wc_ecc_make_pub(&key, NULL);
    half->length = HALF_OCTETS;
    half->curve = result == 0 ? wc_ecc_get_curve_id(key.idx) : ECC_CURVE_INVALID;
    if (result == 0)
        result = wc_ecc_export_x963(&key, half->octets, &half->length);
    wc_ecc_free(&key);
    return result == 0;
}

static bool ed25519_half(struct text der, bool is_private, struct half *half)
{
    ed25519_key key;
    word32 at = 0;

    if (wc_ed25519_init(&key) != 0)
        return false;
    int result = is_private ? wc_Ed25519PrivateKeyDecode(octets_of(der), &at, &key, (word32)der.length)
                            : wc_Ed25519PublicKeyDecode(octets_of(der), &at, &key, (word32)der.length);
    half->length = ED25519_PUB_KEY_SIZE;
    if (result == 0)
        result = is_private ? wc_ed25519_make_public(&key, half->octets, half->length)
                            : wc_ed25519_export_public(&key, half->octets, &half->length);
    wc_ed25519_free(&key);
    return result == 0;
}

static bool is_same(const struct half *a, const struct half *b)
{
    return a->length == b->length && a->curve == b->curve && memcmp(a->octets, b->octets, a->length) == 0;
}

enum own_key_verdict own_key_check(struct text key, struct text public_key)
{
    static half_reader *const readers[] = {ec_half, rsa_half, ed25519_half};
    bool is_key = false;

    if (key.length > INT32_MAX || public_key.length > INT32_MAX)
        return OWN_KEY_UNREADABLE;
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        struct half of_key = {0}, of_certificate = {0};
        if (!readers[i](key, true, &of_key))
            continue;
        is_key = true;
        if (readers[i](public_key, false, &of_certificate) && is_same(&of_key, &of_certificate))
            return OWN_KEY_MATCHES;
    }
    return is_key ? OWN_KEY_OF_OTHER : OWN_KEY_UNREADABLE;
}
