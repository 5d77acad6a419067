/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives octets to the reader of certificates alone, and what it read to everyone who asks something of one.
 * The input is a certificate in DER, or PEM text where it begins with a hyphen. Whatever is read lies within
 * its own octets, is within its bounds, prints, and answers every question twice alike; what is read of a
 * prefix is never more than the reader was given.
 *
 * Built with clang -fsanitize=fuzzer,address,undefined, or with replay.c. */
#include "policy/certificate_file.h"
#include "policy/dane.h"
#include "policy/domain.h"
#include "policy/distinguished_name.h"
#include "policy/identity.h"
#include "policy/name_constraints.h"
#include "policy/ocsp_request.h"
#include "policy/revocation_sources.h"
#include "policy/trust_anchor.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static void demand_within(const struct certificate *certificate, struct text part)
{
    demand(part.length == 0 || (part.at >= certificate->der.at &&
                                part.at + part.length <= certificate->der.at + certificate->der.length));
}

static void demand_printable(const char *printed)
{
    for (; *printed != '\0'; printed++)
        demand(*printed >= 0x20 && *printed <= 0x7e);
}

static void look_at_fields(const struct certificate *certificate)
{
    const struct text parts[] = {
        certificate->to_be_signed,
        certificate->signature,
        certificate->signature_algorithm,
        certificate->issuer,
        certificate->subject,
        certificate->serial,
        certificate->public_key,
        certificate->authority_key_id,
        certificate->subject_key_id,
        certificate->name_constraints,
        certificate->crl_distribution_points,
        certificate->authority_information,
        certificate->subject_alternative_name,
    };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        demand_within(certificate, parts[i]);
    demand((certificate->defect == REASON_OK) == (certificate->defect_text == NULL));
    demand(certificate->der.length <= CERTIFICATE_LARGEST);
    demand(certificate->has_path_length || certificate->path_length == 0);
    demand(certificate->has_key_usage || certificate->key_usage == 0);
    demand(certificate->is_ca || certificate->defect != REASON_OK ||
           certificate->name_constraints.length == 0);
}

static void look_at_names(const struct certificate *certificate)
{
    char printed[100];
    struct text matched;

    demand(certificate->name_count <= CERTIFICATE_NAMES_MOST);
    demand(certificate_subject_print(certificate->subject, printed, sizeof(printed)) >= 0);
    demand_printable(printed);
    demand(certificate_subject_print(certificate->issuer, printed, sizeof(printed)) >= 0);
    demand_printable(printed);
    for (size_t i = 0; i < certificate->name_count; i++) {
        const struct certificate_name *name = &certificate->names[i];
        demand_within(certificate, name->value);
        demand(certificate_name_print(name, printed, sizeof(printed)) >= 3);
        demand_printable(printed);
        bool is_host = identity_names_dns(certificate, name->value, &matched);
        demand(is_host == identity_names_dns(certificate, name->value, &matched));
        demand(name->kind != CERTIFICATE_NAME_DNS || is_host);
        if (identity_names_domain(certificate, name->value, &matched)) {
            demand_within(certificate, matched);
            demand(domain_equal(matched, name->value));
        }
        (void)identity_names_host(certificate, name->value);
        (void)identity_names_target(certificate, name->value, &matched);
    }
    demand(distinguished_name_equal(certificate->subject, certificate->subject));
    demand(certificate_is_self_issued(certificate) ==
           distinguished_name_equal(certificate->issuer, certificate->subject));
}

static void look_at_trust(const struct certificate *certificate)
{
    const struct tlsa_record whole = {TLSA_DANE_EE, TLSA_CERTIFICATE, TLSA_FULL, certificate->der},
                             key = {TLSA_DANE_EE,
                                    TLSA_KEY,
                                    TLSA_SHA256,
                                    {(const char *)certificate->key_sha256, 32}};
    struct text url[REVOCATION_URLS_MOST], uri;
    struct ocsp_certificate_id id;
    uint32_t budget = 1000;
    const char *why;

    demand((trust_anchor_check(certificate, &why) == REASON_OK) == (why == NULL));
    demand(certificate_is_issued_soundly(certificate, &why) == (why == NULL));
    demand(tlsa_record_matches(&whole, certificate) && tlsa_record_matches(&key, certificate));
    if (certificate->name_constraints.length > 0 && name_constraints_are_sound(certificate->name_constraints))
        (void)name_constraints_allow(certificate->name_constraints, certificate, true, &budget);
    size_t count = certificate_crl_urls(certificate, url);
    demand(count <= REVOCATION_URLS_MOST);
    for (size_t i = 0; i < count; i++) {
        demand_within(certificate, url[i]);
        demand(revocation_url_is_sound(url[i]));
    }
    if (ocsp_responder_uri(certificate, &uri))
        demand_within(certificate, uri);
    if (ocsp_certificate_id_make(certificate, certificate, &id))
        demand(id.serial_length == certificate->serial.length && ocsp_certificate_id_equal(&id, &id));
}

static void look_at(const struct certificate *certificate)
{
    look_at_fields(certificate);
    look_at_names(certificate);
    look_at_trust(certificate);
}

static void read_pem(struct text pem)
{
    struct problems problems;
    struct certificate_list list;

    problems_init(&problems);
    if (pem_read_certificates(pem, "input", (struct place){.file = "input"}, &problems, &list)) {
        demand(list.count > 0 && problems.errors == 0);
        for (size_t i = 0; i < list.count; i++)
            look_at(list.certificate[i]);
        certificate_list_deinit(&list);
    } else {
        demand(problems.errors > 0);
    }
    problems_deinit(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = {(const char *)data, size};
    struct certificate *certificate, *again;

    if (size > 0 && data[0] == '-') {
        read_pem(input);
        return 0;
    }
    enum reason reason = certificate_read(input, &certificate);
    demand(reason == REASON_OK || reason == REASON_MALFORMED_CERTIFICATE);
    if (reason != REASON_OK)
        return 0;
    demand(text_equal(certificate->der, input));
    look_at(certificate);
    if (size > 0) /* whole or not at all */
        demand(certificate_read((struct text){input.at, size - 1}, &again) != REASON_OK);
    certificate_destroy(certificate);
    return 0;
}
