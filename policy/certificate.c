/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DER -> facts: the fields of Certificate and TBSCertificate (RFC 5280 4.1), in their order. */
#include "policy/certificate.h"

#include <stdlib.h>
#include <string.h>

#ifndef WOLFSSL_USER_SETTINGS
#include <wolfssl/options.h>
#endif
#include <wolfssl/wolfcrypt/hash.h>

#include "policy/certificate_parts.h"
#include "policy/distinguished_name.h"

void certificate_note_defect(struct certificate *certificate, enum reason reason, const char *text)
{
    if (certificate->defect != REASON_OK)
        return;
    certificate->defect = reason;
    certificate->defect_text = text;
}

/* 4.1.2.1: a version that is given is never the default. */
static bool take_version(struct text *rest, uint32_t *version)
{
    struct text explicit_version, content;
    bool present;

    *version = 1;
    if (!der_optional(rest, DER_CONTEXT_CONSTRUCTED(0), &explicit_version, &present))
        return false;
    if (!present)
        return true;
    *version = 3;
    return der_only(explicit_version, DER_INTEGER, &content) && text_equal(content, TEXT("\x02"));
}

static bool take_name(struct text *rest, struct text *name)
{
    return der_next_whole(rest, DER_SEQUENCE, name) && distinguished_name_is_sound(*name);
}

static bool take_time(struct text *rest, int64_t *seconds)
{
    struct der_value value;
    return der_next(rest, &value) && der_time(value.tag, value.content, seconds);
}

static bool take_validity(struct text *rest, struct certificate *certificate)
{
    struct text validity;
    return der_next_of(rest, DER_SEQUENCE, &validity) && take_time(&validity, &certificate->not_before) &&
           take_time(&validity, &certificate->not_after) && validity.length == 0;
}

static bool take_public_key(struct text *rest, struct certificate *certificate)
{
    if (!der_next_whole(rest, DER_SEQUENCE, &certificate->public_key))
        return false;
    if (!public_key_read(certificate->public_key, &certificate->key))
        certificate_note_defect(certificate, REASON_MALFORMED_CERTIFICATE, "the public key cannot be read");
    else if (certificate->key.kind == PUBLIC_KEY_REFUSED)
        certificate_note_defect(certificate, REASON_WEAK_CERTIFICATE, certificate->key.weakness);
    return true;
}

/* 4.1.2.8: identifiers that were given up long ago; read past, in version 2 and 3 only. */
static bool skip_unique_identifiers(struct text *rest, uint32_t version)
{
    struct text issuer, subject;
    bool has_issuer, has_subject;
    return der_optional(rest, DER_CONTEXT(1), &issuer, &has_issuer) &&
           der_optional(rest, DER_CONTEXT(2), &subject, &has_subject) &&
           (version == 3 || (!has_issuer && !has_subject));
}

static bool read_to_be_signed(struct certificate *certificate, struct text *algorithm)
{
    struct text rest, extensions, list;
    uint32_t version;
    bool has_extensions;

    if (!der_only(certificate->to_be_signed, DER_SEQUENCE, &rest) || !take_version(&rest, &version) ||
        !der_next_of(&rest, DER_INTEGER, &certificate->serial) || !der_is_integer(certificate->serial) ||
        !der_next_whole(&rest, DER_SEQUENCE, algorithm) || !take_name(&rest, &certificate->issuer) ||
        !take_validity(&rest, certificate) || !take_name(&rest, &certificate->subject) ||
        !take_public_key(&rest, certificate) || !skip_unique_identifiers(&rest, version) ||
        !der_optional(&rest, DER_CONTEXT_CONSTRUCTED(3), &extensions, &has_extensions) || rest.length != 0)
        return false;
    if (!has_extensions)
        return true;
    return version == 3 && der_only(extensions, DER_SEQUENCE, &list) && list.length > 0 &&
           certificate_read_extensions(certificate, list);
}

static bool read_fields(struct certificate *certificate)
{
    struct text rest, bit_string, inner_algorithm;

    if (!der_only(certificate->der, DER_SEQUENCE, &rest) ||
        !der_next_whole(&rest, DER_SEQUENCE, &certificate->to_be_signed) ||
        !der_next_whole(&rest, DER_SEQUENCE, &certificate->signature_algorithm) ||
        !der_next_of(&rest, DER_BIT_STRING, &bit_string) || rest.length != 0 ||
        !der_bit_octets(bit_string, &certificate->signature) ||
        !read_to_be_signed(certificate, &inner_algorithm))
        return false;
    /* 4.1.1.2: both must be the same, or a signature could be taken for one of another kind. */
    if (!text_equal(inner_algorithm, certificate->signature_algorithm))
        certificate_note_defect(certificate, REASON_MALFORMED_CERTIFICATE,
                                "the signature algorithms inside and outside differ");
    if (!signature_algorithm_read(certificate->signature_algorithm, &certificate->algorithm))
        certificate_note_defect(certificate, REASON_MALFORMED_CERTIFICATE,
                                "the signature algorithm cannot be read");
    return true;
}

static bool hash_text(struct text t, uint8_t sha256[32], uint8_t sha512[64])
{
    const uint8_t *at = (const uint8_t *)t.at;
    return wc_Sha256Hash(at, (word32)t.length, sha256) == 0 &&
           wc_Sha512Hash(at, (word32)t.length, sha512) == 0;
}

enum reason certificate_read(struct text der, struct certificate **out)
{
    if (der.length == 0 || der.length > CERTIFICATE_LARGEST)
        return REASON_MALFORMED_CERTIFICATE;

    enum reason reason = REASON_OVERLOADED;
    struct certificate *certificate = calloc(1, sizeof(*certificate));
    if (certificate == NULL)
        return REASON_OVERLOADED;
    certificate->der = (struct text){text_copy(der), der.length};
    if (certificate->der.at == NULL)
        goto failed;
    reason = REASON_MALFORMED_CERTIFICATE;
    if (!read_fields(certificate))
        goto failed;
    reason = certificate_read_names(certificate);
    if (reason != REASON_OK)
        goto failed;
    certificate_check_profile(certificate);
    reason = REASON_OVERLOADED; /* a hash fails for want of memory only */
    if (!hash_text(certificate->der, certificate->sha256, certificate->sha512) ||
        !hash_text(certificate->public_key, certificate->key_sha256, certificate->key_sha512))
        goto failed;
    *out = certificate;
    return REASON_OK;

failed:
    certificate_destroy(certificate);
    return reason;
}

void certificate_destroy(struct certificate *certificate)
{
    if (certificate == NULL)
        return;
    free((char *)certificate->der.at);
    free(certificate->names);
    free(certificate);
}

bool certificate_is_self_issued(const struct certificate *certificate)
{
    return distinguished_name_equal(certificate->issuer, certificate->subject);
}
