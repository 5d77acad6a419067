/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The extensions of a certificate (RFC 5280 4.2). One that cannot be read is a defect: no path may use the
 * certificate, but its names can still be told. */
#include "policy/certificate_parts.h"
#include "policy/der.h"
#include "policy/extension.h"
#include "policy/general_name.h"
#include "policy/name_constraints.h"

/* Reads the value of one extension. False: it is malformed. */
typedef bool extension_reader(struct certificate *certificate, struct text value, bool critical);

static bool read_basic_constraints(struct certificate *certificate, struct text value, bool critical)
{
    struct text content, boolean, integer;
    bool has_boolean;

    if (!der_only(value, DER_SEQUENCE, &content) ||
        !der_optional(&content, DER_BOOLEAN, &boolean, &has_boolean) ||
        !der_optional(&content, DER_INTEGER, &integer, &certificate->has_path_length) || content.length != 0)
        return false;
    /* False is the default, which DER leaves out. */
    if (has_boolean && (!der_boolean(boolean, &certificate->is_ca) || !certificate->is_ca))
        return false;
    certificate->has_basic_constraints = true;
    certificate->basic_constraints_critical = critical;
    return !certificate->has_path_length || der_small_integer(integer, UINT32_MAX, &certificate->path_length);
}

static bool read_key_usage(struct certificate *certificate, struct text value, bool critical)
{
    struct text content;
    (void)critical;
    certificate->has_key_usage = true;
    /* 4.2.1.3: at least one bit is set. */
    return der_only(value, DER_BIT_STRING, &content) && der_named_bits(content, &certificate->key_usage) &&
           certificate->key_usage != 0;
}

static uint32_t extended_key_usage_bit(struct text oid)
{
    static const struct {
        struct text oid;
        uint32_t bit;
    } usages[] = {
        {DER_OCTETS("\x55\x1d\x25\x00"), CERTIFICATE_EKU_ANY},
        {DER_OCTETS("\x2b\x06\x01\x05\x05\x07\x03\x01"), CERTIFICATE_EKU_SERVER},
        {DER_OCTETS("\x2b\x06\x01\x05\x05\x07\x03\x02"), CERTIFICATE_EKU_CLIENT},
        {DER_OCTETS("\x2b\x06\x01\x05\x05\x07\x03\x14"), CERTIFICATE_EKU_SIP_DOMAIN},
        {DER_OCTETS("\x2b\x06\x01\x05\x05\x07\x03\x09"), CERTIFICATE_EKU_OCSP},
    };
    for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
        if (text_equal(oid, usages[i].oid))
            return usages[i].bit;
    }
    return CERTIFICATE_EKU_OTHER;
}

static bool read_extended_key_usage(struct certificate *certificate, struct text value, bool critical)
{
    struct text list, oid;
    (void)critical;
    certificate->has_extended_key_usage = true;
    if (!der_only(value, DER_SEQUENCE, &list) || list.length == 0)
        return false;
    while (list.length > 0) {
        if (!der_next_of(&list, DER_OID, &oid) || !der_is_oid(oid))
            return false;
        certificate->extended_key_usage |= extended_key_usage_bit(oid);
    }
    return true;
}

static bool read_subject_key_id(struct certificate *certificate, struct text value, bool critical)
{
    (void)critical;
    return der_only(value, DER_OCTET_STRING, &certificate->subject_key_id) &&
           certificate->subject_key_id.length > 0;
}

static bool read_authority_key_id(struct certificate *certificate, struct text value, bool critical)
{
    struct text content, issuer, serial;
    bool has_key_id, has_issuer, has_serial;
    (void)critical;
    if (!der_only(value, DER_SEQUENCE, &content) ||
        !der_optional(&content, DER_CONTEXT(0), &certificate->authority_key_id, &has_key_id) ||
        !der_optional(&content, DER_CONTEXT_CONSTRUCTED(1), &issuer, &has_issuer) ||
        !der_optional(&content, DER_CONTEXT(2), &serial, &has_serial) || content.length != 0 ||
        has_issuer != has_serial)
        return false;
    if (certificate->authority_key_id.length == 0)
        certificate_note_defect(certificate, REASON_MALFORMED_CERTIFICATE,
                                "authorityKeyIdentifier has no keyIdentifier (RFC 5280 4.2.1.1)");
    return true;
}

static bool read_alternative_name(struct certificate *certificate, struct text value, bool critical)
{
    certificate->has_subject_alternative_name = true;
    certificate->subject_alternative_name_critical = critical;
    certificate->subject_alternative_name = value;
    return true; /* certificate_read_names reads it */
}

static bool read_name_constraints(struct certificate *certificate, struct text value, bool critical)
{
    (void)critical;
    certificate->name_constraints = value;
    return name_constraints_are_sound(value);
}

/* 4.2.1.4. With the initial policy set any-policy, and nothing that requires an explicit policy, the policies
 * of a certificate change nothing; qualifiers must be known where the extension is critical. */
static bool read_policies(struct certificate *certificate, struct text value, bool critical)
{
    struct text list, information, oid, qualifiers, qualifier;
    bool has_qualifiers;

    if (!der_only(value, DER_SEQUENCE, &list) || list.length == 0)
        return false;
    while (list.length > 0) {
        if (!der_next_of(&list, DER_SEQUENCE, &information) || !der_next_of(&information, DER_OID, &oid) ||
            !der_is_oid(oid) || !der_optional(&information, DER_SEQUENCE, &qualifiers, &has_qualifiers) ||
            information.length != 0)
            return false;
        while (qualifiers.length > 0) {
            if (!der_next_of(&qualifiers, DER_SEQUENCE, &qualifier) ||
                !der_next_of(&qualifier, DER_OID, &oid))
                return false;
            if (critical && !text_equal(oid, TEXT("\x2b\x06\x01\x05\x05\x07\x02\x01")) &&
                !text_equal(oid, TEXT("\x2b\x06\x01\x05\x05\x07\x02\x02")))
                certificate->has_unknown_critical_extension = true;
        }
    }
    return true;
}

/* What would demand that policies be followed through the path: refused where it is critical, as it must be.
 */
static bool refuse_to_process(struct certificate *certificate, struct text value, bool critical)
{
    (void)value;
    certificate->has_unknown_critical_extension = certificate->has_unknown_critical_extension || critical;
    return true;
}

static bool read_distribution_points(struct certificate *certificate, struct text value, bool critical)
{
    struct text list, point;
    (void)critical;
    certificate->crl_distribution_points = value;
    if (!der_only(value, DER_SEQUENCE, &list) || list.length == 0)
        return false;
    while (list.length > 0) {
        if (!der_next_of(&list, DER_SEQUENCE, &point))
            return false;
    }
    return true;
}

static bool read_authority_information(struct certificate *certificate, struct text value, bool critical)
{
    struct text list, description, method;
    struct general_name location;
    (void)critical;
    certificate->authority_information = value;
    if (!der_only(value, DER_SEQUENCE, &list) || list.length == 0)
        return false;
    while (list.length > 0) {
        if (!der_next_of(&list, DER_SEQUENCE, &description) || !der_next_of(&description, DER_OID, &method) ||
            !general_name_next(&description, &location) || description.length != 0)
            return false;
    }
    return true;
}

static bool read_ocsp_no_check(struct certificate *certificate, struct text value, bool critical)
{
    struct text content;
    (void)critical;
    certificate->has_ocsp_no_check = true;
    return der_only(value, DER_NULL, &content) && content.length == 0;
}

enum criticality { CRITICAL_OR_NOT, CRITICAL_ALWAYS, CRITICAL_NEVER };

static const struct extension_rule {
    struct text oid;
    extension_reader *read;
    enum criticality criticality;
    const char *malformed, *criticality_wrong; /* literals */
} extension_rules[] = {
#define RULE(octets, reader, criticality, name)                                                              \
    {                                                                                                        \
        DER_OCTETS(octets), reader, criticality, name " cannot be read",                                     \
            criticality == CRITICAL_NEVER ? name " is critical" : name " is not critical"                    \
    }
    RULE("\x55\x1d\x13", read_basic_constraints, CRITICAL_OR_NOT, "basicConstraints"),
    RULE("\x55\x1d\x0f", read_key_usage, CRITICAL_OR_NOT, "keyUsage"),
    RULE("\x55\x1d\x25", read_extended_key_usage, CRITICAL_OR_NOT, "extKeyUsage"),
    RULE("\x55\x1d\x0e", read_subject_key_id, CRITICAL_NEVER, "subjectKeyIdentifier"),
    RULE("\x55\x1d\x23", read_authority_key_id, CRITICAL_NEVER, "authorityKeyIdentifier"),
    RULE("\x55\x1d\x11", read_alternative_name, CRITICAL_OR_NOT, "subjectAltName"),
    RULE("\x55\x1d\x1e", read_name_constraints, CRITICAL_ALWAYS, "nameConstraints"),
    RULE("\x55\x1d\x20", read_policies, CRITICAL_OR_NOT, "certificatePolicies"),
    RULE("\x55\x1d\x24", refuse_to_process, CRITICAL_ALWAYS, "policyConstraints"),
    RULE("\x55\x1d\x36", refuse_to_process, CRITICAL_ALWAYS, "inhibitAnyPolicy"),
    RULE("\x55\x1d\x1f", read_distribution_points, CRITICAL_OR_NOT, "cRLDistributionPoints"),
    RULE("\x2b\x06\x01\x05\x05\x07\x01\x01", read_authority_information, CRITICAL_NEVER,
         "authorityInfoAccess"),
    RULE("\x2b\x06\x01\x05\x05\x07\x30\x01\x05", read_ocsp_no_check, CRITICAL_OR_NOT, "id-pkix-ocsp-nocheck"),
#undef RULE
};

static void read_value(struct certificate *certificate, const struct extension *extension)
{
    bool critical = extension->critical;

    for (size_t i = 0; i < sizeof(extension_rules) / sizeof(extension_rules[0]); i++) {
        const struct extension_rule *rule = &extension_rules[i];
        if (!text_equal(extension->oid, rule->oid))
            continue;
        if (!rule->read(certificate, extension->value, critical))
            certificate_note_defect(certificate, REASON_MALFORMED_CERTIFICATE, rule->malformed);
        if (rule->criticality != CRITICAL_OR_NOT && critical != (rule->criticality == CRITICAL_ALWAYS))
            certificate_note_defect(certificate, REASON_MALFORMED_CERTIFICATE, rule->criticality_wrong);
        return;
    }
    /* 4.2: an unknown one that is not critical may be ignored. */
    certificate->has_unknown_critical_extension = certificate->has_unknown_critical_extension || critical;
}

bool certificate_read_extensions(struct certificate *certificate, struct text extensions)
{
    struct text seen[CERTIFICATE_EXTENSIONS_MOST];
    struct extension extension;
    size_t count = 0;

    while (extensions.length > 0) {
        if (count == CERTIFICATE_EXTENSIONS_MOST || !extension_next(&extensions, &extension))
            return false;
        for (size_t i = 0; i < count; i++) {
            if (text_equal(seen[i], extension.oid)) /* 4.2: at most one of a kind */
                return false;
        }
        seen[count++] = extension.oid;
        read_value(certificate, &extension);
    }
    return true;
}
