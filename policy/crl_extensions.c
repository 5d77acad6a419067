/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The extensions of a CRL (RFC 5280 5.2), and what it speaks of. */
#include "policy/crl_parts.h"

#include "policy/distinguished_name.h"
#include "policy/extension.h"
#include "policy/general_name.h"

#define CRL_EXTENSIONS_MOST 32u

/* ---- issuingDistributionPoint ---- */

/* [n] BOOLEAN DEFAULT FALSE */
static bool take_flag(struct text *rest, unsigned number, bool *flag)
{
    struct text content;
    bool present;
    *flag = false;
    return der_optional(rest, DER_CONTEXT(number), &content, &present) &&
           (!present || (der_boolean(content, flag) && *flag));
}

static bool name_is_sound(struct text distribution_point_name)
{
    struct text rest = distribution_point_name;
    struct general_name name;
    struct der_value form;

    if (!der_next(&rest, &form) || rest.length != 0 || form.content.length == 0)
        return false;
    if (form.tag == DER_CONTEXT_CONSTRUCTED(1))
        return true; /* nameRelativeToCRLIssuer: compared, never looked into */
    for (rest = form.content; rest.length > 0;) {
        if (!general_name_next(&rest, &name))
            return false;
    }
    return form.tag == DER_CONTEXT_CONSTRUCTED(0);
}

static bool read_issuing_distribution_point(struct crl *crl, struct text value, const char **why)
{
    struct text content, reasons;
    struct crl_scope *scope = &crl->scope;
    bool has_name, has_reasons;

    *why = "its issuingDistributionPoint cannot be read";
    if (!der_only(value, DER_SEQUENCE, &content) ||
        !der_optional(&content, DER_CONTEXT_CONSTRUCTED(0), &scope->distribution_point, &has_name) ||
        !take_flag(&content, 1, &scope->only_users) || !take_flag(&content, 2, &scope->only_authorities) ||
        !der_optional(&content, DER_CONTEXT(3), &reasons, &has_reasons) ||
        !take_flag(&content, 4, &crl->is_indirect) || !take_flag(&content, 5, &scope->only_attributes) ||
        content.length != 0)
        return false;
    if (has_name && !name_is_sound(scope->distribution_point))
        return false;
    if (has_reasons) {
        if (!der_named_bits(reasons, &scope->reasons))
            return false;
        scope->reasons &= CRL_REASONS_ALL;
    }
    return true;
}

/* ---- the others ---- */

/* 5.2.3: not negative, at most 20 octets. */
static bool read_number(struct text value, struct text *number)
{
    return der_only(value, DER_INTEGER, number) && der_is_integer(*number) && number->length <= 20 &&
           (text_octet(*number, 0) & 0x80) == 0;
}

static bool read_authority_key_id(struct crl *crl, struct text value, const char **why)
{
    struct text content;
    bool present;
    *why = "its authorityKeyIdentifier cannot be read";
    return der_only(value, DER_SEQUENCE, &content) &&
           der_optional(&content, DER_CONTEXT(0), &crl->authority_key_id, &present);
}

static bool read_extension(struct crl *crl, const struct extension *extension, const char **why)
{
    struct text oid = extension->oid, value = extension->value;

    if (text_equal(oid, TEXT("\x55\x1d\x1c")))
        return read_issuing_distribution_point(crl, value, why);
    if (text_equal(oid, TEXT("\x55\x1d\x1b"))) {
        *why = "its deltaCRLIndicator cannot be read";
        return extension->critical && read_number(value, &crl->base_number);
    }
    if (extension->critical) { /* 5.2: no other is critical by right */
        *why = "it has a critical extension that is not known or must not be critical";
        return false;
    }
    if (text_equal(oid, TEXT("\x55\x1d\x14"))) {
        *why = "its CRLNumber cannot be read";
        return read_number(value, &crl->number);
    }
    if (text_equal(oid, TEXT("\x55\x1d\x23")))
        return read_authority_key_id(crl, value, why);
    return true;
}

bool crl_read_extensions(struct crl *crl, struct text list, const char **why)
{
    struct text seen[CRL_EXTENSIONS_MOST];
    struct extension extension;
    size_t count = 0;

    while (list.length > 0) {
        *why = "its extensions cannot be read";
        if (count == CRL_EXTENSIONS_MOST || !extension_next(&list, &extension))
            return false;
        for (size_t i = 0; i < count; i++) {
            if (text_equal(seen[i], extension.oid))
                return false;
        }
        seen[count++] = extension.oid;
        if (!read_extension(crl, &extension, why))
            return false;
    }
    *why = "it has no CRLNumber (RFC 5280 5.2.3)";
    return crl->number.length > 0;
}
