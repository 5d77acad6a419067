/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_PARTNER_WATCH_H
#define FEDGATE_PARTNER_WATCH_H

/* `partners-watch: true`: a reload by itself once the partner folder, or a root or CRL that a partner file
 * names, has changed and then kept still. inotify says when to look, and a look that comes round by itself
 * sees what inotify misses; whether something has changed is told by the mark alone. What is no partner file,
 * root or CRL may start a reload, too: one that reads the same as what is in force changes nothing. All on
 * the main thread; looks run on libuv's pool. */

#include <uv.h>

#include "gateway/folder_mark.h"

#define WATCH_QUIET_MS 2000u /* without a change, before a reload */
#define WATCH_MOST_MS 30000u /* after the first change: what never keeps still is loaded then */
#define WATCH_LOOK_MS 500u   /* between looks while something moves */
#define WATCH_POLL_MS 30000u /* and while nothing does */
#define WATCH_FOLDERS_MOST 32u

struct operation_log;

/* What a load went by, whatever came of it: made on the thread that loads, see watch_mark_load. */
struct load_mark {
    struct named_files named; /* owned */
    struct folder_mark mark;  /* when all was read */
    bool is_steady;           /* nothing was written while it was read */
};

struct partner_watch {
    uv_loop_t *loop;           /* borrowed */
    struct operation_log *log; /* borrowed */
    void (*changed)(void *context,
                    const char *why); /* time to reload: partner_watch_follow must come of it */
    void *context;

    bool is_open, is_on, is_looking;
    bool is_waiting; /* for partner_watch_follow, after `changed` */
    struct load_mark loaded;
    uv_timer_t timer;
    uv_fs_event_t event[WATCH_FOLDERS_MOST];
    size_t event_count;
    bool is_blind; /* a folder cannot be watched, and that was said */

    uv_work_t look; /* reads `loaded.named`, so what comes meanwhile waits in `next` */
    struct load_mark next;
    bool has_next, next_is_on;
    struct folder_mark seen; /* what the look found */
    uint64_t latest;         /* hash of the last look that found another than the one before */
    uint64_t latest_ms,
        first_ms; /* when that was, and when the first was that is not loaded; loop time, first 0: none */
};

/* Once, when the log is open and the workers run. False: no memory. */
bool partner_watch_open(struct partner_watch *watch, uv_loop_t *loop, struct operation_log *log);
/* After each load, and after the first. Takes what is in `loaded`; `is_on` as the settings in force say. */
void partner_watch_follow(struct partner_watch *watch, struct load_mark *loaded, bool is_on);
/* Closes its handles; the loop is to run on until they are closed. */
void partner_watch_close(struct partner_watch *watch);

/* At the end of a load that began at `begin`, seconds since 1970, and has filled in `named`. Blocking. */
void load_mark_take(struct load_mark *loaded, int64_t begin, int64_t now);

#endif
