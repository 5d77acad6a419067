/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/domain_claims.h"

#include <stdlib.h>
#include <string.h>

struct domain_claim {
    struct domain_claim *next;
    unsigned line, column;
    const char *file; /* within texts */
    char texts[];     /* the domain, then the file, both NUL-terminated */
};

void domain_claims_deinit(struct domain_claims *claims)
{
    name_index_deinit(&claims->by_domain);
    while (claims->all != NULL) {
        struct domain_claim *next = claims->all->next;
        free(claims->all);
        claims->all = next;
    }
}

static struct domain_claim *claim_create(struct text domain, struct place place)
{
    size_t file = strlen(place.file) + 1;
    struct domain_claim *claim = malloc(sizeof(*claim) + domain.length + 1 + file);

    if (claim == NULL)
        return NULL;
    claim->line = place.line;
    claim->column = place.column;
    memcpy(claim->texts, domain.at, domain.length);
    claim->texts[domain.length] = '\0';
    claim->file = memcpy(claim->texts + domain.length + 1, place.file, file);
    return claim;
}

void domain_claims_add(struct domain_claims *claims, struct text domain, struct place place,
                       struct problems *problems)
{
    const struct name_entry *taken = name_index_find(&claims->by_domain, domain);

    if (taken != NULL) {
        const struct domain_claim *first = taken->value;
        problems_add(problems, SEVERITY_ERROR, place, "domain-claimed-twice",
                     "'%.*s' is claimed at %s:%u:%u already; a domain belongs to one partner",
                     TEXT_ARGUMENTS(domain), first->file, first->line, first->column);
        return;
    }
    struct domain_claim *claim = claim_create(domain, place);
    struct name_entry *entry =
        claim == NULL ? NULL
                      : name_index_claim(&claims->by_domain, (struct text){claim->texts, domain.length});
    if (entry == NULL) {
        free(claim);
        problems_add(problems, SEVERITY_ERROR, place, "out-of-memory", "memory ran out while this was read");
        return;
    }
    entry->value = claim;
    claim->next = claims->all;
    claims->all = claim;
}
