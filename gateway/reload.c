/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/gateway_parts.h"

/* Whole or not at all: the new settings are built beside the old on a thread of their own; any error, and the
 * old stay. */

#define PROBLEMS_LOGGED_MOST 200u

static void print_problems(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        char *line = problem_line(&problems->list[i]);
        fprintf(stderr, "%s\n", line == NULL ? "no memory to print a problem" : line);
        free(line);
    }
}

struct settings *reload_first(struct gateway *gateway)
{
    struct problems problems;

    problems_init(&problems);
    struct settings *settings = settings_load(gateway->file, time(NULL), false, &problems);
    print_problems(&problems);
    problems_deinit(&problems);
    if (settings != NULL)
        settings->generation = 1;
    return settings;
}

void reload_say_loaded(struct gateway *gateway, const struct settings *settings, const struct settings *old)
{
    char detail[400];

    snprintf(detail, sizeof(detail), "%zu partners; files sha256:%s%s", partner_set_count(settings->partners),
             settings->sha256, old == NULL ? "" : "; sessions are judged again");
    audit_write(gateway->audit, &(struct audit_record){.event = AUDIT_POLICY_LOADED,
                                                       .reason = REASON_OK,
                                                       .policy = settings->generation,
                                                       .detail = text_of(detail)});
    operation_log(gateway->shared.log, LOG_LEVEL_NOTICE, "policy-loaded", "policy=%llu partners=%zu file=%s",
                  (unsigned long long)settings->generation, partner_set_count(settings->partners),
                  settings->file);
}

static void say_rejected(struct gateway *gateway)
{
    const struct problems *problems = &gateway->problems;

    for (size_t i = 0; i < problems->count && i < PROBLEMS_LOGGED_MOST; i++) {
        char *line = problem_line(&problems->list[i]);
        if (problems->list[i].severity == SEVERITY_ERROR)
            audit_write(gateway->audit, &(struct audit_record){.event = AUDIT_POLICY_REJECTED,
                                                               .reason = REASON_CONFIGURATION_ERROR,
                                                               .policy = gateway->settings->generation,
                                                               .detail = text_of(line)});
        operation_log(gateway->shared.log,
                      problems->list[i].severity == SEVERITY_ERROR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
                      "policy-rejected", "problem=%s", line == NULL ? "" : line);
        free(line);
    }
    operation_log(gateway->shared.log, LOG_LEVEL_ERROR, "policy-rejected", "errors=%zu policy-in-force=%llu",
                  problems->errors, (unsigned long long)gateway->settings->generation);
}

/* Sockets are bound once; a changed listener asks for a restart rather than being ignored in silence. */
static void warn_of_listeners(struct gateway *gateway, const struct settings *old, const struct settings *new)
{
    const struct side_settings *sides[2][2] = {{&old->internal, &new->internal},
                                               {&old->external, &new->external}};

    for (size_t i = 0; i < 2; i++) {
        bool same = sides[i][0]->listen_count == sides[i][1]->listen_count;
        for (size_t j = 0; same && j < sides[i][0]->listen_count; j++)
            same = sides[i][0]->listen[j].port == sides[i][1]->listen[j].port &&
                   text_equal(text_of(sides[i][0]->listen[j].host), text_of(sides[i][1]->listen[j].host));
        if (!same)
            operation_log(gateway->shared.log, LOG_LEVEL_WARNING, "restart-needed", "why=%s",
                          i == 0 ? "internal.listen changed" : "external.listen changed");
    }
    if (old->workers != new->workers)
        operation_log(gateway->shared.log, LOG_LEVEL_WARNING, "restart-needed", "why=%s", "workers changed");
    if (strcmp(old->logs.directory, new->logs.directory) != 0)
        operation_log(gateway->shared.log, LOG_LEVEL_WARNING, "restart-needed", "why=%s",
                      "logs.directory changed");
    if (strcmp(old->fetch.directory, new->fetch.directory) != 0) /* it has confined itself to the old one */
        operation_log(gateway->shared.log, LOG_LEVEL_WARNING, "restart-needed", "why=%s",
                      "fetch.directory changed");
}

/* What is in force but deserves a look. */
static void say_warnings(struct gateway *gateway)
{
    const struct problems *problems = &gateway->problems;

    for (size_t i = 0; i < problems->count && i < PROBLEMS_LOGGED_MOST; i++) {
        char *line = problem_line(&problems->list[i]);
        operation_log(gateway->shared.log, LOG_LEVEL_WARNING, "policy-warning", "problem=%s",
                      line == NULL ? "" : line);
        free(line);
    }
}

static void load(uv_work_t *work)
{
    struct gateway *gateway = work->data;
    gateway->loaded = settings_load(gateway->file, time(NULL), false, &gateway->problems);
}

static void loaded(uv_work_t *work, int status)
{
    struct gateway *gateway = work->data;
    struct settings *settings = gateway->loaded;

    gateway->is_reloading = false;
    gateway->loaded = NULL;
    if (status != 0 || settings == NULL || gateway->is_stopping) {
        if (settings == NULL && status == 0)
            say_rejected(gateway);
        settings_release(settings);
    } else {
        settings->generation = gateway->settings->generation + 1;
        warn_of_listeners(gateway, gateway->settings, settings);
        for (unsigned i = 0; i < gateway->worker_count; i++) {
            settings_hold(settings);
            worker_take_settings(gateway->worker[i], settings);
        }
        fetcher_follow(gateway->fetcher, settings);
        audit_set_users(gateway->audit, (enum audit_users)settings->logs.users);
        say_warnings(gateway);
        reload_say_loaded(gateway, settings, gateway->settings);
        settings_release(gateway->settings);
        gateway->settings = settings;
    }
    if (!gateway->is_stopping)
        service_reloaded(gateway, gateway->problems.errors);
    problems_deinit(&gateway->problems);
    if (gateway->reload_again && !gateway->is_stopping) {
        gateway->reload_again = false;
        reload_begin(gateway, "asked for while loading");
    }
}

void reload_begin(struct gateway *gateway, const char *why)
{
    if (gateway->is_reloading) {
        gateway->reload_again = true;
        return;
    }
    operation_log(gateway->shared.log, LOG_LEVEL_NOTICE, "reloading", "why=%s", why);
    problems_init(&gateway->problems);
    gateway->reload.data = gateway;
    service_reloading(gateway);
    gateway->is_reloading = uv_queue_work(&gateway->loop, &gateway->reload, load, loaded) == 0;
    if (gateway->is_reloading)
        return;
    operation_log(gateway->shared.log, LOG_LEVEL_ERROR, "reload-failed", "why=%s", "no memory");
    service_reloaded(gateway, 0);
}
