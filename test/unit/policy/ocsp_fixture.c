/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ocsp_fixture.h"

#include <stdlib.h>
#include <string.h>

#define CA_USAGE (CERTIFICATE_KU_KEY_CERT_SIGN | CERTIFICATE_KU_CRL_SIGN)

const struct factory_order ocsp_delegate_order = {.subject = "Responder",
                                                  .issuer = "CA",
                                                  .key = OCSP_DELEGATE,
                                                  .issuer_key = OCSP_CA,
                                                  .key_usage = CERTIFICATE_KU_DIGITAL_SIGNATURE,
                                                  .usages = "p"};

void ocsp_fixture_begin(struct ocsp_fixture *fixture)
{
    const struct factory_order ca = {
        .subject = "CA", .key = OCSP_CA, .issuer_key = OCSP_CA, .ca = true, .key_usage = CA_USAGE};
    const struct factory_order other_ca = {.subject = "Other CA",
                                           .key = OCSP_OTHER_CA,
                                           .issuer_key = OCSP_OTHER_CA,
                                           .ca = true,
                                           .key_usage = CA_USAGE};
    const struct factory_order leaf = {
        .subject = "leaf", .issuer = "CA", .key = OCSP_LEAF, .issuer_key = OCSP_CA};

    memset(fixture, 0, sizeof(*fixture));
    fixture->ca = factory_certificate(&ca);
    fixture->other_ca = factory_certificate(&other_ca);
    fixture->leaf = factory_certificate(&leaf);
    fixture->other_leaf = factory_certificate(&leaf); /* with another serial number */
    fixture->order = (struct factory_ocsp_order){
        .about = fixture->leaf, .issuer = fixture->ca, .key = OCSP_CA, .single = {{.status = 'g'}}};
}

void ocsp_fixture_end(struct ocsp_fixture *fixture)
{
    certificate_destroy(fixture->ca);
    certificate_destroy(fixture->leaf);
    certificate_destroy(fixture->other_ca);
    certificate_destroy(fixture->other_leaf);
    certificate_destroy(fixture->delegate);
}

void ocsp_fixture_delegate(struct ocsp_fixture *fixture, const struct factory_order *delegate)
{
    certificate_destroy(fixture->delegate);
    fixture->delegate = factory_certificate(delegate);
    fixture->order.certificate[0] = fixture->delegate;
    fixture->order.key = delegate->key;
}

enum ocsp_answer ocsp_fixture_check_at(struct ocsp_fixture *fixture, int64_t now)
{
    struct ocsp_response *response = factory_ocsp_response(&fixture->order);
    enum ocsp_answer answer =
        ocsp_response_check(response, fixture->leaf, fixture->ca, now, &fixture->finding);

    if (fixture->finding.answer != answer || (answer == OCSP_GOOD) != (fixture->finding.why == NULL) ||
        fixture->finding.until < now)
        abort();
    ocsp_response_destroy(response);
    return answer;
}

enum ocsp_answer ocsp_fixture_check(struct ocsp_fixture *fixture)
{
    return ocsp_fixture_check_at(fixture, FACTORY_NOW);
}
