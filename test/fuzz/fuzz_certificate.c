/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives octets to the reader of certificates, as one certificate: whatever is read must print, hold together,
 * and name only sources of revocation that may be asked.
 *
 * Built with clang -fsanitize=fuzzer,address,undefined, or with replay.c. */
#include "policy/dane.h"
#include "policy/distinguished_name.h"
#include "policy/identity.h"
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

static bool lies_in(struct text part, struct text whole)
{
    return part.length == 0 || (part.at >= whole.at && part.at + part.length <= whole.at + whole.length);
}

static void look_at_names(const struct certificate *certificate)
{
    char printed[64];
    struct text matched;

    demand(certificate->name_count <= CERTIFICATE_NAMES_MOST);
    for (size_t i = 0; i < certificate->name_count; i++) {
        const struct certificate_name *name = &certificate->names[i];
        demand(lies_in(name->value, certificate->der));
        demand(certificate_name_print(name, printed, sizeof(printed)) >= 3);
        if (identity_names_domain(certificate, name->value, &matched))
            demand(lies_in(matched, certificate->der));
        (void)identity_names_host(certificate, name->value);
    }
    demand(certificate_subject_print(certificate->subject, printed, sizeof(printed)) >= 0);
}

static void look_at_sources(const struct certificate *certificate)
{
    struct text url[REVOCATION_URLS_MOST], responder;
    struct ocsp_certificate_id id;
    size_t count = certificate_crl_urls(certificate, url);

    demand(count <= REVOCATION_URLS_MOST);
    for (size_t i = 0; i < count; i++)
        demand(lies_in(url[i], certificate->der) && revocation_url_is_sound(url[i]));
    if (ocsp_responder_uri(certificate, &responder))
        demand(lies_in(responder, certificate->der));
    if (ocsp_certificate_id_make(certificate, certificate, &id))
        demand(id.serial_length <= OCSP_SERIAL_MOST && ocsp_certificate_id_equal(&id, &id));
}

static void look_at_records(const struct certificate *certificate)
{
    const struct tlsa_record key = {3, TLSA_KEY, TLSA_SHA256, {(const char *)certificate->key_sha256, 32}};
    const struct tlsa_record whole = {
        3, TLSA_CERTIFICATE, TLSA_SHA256, {(const char *)certificate->sha256, 32}};

    demand(tlsa_record_matches(&key, certificate) && tlsa_record_matches(&whole, certificate));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct certificate *certificate = NULL;
    const char *why;

    enum reason reason = certificate_read((struct text){(const char *)data, size}, &certificate);
    demand((reason == REASON_OK) == (certificate != NULL));
    if (certificate == NULL)
        return 0;
    demand(certificate->der.length == size);
    demand((certificate->defect == REASON_OK) == (certificate->defect_text == NULL));
    demand((trust_anchor_check(certificate, &why) == REASON_OK) == (why == NULL));
    (void)certificate_is_issued_soundly(certificate, &why);
    demand(certificate_is_self_issued(certificate) ==
           distinguished_name_equal(certificate->issuer, certificate->subject));
    look_at_names(certificate);
    look_at_sources(certificate);
    look_at_records(certificate);
    certificate_destroy(certificate);
    return 0;
}
