/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/explain.h"

#include <stdlib.h>

#include "policy/certificate_file.h"
#include "policy/pem.h"

/* ---- the file ---- */

static char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *octets = malloc(PEM_FILE_LARGEST + 1);

    *length = octets == NULL || file == NULL ? 0 : fread(octets, 1, PEM_FILE_LARGEST + 1, file);
    bool good = file != NULL && octets != NULL && ferror(file) == 0;
    if (file == NULL || ferror(file) != 0)
        fprintf(stderr, "fedgate explain: %s cannot be read\n", path);
    else if (*length > PEM_FILE_LARGEST)
        fprintf(stderr, "fedgate explain: %s is too large for a chain\n", path);
    if (file != NULL)
        fclose(file);
    if (good && *length <= PEM_FILE_LARGEST)
        return octets;
    free(octets);
    return NULL;
}

/* As a peer would present it: what is no DER is for the judgement to refuse, not for us. */
bool explain_read_chain(struct explanation *explanation, const char *file)
{
    struct text der[PRESENTED_CHAIN_MOST + 1];
    size_t length, line = 1, count = 0;
    struct pem_block block;
    char *pem = read_file(file, &length);

    if (pem == NULL)
        return false;
    struct text rest = {pem, length};
    while (count <= PRESENTED_CHAIN_MOST && pem_next(&rest, &line, &block) == PEM_BLOCK) {
        size_t octets = 0;
        if (!pem_is_certificate(&block))
            continue;
        unsigned char *decoded = pem_decode(&block, &octets);
        der[count++] = (struct text){(const char *)decoded, decoded == NULL ? 0 : octets};
    }
    if (count > 0)
        explanation->chain = presented_chain_read(der, count);
    if (count == 0)
        fprintf(stderr, "fedgate explain: %s holds no certificate; a PEM chain is wanted, leaf first\n",
                file);
    else if (explanation->chain == NULL)
        fprintf(stderr, "fedgate explain: no memory\n");
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)der[i].at);
    free(pem);
    return explanation->chain != NULL;
}

/* ---- the paths ---- */

static struct explain_path *next_path(struct explanation *explanation, const struct trust_path *path)
{
    if (explanation->path_count == EXPLAIN_PATHS_MOST) {
        explanation->paths_left_out++;
        return NULL;
    }
    struct explain_path *kept = &explanation->path[explanation->path_count++];
    *kept = (struct explain_path){.count = path->count, .anchor = path->anchor, .detail = ""};
    for (size_t i = 0; i < path->count; i++)
        kept->certificate[i] = path->certificate[i];
    return kept;
}

static void broke(void *context, const struct trust_path *so_far, const struct certificate *at,
                  enum reason why, const char *detail)
{
    struct explain_path *path = next_path(context, so_far);

    if (path == NULL)
        return;
    path->at = at;
    path->reason = why;
    path->detail = detail;
}

struct trust_trace explain_trace(struct explanation *explanation)
{
    return (struct trust_trace){.broke = broke, .context = explanation};
}

void explain_keep_found_paths(struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->peer.path_count; i++) {
        struct explain_path *path = next_path(explanation, &explanation->peer.path[i]);
        if (path != NULL)
            path->valid_until = explanation->peer.path[i].valid_until;
    }
}

const struct certificate *explain_broken_at(const struct explanation *explanation, enum reason reason)
{
    for (size_t i = 0; i < explanation->path_count; i++) {
        if (explanation->path[i].reason == reason)
            return explanation->path[i].at;
    }
    return NULL;
}
