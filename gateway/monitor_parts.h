/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_MONITOR_PARTS_H
#define FEDGATE_MONITOR_PARTS_H

/* Between the files of the monitor. All on the main thread, which carries no traffic. */

#include "gateway/gateway_parts.h"
#include "gateway/log/metrics.h"

/* Partners with series of their own, those that were met first; the others are counted together. */
#define MONITOR_PARTNERS_MOST 10000u

/* The families by partner. `nobody`: what has none. */
void monitor_partners(struct metrics_page *page, struct gateway *gateway, const struct partner_sums *nobody);
void monitor_dns(struct metrics_page *page, const struct gateway *gateway);

#endif
