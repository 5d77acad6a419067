/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/gateway_parts.h"
#include "gateway/tls/context.h"

/* Whole or not at all: the new settings are built beside the old on a thread of their own; any error, and the
 * old stay. */

static void print_problems(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        char *line = problem_line(&problems->list[i]);
        fprintf(stderr, "%s\n", line == NULL ? "no memory to print a problem" : line);
        free(line);
    }
}

/* ---- loading: on whatever thread ---- */

static struct settings *load_marked(const char *file, struct load_mark *mark, struct problems *problems)
{
    int64_t begin = time(NULL);
    struct settings *settings = settings_load_named(file, begin, &mark->named, problems);

    if (settings == NULL || settings->partners_watch)
        load_mark_take(mark, begin, time(NULL));
    return settings;
}

struct settings *reload_first(struct gateway *gateway)
{
    struct problems problems;

    problems_init(&problems);
    struct settings *settings = load_marked(gateway->file, &gateway->reload.mark, &problems);
    print_problems(&problems);
    problems_deinit(&problems);
    if (settings != NULL)
        settings->generation = 1;
    return settings;
}

static void load(void *argument)
{
    struct gateway *gateway = argument;
    struct reload *reload = &gateway->reload;

    reload->loaded = load_marked(gateway->file, &reload->mark, &reload->problems);
    if (reload->loaded != NULL) /* what is in force stays there while this runs */
        settings_difference_find(gateway->settings, reload->loaded, &reload->difference);
    tls_thread_end();
    (void)uv_async_send(&reload->done);
}

/* ---- into force ---- */

void reload_free_retired(struct gateway *gateway)
{
    struct settings **at = &gateway->reload.retired;

    while (*at != NULL) {
        struct settings *settings = *at;
        if (!settings_is_held_once(settings)) {
            at = &settings->next_retired;
            continue;
        }
        *at = settings->next_retired;
        settings_release(settings);
    }
}

/* To free many partners takes long, so that no worker may be the last to let go: the old settings are kept
 * until all have. */
static void retire(struct gateway *gateway, struct settings *settings)
{
    settings->next_retired = gateway->reload.retired;
    gateway->reload.retired = settings;
}

static void take_into_force(struct gateway *gateway, struct settings *settings)
{
    settings->generation = gateway->settings->generation + 1;
    reload_warn_of_listeners(gateway, gateway->settings, settings);
    for (unsigned i = 0; i < gateway->worker_count; i++) {
        settings_hold(settings);
        worker_take_settings(gateway->worker[i], settings);
    }
    fetcher_follow(gateway->fetcher, settings);
    audit_set_users(gateway->audit, (enum audit_users)settings->logs.users);
    reload_say_warnings(gateway);
    reload_say_loaded(gateway, settings, &gateway->reload.difference);
    retire(gateway, gateway->settings);
    gateway->settings = settings;
}

/* An empty folder is a sound configuration, but what nobody has asked for shall not take away all partners: a
 * disk that is not mounted, or a copy under way, looks the same. */
static bool leaves_nobody(struct gateway *gateway, const struct settings *settings)
{
    if (!gateway->reload.is_watched || partner_set_listed(settings->partners) > 0 ||
        partner_set_listed(gateway->settings->partners) == 0)
        return false;
    problems_add(&gateway->reload.problems, SEVERITY_ERROR, (struct place){settings->partners_folder, 0, 0},
                 "no-partner-left",
                 "the folder holds no partner file any more; if that is meant, reload with HUP");
    return true;
}

static void conclude(struct gateway *gateway, struct settings *settings)
{
    if (settings != NULL && !leaves_nobody(gateway, settings)) {
        if (!gateway->reload.is_watched || strcmp(settings->sha256, gateway->settings->sha256) != 0) {
            take_into_force(gateway, settings);
            return;
        }
        operation_log(gateway->shared.log, LOG_LEVEL_NOTICE, "policy-unchanged", "policy=%llu",
                      (unsigned long long)gateway->settings->generation);
    } else {
        reload_say_rejected(gateway);
    }
    settings_release(settings);
}

static void loaded(uv_async_t *done)
{
    struct gateway *gateway = done->data;
    struct reload *reload = &gateway->reload;

    if (!reload->is_running || gateway->is_stopping) /* reload_end looks after it */
        return;
    uv_thread_join(&reload->thread);
    reload->is_running = false;
    conclude(gateway, reload->loaded);
    reload->loaded = NULL;
    partner_watch_follow(&gateway->watch, &reload->mark, gateway->settings->partners_watch);
    service_reloaded(gateway, reload->problems.errors);
    problems_deinit(&reload->problems);
    reload_free_retired(gateway);
    if (reload->again) {
        reload->again = false;
        reload_begin(gateway, "asked for while loading");
    }
}

/* ---- asked for ---- */

static void begin(struct gateway *gateway, const char *why, bool is_watched)
{
    struct reload *reload = &gateway->reload;

    operation_log(gateway->shared.log, LOG_LEVEL_NOTICE, "reloading", "why=%s", why);
    reload_free_retired(gateway); /* before there is one more */
    problems_init(&reload->problems);
    reload->mark = (struct load_mark){.is_steady = false};
    reload->is_watched = is_watched;
    service_reloading(gateway);
    reload->is_running = uv_thread_create(&reload->thread, load, gateway) == 0;
    if (reload->is_running)
        return;
    operation_log(gateway->shared.log, LOG_LEVEL_ERROR, "reload-failed", "why=%s", "no memory");
    partner_watch_follow(&gateway->watch, &reload->mark, gateway->settings->partners_watch);
    service_reloaded(gateway, 0);
}

void reload_begin(struct gateway *gateway, const char *why)
{
    if (gateway->reload.is_running)
        gateway->reload.again = true;
    else
        begin(gateway, why, false);
}

/* By the watch, whose reload any other one takes the place of. */
static void begin_watched(void *context, const char *why)
{
    struct gateway *gateway = context;

    if (!gateway->reload.is_running && !gateway->is_stopping)
        begin(gateway, why, true);
}

bool reload_open(struct gateway *gateway)
{
    gateway->reload.done.data = gateway;
    if (uv_async_init(&gateway->loop, &gateway->reload.done, loaded) != 0)
        return false;
    gateway->watch.changed = begin_watched;
    gateway->watch.context = gateway;
    if (!partner_watch_open(&gateway->watch, &gateway->loop, gateway->shared.log))
        return false;
    partner_watch_follow(&gateway->watch, &gateway->reload.mark, gateway->settings->partners_watch);
    return true;
}

void reload_end(struct gateway *gateway)
{
    struct reload *reload = &gateway->reload;

    if (reload->is_running) {
        uv_thread_join(&reload->thread);
        settings_release(reload->loaded);
        problems_deinit(&reload->problems);
    }
    reload->is_running = false;
    partner_watch_close(&gateway->watch);
    named_files_deinit(&reload->mark.named);
    while (reload->retired != NULL) {
        struct settings *settings = reload->retired;
        reload->retired = settings->next_retired;
        settings_release(settings);
    }
}
