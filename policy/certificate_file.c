/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/certificate_file.h"

#include <stdlib.h>

#include "policy/partner_file.h"
#include "policy/pem.h"
#include "policy/utf8.h"

#define CERTIFICATES_MOST 1000u /* of one file */

void certificate_list_deinit(struct certificate_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        certificate_destroy(list->certificate[i]);
    free(list->certificate);
    *list = (struct certificate_list){0};
}

/* What is wrong with the file, told once. */
struct complaint {
    struct place place;
    struct problems *problems;
    const char *name; /* of the file, quoted */
};

static bool refuse(const struct complaint *complaint, size_t line, const char *token, const char *sentence)
{
    if (line == 0)
        problems_add(complaint->problems, SEVERITY_ERROR, complaint->place, token, "%s %s", complaint->name,
                     sentence);
    else
        problems_add(complaint->problems, SEVERITY_ERROR, complaint->place, token, "%s, line %zu, %s",
                     complaint->name, line, sentence);
    return false;
}

static bool add(const struct complaint *complaint, const struct pem_block *block,
                struct certificate_list *out)
{
    size_t length = 0;

    if (out->count == CERTIFICATES_MOST)
        return refuse(complaint, block->line, "file-too-large",
                      "begins one certificate too many; split the file");
    if ((out->count & (out->count + 1)) == 0) { /* grows at 0, 1, 3, 7, ... */
        struct certificate **larger =
            realloc(out->certificate, (out->count * 2 + 1) * sizeof(struct certificate *));
        if (larger == NULL)
            return refuse(complaint, 0, "out-of-memory", "does not fit into memory");
        out->certificate = larger;
    }
    unsigned char *der = pem_decode(block, &length);
    if (der == NULL)
        return refuse(complaint, block->line, "malformed-certificate", "begins a block that is no base64");
    enum reason reason =
        certificate_read((struct text){(const char *)der, length}, &out->certificate[out->count]);
    free(der);
    if (reason == REASON_MALFORMED_CERTIFICATE)
        return refuse(complaint, block->line, "malformed-certificate",
                      "begins a certificate that breaks X.509");
    if (reason != REASON_OK)
        return refuse(complaint, 0, "out-of-memory", "does not fit into memory");
    out->count++;
    return true;
}

static bool refuse_as_empty(const struct complaint *complaint, struct text pem, const char *other)
{
    if (other != NULL)
        return refuse(complaint, 0, "no-certificate-in-file", other);
    if (pem.length > 4 && (unsigned char)pem.at[0] == 0x30 && (unsigned char)pem.at[1] >= 0x80)
        return refuse(complaint, 0, "no-certificate-in-file",
                      "is in DER; convert it with: openssl x509 -inform der -in FILE -out FILE.pem");
    return refuse(complaint, 0, "no-certificate-in-file", "holds no certificate; a PEM file is wanted");
}

bool pem_read_certificates(struct text pem, const char *name, struct place place, struct problems *problems,
                           struct certificate_list *out)
{
    char quoted[UTF8_QUOTED];
    struct complaint complaint = {place, problems, utf8_quote(text_of(name), quoted)};
    struct text rest = pem;
    size_t line = 1;
    const char *other = NULL;
    struct pem_block block;
    enum pem_outcome outcome;
    bool good = true;

    *out = (struct certificate_list){0};
    while (good && (outcome = pem_next(&rest, &line, &block)) != PEM_END) {
        if (outcome == PEM_BROKEN)
            good = refuse(&complaint, block.line, "malformed-certificate", "begins a block that has no end");
        else if (pem_is_private_key(&block))
            good =
                refuse(&complaint, block.line, "holds-private-key",
                       "holds a private key; keep certificates and keys in files of their own, and replace a "
                       "key that others have seen");
        else if (pem_is_certificate(&block))
            good = add(&complaint, &block, out);
        else
            other = "holds PEM blocks, but no certificate; convert it to one or more CERTIFICATE blocks";
    }
    if (good && out->count == 0)
        good = refuse_as_empty(&complaint, pem, other);
    if (!good)
        certificate_list_deinit(out);
    return good;
}

bool pem_file_read_certificates(const char *path, struct place place, struct problems *problems,
                                struct certificate_list *out)
{
    size_t length = 0;
    char *pem = file_read_or_report(path, PEM_FILE_LARGEST, &length, place, problems);

    if (pem == NULL)
        return false;
    bool good =
        pem_read_certificates((struct text){pem, length}, path_shown(place, path), place, problems, out);
    free(pem);
    return good;
}
