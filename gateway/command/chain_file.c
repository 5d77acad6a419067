/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/chain_file.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/certificate_file.h"
#include "policy/pem.h"

static char *read_file(const char *command, const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *octets = malloc(PEM_FILE_LARGEST + 1);

    *length = octets == NULL || file == NULL ? 0 : fread(octets, 1, PEM_FILE_LARGEST + 1, file);
    bool good = file != NULL && octets != NULL && ferror(file) == 0;
    if (file == NULL || ferror(file) != 0)
        fprintf(stderr, "%s: %s cannot be read\n", command, path);
    else if (*length > PEM_FILE_LARGEST)
        fprintf(stderr, "%s: %s is too large for a chain\n", command, path);
    if (file != NULL)
        fclose(file);
    if (good && *length <= PEM_FILE_LARGEST)
        return octets;
    free(octets);
    return NULL;
}

/* As a peer would present it: what is no DER is for the judgement to refuse, not for us. */
struct presented_chain *chain_file_read(const char *command, const char *path)
{
    struct text der[PRESENTED_CHAIN_MOST + 1];
    size_t length, line = 1, count = 0;
    struct pem_block block;
    struct presented_chain *chain = NULL;
    char *pem = read_file(command, path, &length);

    if (pem == NULL)
        return NULL;
    struct text rest = {pem, length};
    while (count <= PRESENTED_CHAIN_MOST && pem_next(&rest, &line, &block) == PEM_BLOCK) {
        size_t octets = 0;
        if (!pem_is_certificate(&block))
            continue;
        unsigned char *decoded = pem_decode(&block, &octets);
        der[count++] = (struct text){(const char *)decoded, decoded == NULL ? 0 : octets};
    }
    if (count > 0)
        chain = presented_chain_read(der, count);
    if (count == 0)
        fprintf(stderr, "%s: %s holds no certificate; a PEM chain is wanted, leaf first\n", command, path);
    else if (chain == NULL)
        fprintf(stderr, "%s: no memory\n", command);
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)der[i].at);
    free(pem);
    return chain;
}
