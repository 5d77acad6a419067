/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "policy/certificate.h"

struct chain_proof {
    uint8_t key_sha256[32]; /* of the issuer; the last one that was found good */
    bool is_known;
};

struct presented_chain *presented_chain_read(const struct text *ders, size_t count)
{
    struct presented_chain *chain = calloc(1, sizeof(*chain));
    if (chain == NULL)
        return NULL;
    if (count == 0)
        chain->defect = REASON_NO_CERTIFICATE;
    for (size_t i = 0; i < count && i < PRESENTED_CHAIN_MOST; i++) {
        struct certificate *certificate;
        enum reason reason = certificate_read(ders[i], &certificate);
        if (reason == REASON_OK) {
            chain->certificate[chain->count++] = certificate;
            continue;
        }
        if (reason == REASON_OVERLOADED) {
            presented_chain_destroy(chain);
            return NULL;
        }
        if (i == 0) { /* without its leaf the rest is of no use */
            chain->defect = reason;
            break;
        }
    }
    if (chain->count > 0)
        chain->proof = calloc(chain->count, sizeof(chain->proof[0]));
    return chain;
}

void presented_chain_destroy(struct presented_chain *chain)
{
    if (chain == NULL)
        return;
    for (size_t i = 0; i < chain->count; i++)
        certificate_destroy(chain->certificate[i]);
    free(chain->proof);
    free(chain);
}

static struct chain_proof *proof_of(const struct presented_chain *chain, const struct certificate *child)
{
    for (size_t i = 0; chain->proof != NULL && i < chain->count; i++) {
        if (chain->certificate[i] == child)
            return &chain->proof[i];
    }
    return NULL;
}

bool presented_chain_has_proof(const struct presented_chain *chain, const struct certificate *child,
                               const struct certificate *issuer)
{
    const struct chain_proof *proof = proof_of(chain, child);
    return proof != NULL && proof->is_known &&
           memcmp(proof->key_sha256, issuer->key_sha256, sizeof(proof->key_sha256)) == 0;
}

void presented_chain_keep_proof(const struct presented_chain *chain, const struct certificate *child,
                                const struct certificate *issuer)
{
    struct chain_proof *proof = proof_of(chain, child);

    if (proof == NULL)
        return;
    memcpy(proof->key_sha256, issuer->key_sha256, sizeof(proof->key_sha256));
    proof->is_known = true;
}
