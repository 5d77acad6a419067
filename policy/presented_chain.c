/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "policy/certificate.h"

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
    return chain;
}

void presented_chain_destroy(struct presented_chain *chain)
{
    if (chain == NULL)
        return;
    for (size_t i = 0; i < chain->count; i++)
        certificate_destroy(chain->certificate[i]);
    free(chain);
}
