/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "gateway/monitor_parts.h"

/* A partner has series from its first request or handshake on. */

static void add_others(struct metrics_partner *others, const struct metrics_partner *partner)
{
    const uint64_t *from = (const uint64_t *)&partner->sums;
    uint64_t *to = (uint64_t *)&others->sums;

    for (size_t i = 0; i < sizeof(partner->sums) / sizeof(*from); i++)
        to[i] += from[i];
    for (size_t direction = 0; direction < 2; direction++) {
        others->sums.success_ms[direction] = 0;
        others->sessions[direction] += partner->sessions[direction];
    }
}

static bool has_traffic(const struct partner_counters *counters)
{
    return atomic_load_explicit(&counters->tallies, memory_order_relaxed) != NULL;
}

static void read_partner(struct metrics_partner *to, const struct partner_entry *entry)
{
    *to = (struct metrics_partner){.name = entry->name};
    tally_add_up(&to->sums, entry->counters);
    to->sessions[DIRECTION_INBOUND] = atomic_load(&entry->counters->sessions_in);
    to->sessions[DIRECTION_OUTBOUND] = atomic_load(&entry->counters->sessions_out);
}

void monitor_partners(struct metrics_page *page, struct gateway *gateway, const struct partner_sums *nobody)
{
    size_t listed, count = 1;
    struct partner_entry *list = partner_registry_list(gateway->shared.partners, &listed);
    size_t room = (listed < MONITOR_PARTNERS_MOST ? listed : MONITOR_PARTNERS_MOST) + 2;
    struct metrics_partner others = {.name = METRICS_OTHERS};
    struct metrics_partner *partners = malloc(room * sizeof(*partners));

    if (partners == NULL) {
        page->full = true;
        goto out;
    }
    partners[0] = (struct metrics_partner){.name = METRICS_NOBODY, .sums = *nobody};
    for (size_t i = 0; i < listed; i++) {
        struct metrics_partner partner;
        if (!has_traffic(list[i].counters))
            continue;
        read_partner(&partner, &list[i]);
        if (count <= MONITOR_PARTNERS_MOST)
            partners[count++] = partner;
        else
            add_others(&others, &partner);
    }
    partners[count++] = others;
    metrics_partners(page, partners, count);
out:
    free(partners);
    free(list);
}
