/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives octets to the reader of OCSP responses. The input is three blocks, each of two octets of length: a
 * response, the certificate that it is asked about, and that of its issuer.
 *
 * Built with clang -fsanitize=fuzzer,address,undefined, or with replay.c. */
#include "policy/ocsp_request.h"
#include "policy/ocsp_response.h"

#include <stdlib.h>
#include <string.h>

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

static void ask(const struct certificate *certificate, const struct certificate *issuer)
{
    struct ocsp_certificate_id id;
    uint8_t request[OCSP_REQUEST_MOST];
    struct text uri;

    if (ocsp_certificate_id_make(certificate, issuer, &id)) {
        size_t length = ocsp_request_write(&id, request);
        demand(length <= sizeof(request) && (size_t)request[1] + 2 == length);
        demand(id.serial_length == 0 ||
               memcmp(request + length - id.serial_length, id.serial, id.serial_length) == 0);
    }
    demand(!ocsp_responder_uri(certificate, &uri) || uri.length > 7);
}

static void check(const struct ocsp_response *response, const struct certificate *certificate,
                  const struct certificate *issuer, int64_t now)
{
    struct ocsp_finding finding, again;

    enum ocsp_answer answer = ocsp_response_check(response, certificate, issuer, now, &finding);
    demand(answer == finding.answer && (answer == OCSP_GOOD) == (finding.why == NULL));
    demand(finding.until >= now);
    demand(answer != OCSP_GOOD || now <= finding.ends);
    if (finding.until != INT64_MAX)
        demand(ocsp_response_check(response, certificate, issuer, finding.until, &again) == answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text der = take_block(&data, &size), below = take_block(&data, &size),
                above = take_block(&data, &size);
    struct certificate *certificate = NULL, *issuer = NULL;
    const char *why = NULL;

    struct ocsp_response *response = ocsp_response_read(der, &why);
    demand((response == NULL) == (why != NULL));
    if (certificate_read(below, &certificate) == REASON_OK && certificate_read(above, &issuer) == REASON_OK) {
        ask(certificate, issuer);
        if (response != NULL) {
            check(response, certificate, issuer, response->produced_at);
            check(response, certificate, issuer, response->single[0].ends + 1);
        }
    }
    certificate_destroy(certificate);
    certificate_destroy(issuer);
    ocsp_response_destroy(response);
    return 0;
}
