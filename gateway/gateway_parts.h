/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_GATEWAY_PARTS_H
#define FEDGATE_GATEWAY_PARTS_H

/* What gateway.c and reload.c share, and no one else. All on the main thread. */

#include "gateway/fetch/fetcher.h"
#include "gateway/relay/worker.h"
#include "gateway/service.h"

#define GATEWAY_SIGNALS 4u

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
    uv_work_t reload; /* loading blocks: it runs on a thread of libuv's pool */
    bool is_reloading, reload_again;
    struct fetcher *fetcher;       /* of CRLs and OCSP answers; NULL before the start and after the end */
    struct problems problems;     /* of the reload under way */
    struct settings *loaded;      /* its result; NULL: errors */
};

/* Loads for the first time, all problems on stderr. NULL: errors. */
struct settings *reload_first(struct gateway *gateway);
/* Begins to load anew; at its end the new settings are in force, or the old stay and every problem is logged. One that is
 * asked for while another runs follows it. */
void reload_begin(struct gateway *gateway, const char *why);
/* The policy-loaded line; `old` NULL at the start. */
void reload_say_loaded(struct gateway *gateway, const struct settings *settings, const struct settings *old);

/* monitor.c. Workers are started and logs open. */
bool monitor_start(struct gateway *gateway);
void monitor_stop(struct gateway *gateway); /* the last words, when no worker runs any more */
void monitor_end(struct gateway *gateway); /* frees; also when it was never started */

#endif
