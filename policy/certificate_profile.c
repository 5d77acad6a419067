/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of a certificate demand of one another (RFC 5280 4.1.2 and 4.2.1). Whoever breaks these
 * rules is no conforming CA, and its certificates are not believed. */
#include "policy/certificate_parts.h"
#include "policy/distinguished_name.h"

#define SERIAL_OCTETS_MOST 20u

static bool serial_is_sound(struct text serial)
{
    struct text magnitude;
    return serial.length <= SERIAL_OCTETS_MOST && der_positive_integer(serial, &magnitude);
}

struct profile_rule {
    bool broken;
    const char *text;
};

static void note_first_broken(struct certificate *certificate, const struct profile_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rules[i].broken) {
            certificate_note_defect(certificate, REASON_MALFORMED_CERTIFICATE, rules[i].text);
            return;
        }
    }
}

static void check_fields(struct certificate *certificate)
{
    bool subject_empty = distinguished_name_is_empty(certificate->subject);
    const struct profile_rule rules[] = {
        {distinguished_name_is_empty(certificate->issuer), "the issuer is empty (RFC 5280 4.1.2.4)"},
        {subject_empty && certificate->is_ca, "the subject of a CA is empty (RFC 5280 4.1.2.6)"},
        {subject_empty && !certificate->subject_alternative_name_critical,
         "the subject is empty and there is no critical subjectAltName (RFC 5280 4.2.1.6)"},
    };
    note_first_broken(certificate, rules, sizeof(rules) / sizeof(rules[0]));
}

static void check_extensions(struct certificate *certificate)
{
    bool signs = (certificate->key_usage & CERTIFICATE_KU_KEY_CERT_SIGN) != 0;
    const struct profile_rule rules[] = {
        {certificate->is_ca && certificate->subject_key_id.length == 0,
         "there is no subjectKeyIdentifier in a CA certificate (RFC 5280 4.2.1.2)"},
        {signs && !certificate->is_ca,
         "keyUsage has keyCertSign outside of a CA certificate (RFC 5280 4.2.1.3)"},
        {certificate->has_path_length && !certificate->is_ca,
         "pathLenConstraint outside of a CA certificate (RFC 5280 4.2.1.9)"},
        {certificate->has_path_length && certificate->has_key_usage && !signs,
         "pathLenConstraint without keyCertSign (RFC 5280 4.2.1.9)"},
        {certificate->name_constraints.length > 0 && !certificate->is_ca,
         "nameConstraints outside of a CA certificate (RFC 5280 4.2.1.10)"},
    };
    note_first_broken(certificate, rules, sizeof(rules) / sizeof(rules[0]));
}

/* Not asked of anchors: roots in wide use have serial number 0. See trust_anchor_check. */
bool certificate_is_issued_soundly(const struct certificate *certificate, const char **why)
{
    *why = NULL;
    if (!serial_is_sound(certificate->serial))
        *why = "its serial number is not positive, or longer than 20 octets (RFC 5280 4.1.2.2)";
    else if (certificate->authority_key_id.length == 0 && !certificate_is_self_issued(certificate))
        *why = "it has no authorityKeyIdentifier (RFC 5280 4.2.1.1)";
    return *why == NULL;
}

void certificate_check_profile(struct certificate *certificate)
{
    check_fields(certificate);
    check_extensions(certificate);
}
