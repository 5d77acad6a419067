/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/discovery.h"

#include <string.h>

#include "policy/domain.h"
#include "policy/partner_keys.h"

struct partner *discovery_partner_create(const char *file, const struct discovery_bounds *bounds)
{
    struct partner *partner = partner_create();

    if (partner == NULL)
        return NULL;
    partner->name = strdup(DISCOVERED_NAME);
    partner->file = strdup(file);
    partner->is_discovered = true;
    partner->identity = IDENTITY_SRV_TARGET;
    partner->limits = (struct partner_limits){.messages_per_second = bounds->messages_per_second,
                                              .burst = bounds->messages_per_second,
                                              .connections = bounds->connections,
                                              .message_size = bounds->message_size};
    if (partner->name != NULL && partner->file != NULL)
        return partner;
    partner_destroy(partner);
    return NULL;
}

bool discovery_allows(struct text domain)
{
    return domain_is_valid(domain) && text_find(domain_without_dot(domain), '.') != NULL;
}
