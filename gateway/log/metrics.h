/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LOG_METRICS_H
#define FEDGATE_LOG_METRICS_H

/* What the counts say, as families of metrics.prom. Series without an event are left out, and so are partners
 * without traffic: the size follows what happens, not what is configured. */

#include "gateway/log/counts.h"
#include "gateway/log/metrics_page.h"

/* One partner's part of the families that have the label partner. */
struct metrics_partner {
    const char *name;
    struct partner_sums sums;
    uint64_t sessions[2]; /* open now, by direction */
};

#define METRICS_NOBODY "(none)"   /* the partner of those who have none; no partner can be called so */
#define METRICS_OTHERS "(others)" /* partners beyond the bound on their number, together */

/* Handshakes, sessions, requests by outcome, durations, the policy. */
void metrics_counts(struct metrics_page *page, const struct audit_sums *sums);
/* Requests, failures, handshakes, sessions, durations and last successes by partner. Each family goes through
 * all of them. */
void metrics_partners(struct metrics_page *page, const struct metrics_partner *partners, size_t count);

#endif
