/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_GATEWAY_PARTS_H
#define FEDGATE_GATEWAY_PARTS_H

/* What gateway.c and reload.c share, and no one else. All on the main thread. */

#include "gateway/fetch/fetcher.h"
#include "gateway/partner_watch.h"
#include "gateway/relay/worker.h"
#include "gateway/service.h"
#include "gateway/settings_difference.h"

#define GATEWAY_SIGNALS 4u

/* Loading blocks: it has a thread of its own, always a new one, so that the memory of one load is used again by the next
 * but one. */
struct reload {
    uv_thread_t thread;
    uv_async_t done;
    bool is_running, again; /* asked for once more meanwhile */
    bool is_watched;        /* asked for by the watch */
    struct problems problems;
    struct settings *loaded; /* the result; NULL: errors */
    struct settings_difference difference;
    struct load_mark mark;
    struct settings *retired; /* held; the first of those that were in force; sessions may still use them */
};

struct gateway {
    const char *file; /* borrowed: gateway.yaml */
    struct shared shared;
    struct settings *settings; /* in force; held */
    struct log_writer *writer;
    struct audit *audit; /* the main thread's own pen */
    struct worker *worker[WORKERS_MOST];
    unsigned worker_count;
    uv_loop_t loop;
    bool has_loop, has_lock, is_stopping;
    uv_signal_t signal[GATEWAY_SIGNALS];
    struct service service; /* of systemd */

    uv_timer_t monitor; /* see monitor.c */
    int64_t watched;    /* when certificate_watch last looked; seconds since 1970 */
    int64_t started_ms; /* since 1970 */
    struct {
        int64_t number; /* days since 1970: the one that the next daily lines are about; 0: not looked yet */
        size_t next;    /* the partner in the registry whose line comes next */
    } day;
    bool metrics_full;  /* metrics.prom could not be made, and that was said */
    struct endings *endings;              /* owned: what certificate_watch has told */
    struct revocation_evidence *evidence; /* held: what was fetched, as it was last handed out; NULL: nothing yet */
    struct reload reload;
    struct partner_watch watch;
    struct fetcher *fetcher;       /* of CRLs and OCSP answers; NULL before the start and after the end */
};

/* Loads for the first time, all problems on stderr. NULL: errors. */
struct settings *reload_first(struct gateway *gateway);
/* Begins to load anew; at its end the new settings are in force, or the old stay and every problem is logged. One that is
 * asked for while another runs follows it. */
void reload_begin(struct gateway *gateway, const char *why);
/* Before the first reload. From here on the partner folder is watched where the settings in force say so. False: no
 * memory. */
bool reload_open(struct gateway *gateway);
/* Frees settings that nobody uses any more: now and then. */
void reload_free_retired(struct gateway *gateway);
void reload_end(struct gateway *gateway); /* when no worker runs any more; before the loop's handles are closed */

/* reload_log.c. The policy-loaded lines; `difference` NULL at the start. */
void reload_say_loaded(struct gateway *gateway, const struct settings *settings,
                       const struct settings_difference *difference);
void reload_say_rejected(struct gateway *gateway);
void reload_say_warnings(struct gateway *gateway);
void reload_warn_of_listeners(struct gateway *gateway, const struct settings *old, const struct settings *new);

/* monitor.c. Workers are started and logs open. */
bool monitor_start(struct gateway *gateway);
void monitor_stop(struct gateway *gateway); /* the last words, when no worker runs any more */
void monitor_end(struct gateway *gateway); /* frees; also when it was never started */

#endif
