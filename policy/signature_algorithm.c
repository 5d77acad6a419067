/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/signature.h"

#include "policy/der.h"
#include "policy/signature_parameters.h"

#define OID_RSA_PSS TEXT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a")
#define OID_MGF1 TEXT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08")
#define DER_NULL_VALUE TEXT("\x05\x00")

/* Whether parameters are NULL or absent is part of the algorithm (RFC 8017 A.2.4, RFC 5758 3.2, RFC 8410 3).
 */
static const struct {
    struct text oid;
    enum signature_kind kind;
    enum signature_hash hash;
    bool has_null;
} algorithms[] = {
    {DER_OCTETS("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"), SIGNATURE_RSA_PKCS1, SIGNATURE_SHA256, true},
    {DER_OCTETS("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"), SIGNATURE_RSA_PKCS1, SIGNATURE_SHA384, true},
    {DER_OCTETS("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"), SIGNATURE_RSA_PKCS1, SIGNATURE_SHA512, true},
    {DER_OCTETS("\x2a\x86\x48\xce\x3d\x04\x03\x02"), SIGNATURE_ECDSA, SIGNATURE_SHA256, false},
    {DER_OCTETS("\x2a\x86\x48\xce\x3d\x04\x03\x03"), SIGNATURE_ECDSA, SIGNATURE_SHA384, false},
    {DER_OCTETS("\x2a\x86\x48\xce\x3d\x04\x03\x04"), SIGNATURE_ECDSA, SIGNATURE_SHA512, false},
    {DER_OCTETS("\x2b\x65\x70"), SIGNATURE_ED25519, SIGNATURE_HASH_NONE, false},
};

static const struct {
    struct text oid;
    enum signature_hash hash;
    uint32_t octets;
} hashes[] = {
    {DER_OCTETS("\x60\x86\x48\x01\x65\x03\x04\x02\x01"), SIGNATURE_SHA256, 32},
    {DER_OCTETS("\x60\x86\x48\x01\x65\x03\x04\x02\x02"), SIGNATURE_SHA384, 48},
    {DER_OCTETS("\x60\x86\x48\x01\x65\x03\x04\x02\x03"), SIGNATURE_SHA512, 64},
};

uint32_t hash_octets(enum signature_hash hash)
{
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        if (hashes[i].hash == hash)
            return hashes[i].octets;
    }
    return 0;
}

bool is_one_value_or_none(struct text rest)
{
    struct der_value value;
    return rest.length == 0 || (der_next(&rest, &value) && rest.length == 0);
}

/* The AlgorithmIdentifier of a hash, with its header. NONE: one that is not believed. */
static bool read_hash(struct text identifier, enum signature_hash *hash)
{
    struct text content, oid;

    *hash = SIGNATURE_HASH_NONE;
    if (!der_only(identifier, DER_SEQUENCE, &content) || !der_next_of(&content, DER_OID, &oid) ||
        !is_one_value_or_none(content))
        return false;
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        /* RFC 4055 2.1: both forms of the parameters are to be accepted. */
        if (text_equal(oid, hashes[i].oid) && (content.length == 0 || text_equal(content, DER_NULL_VALUE)))
            *hash = hashes[i].hash;
    }
    return true;
}

static bool read_mask_hash(struct text generator, enum signature_hash *hash)
{
    struct text content, oid;

    *hash = SIGNATURE_HASH_NONE;
    if (!der_only(generator, DER_SEQUENCE, &content) || !der_next_of(&content, DER_OID, &oid))
        return false;
    return !text_equal(oid, OID_MGF1) || read_hash(content, hash);
}

bool pss_parameters_read(struct text parameters, struct pss_parameters *pss)
{
    struct text content, hash, generator, salt, trailer;
    bool has_hash, has_generator, has_salt, has_trailer;
    enum signature_hash mask_hash;

    *pss = (struct pss_parameters){.weakness = NULL};
    if (!der_only(parameters, DER_SEQUENCE, &content) ||
        !der_optional(&content, DER_CONTEXT_CONSTRUCTED(0), &hash, &has_hash) ||
        !der_optional(&content, DER_CONTEXT_CONSTRUCTED(1), &generator, &has_generator) ||
        !der_optional(&content, DER_CONTEXT_CONSTRUCTED(2), &salt, &has_salt) ||
        !der_optional(&content, DER_CONTEXT_CONSTRUCTED(3), &trailer, &has_trailer) || content.length != 0)
        return false;
    if (!has_hash || !has_generator || !has_salt) { /* their defaults are those of SHA-1 */
        pss->weakness = "the RSA-PSS parameters rely on SHA-1";
        return true;
    }
    if (!read_hash(hash, &pss->hash) || !read_mask_hash(generator, &mask_hash) ||
        !der_only(salt, DER_INTEGER, &salt) || !der_small_integer(salt, RSA_BITS_MOST / 8, &pss->salt))
        return false;
    if (has_trailer) /* only the default exists, and DER leaves that out */
        return false;
    if (pss->hash == SIGNATURE_HASH_NONE || mask_hash != pss->hash)
        pss->weakness = "the RSA-PSS parameters name a weak hash, or two";
    else if (pss->salt < hash_octets(pss->hash))
        pss->weakness = "the RSA-PSS salt is shorter than the hash";
    return true;
}

static bool read_pss(struct text parameters, struct signature_algorithm *algorithm)
{
    struct pss_parameters pss;

    if (!pss_parameters_read(parameters, &pss))
        return false;
    algorithm->weakness = pss.weakness;
    if (pss.weakness != NULL)
        return true;
    algorithm->kind = SIGNATURE_RSA_PSS;
    algorithm->hash = pss.hash;
    algorithm->salt = pss.salt;
    return true;
}

bool signature_algorithm_read(struct text identifier, struct signature_algorithm *algorithm)
{
    struct text content, oid;

    *algorithm = (struct signature_algorithm){.kind = SIGNATURE_REFUSED};
    if (!der_only(identifier, DER_SEQUENCE, &content) || !der_next_of(&content, DER_OID, &oid) ||
        !der_is_oid(oid) || !is_one_value_or_none(content))
        return false;
    if (text_equal(oid, OID_RSA_PSS))
        return read_pss(content, algorithm);
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (!text_equal(oid, algorithms[i].oid))
            continue;
        if (!text_equal(content, algorithms[i].has_null ? DER_NULL_VALUE : TEXT_NONE))
            return false;
        algorithm->kind = algorithms[i].kind;
        algorithm->hash = algorithms[i].hash;
        return true;
    }
    algorithm->weakness =
        "the signature is made with an algorithm that is not believed (MD5, SHA-1, DSA, unknown)";
    return true;
}

bool signature_fits_key(const struct signature_algorithm *algorithm, const struct public_key *key)
{
    switch (algorithm->kind) {
    case SIGNATURE_RSA_PKCS1:
        return key->kind == PUBLIC_KEY_RSA;
    case SIGNATURE_RSA_PSS:
        if (key->kind == PUBLIC_KEY_RSA)
            return true;
        return key->kind == PUBLIC_KEY_RSA_PSS && algorithm->salt >= key->least_salt &&
               (key->only_hash == SIGNATURE_HASH_NONE || key->only_hash == algorithm->hash);
    case SIGNATURE_ECDSA:
        return key->kind == PUBLIC_KEY_P256 || key->kind == PUBLIC_KEY_P384 || key->kind == PUBLIC_KEY_P521;
    case SIGNATURE_ED25519:
        return key->kind == PUBLIC_KEY_ED25519;
    case SIGNATURE_REFUSED:
        break;
    }
    return false;
}
