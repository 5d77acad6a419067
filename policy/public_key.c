/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/signature.h"

#include "policy/der.h"
#include "policy/signature_parameters.h"

#define OID_RSA TEXT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")
#define OID_RSA_PSS TEXT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a")
#define OID_EC TEXT("\x2a\x86\x48\xce\x3d\x02\x01")
#define OID_ED25519 TEXT("\x2b\x65\x70")
#define OID_P256 TEXT("\x2a\x86\x48\xce\x3d\x03\x01\x07")
#define OID_P384 TEXT("\x2b\x81\x04\x00\x22")
#define OID_P521 TEXT("\x2b\x81\x04\x00\x23")

static bool refuse(struct public_key *key, const char *weakness)
{
    *key = (struct public_key){.kind = PUBLIC_KEY_REFUSED, .weakness = weakness};
    return true;
}

static size_t bits_of(struct text magnitude)
{
    size_t bits = magnitude.length * 8;
    for (uint8_t first = text_octet(magnitude, 0); (first & 0x80) == 0; first = (uint8_t)(first << 1))
        bits--;
    return bits;
}

/* RSAPublicKey (RFC 8017 A.1.1). */
static bool read_rsa(struct text bits, enum public_key_kind kind, struct public_key *key)
{
    struct text sequence, modulus, exponent;

    if (!der_only(bits, DER_SEQUENCE, &sequence) || !der_next_of(&sequence, DER_INTEGER, &modulus) ||
        !der_next_of(&sequence, DER_INTEGER, &exponent) || sequence.length != 0)
        return false;
    if (!der_positive_integer(modulus, &key->modulus) || !der_positive_integer(exponent, &key->exponent))
        return false;
    size_t length = bits_of(key->modulus);
    if (length < RSA_BITS_LEAST)
        return refuse(key, "the RSA key is shorter than 2048 bits");
    if (length > rsa_bits_most())
        return refuse(key, "the RSA key is longer than the gateway checks");
    if (length % 8 != 0 || (text_octet(key->modulus, key->modulus.length - 1) & 1) == 0)
        return refuse(key, "the RSA modulus is even, or its length no multiple of eight bits");
    if (key->exponent.length > RSA_EXPONENT_OCTETS_MOST)
        return refuse(key, "the RSA exponent is larger than 32 bits");
    if ((text_octet(key->exponent, key->exponent.length - 1) & 1) == 0 ||
        text_equal(key->exponent, TEXT("\x01")))
        return refuse(key, "the RSA exponent is even or 1");
    key->kind = kind;
    return true;
}

/* RFC 4055 3.1: what the key's own parameters allow binds every signature made with it. */
static bool read_rsa_pss(struct text parameters, struct text bits, struct public_key *key)
{
    struct pss_parameters pss;

    if (parameters.length != 0) {
        if (!pss_parameters_read(parameters, &pss))
            return false;
        if (pss.weakness != NULL)
            return refuse(key, pss.weakness);
        key->only_hash = pss.hash;
        key->least_salt = pss.salt;
    }
    return read_rsa(bits, PUBLIC_KEY_RSA_PSS, key);
}

/* RFC 5480 2.1.1: namedCurve alone. RFC 5480 2.2: the point, which must be uncompressed here. */
static bool read_curve(struct text parameters, struct text bits, struct public_key *key)
{
    struct text curve;
    size_t coordinate;

    if (!der_only(parameters, DER_OID, &curve))
        return refuse(key, "the elliptic curve has explicit or no parameters");
    if (text_equal(curve, OID_P256)) {
        key->kind = PUBLIC_KEY_P256;
        coordinate = 32;
    } else if (text_equal(curve, OID_P384)) {
        key->kind = PUBLIC_KEY_P384;
        coordinate = 48;
    } else if (text_equal(curve, OID_P521)) {
        key->kind = PUBLIC_KEY_P521;
        coordinate = 66;
    } else {
        return refuse(key, "the elliptic curve is none of P-256, P-384 and P-521");
    }
    if (bits.length != 1 + 2 * coordinate || text_octet(bits, 0) != 0x04)
        return refuse(key, "the elliptic curve point is not in its uncompressed form");
    key->point = bits;
    return true;
}

static bool read_ed25519(struct text parameters, struct text bits, struct public_key *key)
{
    if (parameters.length != 0 || bits.length != 32)
        return false;
    key->kind = PUBLIC_KEY_ED25519;
    key->point = bits;
    return true;
}

bool public_key_read(struct text key_info, struct public_key *key)
{
    struct text info, identifier, oid, bit_string, bits;

    *key = (struct public_key){.kind = PUBLIC_KEY_REFUSED};
    if (!der_only(key_info, DER_SEQUENCE, &info) || !der_next_of(&info, DER_SEQUENCE, &identifier) ||
        !der_next_of(&info, DER_BIT_STRING, &bit_string) || info.length != 0)
        return false;
    if (!der_next_of(&identifier, DER_OID, &oid) || !der_is_oid(oid) || !der_bit_octets(bit_string, &bits))
        return false;
    if (!is_one_value_or_none(identifier))
        return false;
    if (text_equal(oid, OID_RSA)) /* RFC 3279 2.3.1: the parameters are NULL */
        return text_equal(identifier, TEXT("\x05\x00")) && read_rsa(bits, PUBLIC_KEY_RSA, key);
    if (text_equal(oid, OID_RSA_PSS))
        return read_rsa_pss(identifier, bits, key);
    if (text_equal(oid, OID_EC))
        return read_curve(identifier, bits, key);
    if (text_equal(oid, OID_ED25519))
        return read_ed25519(identifier, bits, key);
    return refuse(key, "the key is of a kind that is not believed");
}
