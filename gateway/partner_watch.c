/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/partner_watch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/log/operation_log.h"

/* ---- the mark of a load ---- */

void load_mark_take(struct load_mark *loaded, int64_t begin, int64_t now)
{
    loaded->mark = folder_mark_take(&loaded->named, now);
    /* The file system's clock is coarse, and may lag behind. */
    loaded->is_steady = !loaded->named.incomplete && loaded->mark.newest < begin - 1;
}

/* ---- when to look ---- */

static void look_begin(uv_timer_t *timer);

static void look_in(struct partner_watch *watch, uint64_t ms)
{
    if (watch->is_on && !watch->is_looking && !watch->is_waiting)
        (void)uv_timer_start(&watch->timer, look_begin, ms, 0);
}

static void event_came(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct partner_watch *watch = event->data;

    (void)events;
    if (status == 0 && name != NULL && !folder_entry_counts(name))
        return;
    if (uv_timer_get_due_in(&watch->timer) > WATCH_LOOK_MS)
        look_in(watch, WATCH_LOOK_MS);
}

/* ---- what a look tells ---- */

static void ask_for_reload(struct partner_watch *watch, const char *why)
{
    watch->is_waiting = true;
    watch->first_ms = 0;
    watch->changed(watch->context, why);
}

/* Something moves: has it kept still for long enough, or moved for too long? */
static void weigh(struct partner_watch *watch, uint64_t now)
{
    if (watch->first_ms == 0)
        watch->first_ms = now;
    if (watch->seen.hash != watch->latest) {
        watch->latest = watch->seen.hash;
        watch->latest_ms = now;
    }
    if (now - watch->latest_ms >= WATCH_QUIET_MS)
        ask_for_reload(watch, "partners-watch: the partner files have changed");
    else if (now - watch->first_ms >= WATCH_MOST_MS)
        ask_for_reload(watch, "partners-watch: the partner files have been changing for 30 s");
    else
        look_in(watch, WATCH_LOOK_MS);
}

static void follow(struct partner_watch *watch, struct load_mark *loaded, bool is_on);

static void look(uv_work_t *work)
{
    struct partner_watch *watch = work->data;
    watch->seen = folder_mark_take(&watch->loaded.named, time(NULL));
}

static void looked(uv_work_t *work, int status)
{
    struct partner_watch *watch = work->data;

    watch->is_looking = false;
    if (!watch->is_open) { /* closed meanwhile */
        named_files_deinit(&watch->loaded.named);
        named_files_deinit(&watch->next.named);
    } else if (watch->has_next) {
        watch->has_next = false;
        follow(watch, &watch->next, watch->next_is_on);
    } else if (status != 0) {
        look_in(watch, WATCH_POLL_MS);
    } else if (watch->loaded.is_steady && watch->seen.hash == watch->loaded.mark.hash) {
        watch->first_ms = 0;
        watch->latest = watch->seen.hash;
        look_in(watch, WATCH_POLL_MS);
    } else {
        weigh(watch, uv_now(watch->loop));
    }
}

static void look_begin(uv_timer_t *timer)
{
    struct partner_watch *watch = timer->data;

    watch->look.data = watch;
    watch->is_looking = uv_queue_work(watch->loop, &watch->look, look, looked) == 0;
    if (!watch->is_looking)
        look_in(watch, WATCH_POLL_MS);
}

/* ---- which folders ---- */

static void watch_folder(struct partner_watch *watch, const char *folder)
{
    uv_fs_event_t *event = &watch->event[watch->event_count];

    if (watch->event_count < WATCH_FOLDERS_MOST && uv_fs_event_start(event, event_came, folder, 0) == 0) {
        watch->event_count++;
        return;
    }
    if (!watch->is_blind)
        operation_log(watch->log, LOG_LEVEL_WARNING, "watch-slow", "folder=%s why=%s", folder,
                      watch->event_count == WATCH_FOLDERS_MOST
                          ? "more folders than are watched; looked at every 30 s"
                          : "inotify does not take it (fs.inotify.max_user_watches?); looked at every 30 s");
    watch->is_blind = true;
}

/* The paths are sorted, so those of one folder stand together. */
static void watch_folders(struct partner_watch *watch)
{
    char *last = NULL;

    for (size_t i = 0; i < watch->event_count; i++)
        (void)uv_fs_event_stop(&watch->event[i]);
    watch->event_count = 0;
    watch->is_blind = false;
    if (watch->loaded.named.folder != NULL)
        watch_folder(watch, watch->loaded.named.folder);
    for (size_t i = 0; i < watch->loaded.named.count; i++) {
        char *folder = strdup(watch->loaded.named.path[i]);
        char *slash = folder == NULL ? NULL : strrchr(folder, '/');
        if (slash != NULL)
            slash[slash == folder ? 1 : 0] = '\0';
        if (slash == NULL || (last != NULL && strcmp(folder, last) == 0)) {
            free(folder);
            continue;
        }
        watch_folder(watch, folder);
        free(last);
        last = folder;
    }
    free(last);
}

/* ---- its life ---- */

static void follow(struct partner_watch *watch, struct load_mark *loaded, bool is_on)
{
    if (loaded->named.folder != NULL || watch->loaded.named.folder == NULL) {
        named_files_deinit(&watch->loaded.named);
        watch->loaded = *loaded;
    } else { /* gateway.yaml is broken: what was watched is watched on */
        named_files_deinit(&loaded->named);
        watch->loaded.mark = watch->seen;
        watch->loaded.is_steady = true;
    }
    loaded->named = (struct named_files){.count = 0};
    watch->is_on = is_on;
    watch->is_waiting = false;
    watch->first_ms = 0;
    watch->latest = watch->loaded.mark.hash;
    watch->latest_ms = uv_now(watch->loop);
    (void)uv_timer_stop(&watch->timer);
    if (is_on) {
        watch_folders(watch);
        look_in(watch, watch->loaded.is_steady ? WATCH_POLL_MS : WATCH_LOOK_MS);
        return;
    }
    for (size_t i = 0; i < watch->event_count; i++)
        (void)uv_fs_event_stop(&watch->event[i]);
    watch->event_count = 0;
}

void partner_watch_follow(struct partner_watch *watch, struct load_mark *loaded, bool is_on)
{
    if (!watch->is_open) {
        named_files_deinit(&loaded->named);
        return;
    }
    if (!watch->is_looking) {
        follow(watch, loaded, is_on);
        return;
    }
    named_files_deinit(&watch->next.named);
    watch->next = *loaded;
    loaded->named = (struct named_files){.count = 0};
    watch->has_next = true;
    watch->next_is_on = is_on;
}

bool partner_watch_open(struct partner_watch *watch, uv_loop_t *loop, struct operation_log *log)
{
    watch->loop = loop;
    watch->log = log;
    watch->timer.data = watch;
    if (uv_timer_init(loop, &watch->timer) != 0)
        return false;
    for (size_t i = 0; i < WATCH_FOLDERS_MOST; i++) {
        watch->event[i].data = watch;
        if (uv_fs_event_init(loop, &watch->event[i]) != 0)
            return false;
    }
    watch->is_open = true;
    return true;
}

/* The gateway closes all handles of its loop itself. */
void partner_watch_close(struct partner_watch *watch)
{
    watch->is_open = watch->is_on = false;
    if (watch->is_looking)
        return;
    named_files_deinit(&watch->loaded.named);
    named_files_deinit(&watch->next.named);
}
