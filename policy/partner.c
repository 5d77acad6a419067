/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/partner.h"

#include <stdlib.h>

#include "policy/domain.h"
#include "policy/revocation.h"

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

void partner_destroy(struct partner *partner)
{
    if (partner == NULL)
        return;
    free(partner->name);
    free(partner->file);
    free(partner->comment);
    free_texts(partner->domains, partner->domain_count);
    free_texts(partner->roots, partner->root_count);
    free(partner->anchors);
    free_texts(partner->identity_names, partner->identity_name_count);
    for (size_t i = 0; i < partner->fixed_count; i++)
        free(partner->fixed[i].host);
    free(partner->fixed);
    free_texts(partner->methods, partner->method_count);
    free(partner->pins);
    free_texts(partner->crls, partner->crl_count);
    crl_store_destroy(partner->crl_store);
    written_keys_destroy(partner->written);
    free(partner);
}

enum reason partner_state(const struct partner *partner, int64_t now)
{
    if (!partner->enabled)
        return REASON_PARTNER_DISABLED;
    if (now < partner->valid_from)
        return REASON_PARTNER_NOT_YET_VALID;
    return now >= partner->valid_until ? REASON_PARTNER_ENDED : REASON_OK;
}

/* RFC 3261 7.1: methods are case-sensitive. */
bool partner_allows_method(const struct partner *partner, struct text method)
{
    if (partner->methods == NULL)
        return true;
    for (size_t i = 0; i < partner->method_count; i++) {
        if (text_equal(text_of(partner->methods[i]), method))
            return true;
    }
    return false;
}

bool partner_lists_anchor(const struct partner *partner, const struct trust_anchor *anchor)
{
    for (size_t i = 0; i < partner->anchor_count; i++) {
        if (partner->anchors[i] == anchor)
            return true;
    }
    return false;
}

bool partner_owns_domain(const struct partner *partner, struct text domain)
{
    for (size_t i = 0; i < partner->domain_count; i++) {
        if (domain_equal(text_of(partner->domains[i]), domain))
            return true;
    }
    return false;
}

bool identity_rule_needs_dnssec(enum identity_rule rule)
{
    return rule == IDENTITY_SECURE_SRV || rule == IDENTITY_DANE;
}

bool identity_rule_needs_dns(enum identity_rule rule)
{
    return rule == IDENTITY_SRV_TARGET || rule == IDENTITY_SECURE_SRV || rule == IDENTITY_DANE;
}

const char *identity_rule_word(enum identity_rule rule)
{
    static const char *const words[] = {
        [IDENTITY_DOMAIN] = "domain",
        [IDENTITY_NAMES] = "names",
        [IDENTITY_SRV_TARGET] = "srv-target",
        [IDENTITY_SECURE_SRV] = "secure-srv",
        [IDENTITY_DANE] = "dane",
    };
    return words[rule];
}
