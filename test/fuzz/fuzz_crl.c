/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives octets to the reader of CRLs. The input is two blocks, each of two octets of length: a CRL, and a
 * certificate that it is asked about, which serves as its issuer, too.
 *
 * Built with clang -fsanitize=fuzzer,address,undefined, or with replay.c. */
#include "policy/revocation.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static struct text take_block(const uint8_t **data, size_t *size)
{
    if (*size < 2)
        return TEXT_NONE;
    size_t length = ((size_t)(*data)[0] << 8) | (*data)[1];
    length = length < *size - 2 ? length : *size - 2;
    struct text block = {(const char *)*data + 2, length};
    *data += 2 + length;
    *size -= 2 + length;
    return block;
}

static void ask(const struct crl *crl, const struct certificate *certificate)
{
    demand((crl_reasons_for(crl, certificate) & ~CRL_REASONS_ALL) == 0);
    struct text name[CRL_ISSUERS_MOST];
    (void)crl_status_of(crl, certificate->issuer, certificate->serial);
    demand(certificate_crl_issuers(certificate, name) <= CRL_ISSUERS_MOST);
    (void)crl_is_signed_by(crl, certificate);
}

static void check(struct crl *take, struct certificate *certificate)
{
    struct crl_store *store = crl_store_create();
    struct trust_path path = {.certificate = {certificate, certificate}, .count = 2};
    struct revocation_finding finding;
    const char *why;
    const struct revocation_terms terms = {.rule = REVOCATION_REQUIRED, .store = store};
    const struct revocation_question question = {.terms = &terms, .now = take->this_update};

    demand(store != NULL && crl_store_add(store, take, &why));
    enum reason reason = revocation_check(&path, &question, &finding);
    demand((reason == REASON_OK) == (finding.certificate == NULL));
    crl_store_destroy(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text list = take_block(&data, &size), der = take_block(&data, &size);
    struct certificate *certificate = NULL;
    const char *why = NULL;

    struct crl *crl = crl_read(list, &why);
    demand((crl == NULL) == (why != NULL));
    if (crl == NULL)
        return 0;
    for (size_t i = 0; i < crl->serial_count; i++)
        demand(crl_status_of(crl, crl->issuer, crl->serials[i]) == CRL_REVOKES);
    for (size_t i = 0; i < crl->odd_count; i++)
        demand(crl_status_of(crl, crl->odd[i].issuer, crl->odd[i].serial) != CRL_SILENT);
    demand(!crl_is_successor_of(crl, crl, true) && !crl_delta_applies(crl, crl));
    demand(!crl_is_newer(crl, crl));
    if (certificate_read(der, &certificate) == REASON_OK) {
        ask(crl, certificate);
        check(crl, certificate);
    } else {
        crl_destroy(crl);
    }
    certificate_destroy(certificate);
    return 0;
}
