/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_MONITOR_PARTS_H
#define FEDGATE_MONITOR_PARTS_H

/* Between the files of the monitor. All on the main thread, which carries no traffic. */

#include "gateway/gateway_parts.h"
#include "gateway/log/endings.h"
#include "gateway/log/metrics.h"

/* Partners with series of their own, those that were met first; the others are counted together. */
#define MONITOR_PARTNERS_MOST 10000u

/* The families by partner. `nobody`: what has none. */
void monitor_partners(struct metrics_page *page, struct gateway *gateway, const struct partner_sums *nobody);
void monitor_dns(struct metrics_page *page, const struct gateway *gateway);

/* ---- certificates and CRLs: certificate_watch.c, crl_watch.c ---- */

#define WATCH_LINES_MOST 1000u  /* told in one look; the others follow in the next */
#define WATCH_SERIES_MOST 2000u /* in metrics.prom; those of our own come first */
#define WATCH_NAMES_MOST 4u

/* Something that ends. Texts are borrowed during the call, and may be NULL where they do not apply. */
struct ending_thing {
    const char *what; /* "own-certificate", "anchor", "peer-certificate", "crl" */
    enum audit_side side;
    const char *partner; /* NULL or "": none */
    const char *subject, *issuer, *anchor, *detail;
    const char *name[WATCH_NAMES_MOST];
    int64_t begins; /* of a CRL: when it was made; 0: does not apply */
    int64_t ends;   /* seconds since 1970 */
    struct ending_id id;
};

/* One look at everything. */
struct watch {
    struct gateway *gateway;
    struct metrics_page *page;
    int64_t now, since; /* seconds since 1970: this look, the one before */
    size_t lines, series;
    uint64_t printed[WATCH_SERIES_MOST]; /* the ids of the series */
};

/* Tells what ends, each once for each threshold, and prints the family of its ends. */
void certificate_watch(struct gateway *gateway, struct metrics_page *page);
/* Does it end within the thresholds, so that the thing is worth describing? */
bool watch_is_near(const struct watch *watch, int64_t ends);
void watch_thing(struct watch *watch, const struct ending_thing *thing);
/* All CRLs that are in force, from files and fetched. One that has ended since the look before, or before the
 * start, is also a warning in gateway.log. */
void crl_watch(struct watch *watch);

/* ---- partner_days.c: every partner's day in a line ---- */

void partner_days_look(struct gateway *gateway);
/* Once, when no worker runs any more: what the partners had of this day. */
void partner_days_end(struct gateway *gateway);

#endif
