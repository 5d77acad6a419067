/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/gateway_parts.h"
#include "policy/calendar.h"

/* What a reload says in audit.jsonl and gateway.log. */

#define PROBLEMS_LOGGED_MOST 200u

static void say_partner(struct gateway *gateway, enum partner_change change, const char *name,
                        const char *keys)
{
    struct operation_log *log = gateway->shared.log;

    if (change == PARTNER_ADDED)
        operation_log(log, LOG_LEVEL_NOTICE, "partner-added", "partner=%s", name);
    else if (change == PARTNER_REMOVED)
        operation_log(log, LOG_LEVEL_NOTICE, "partner-removed", "partner=%s", name);
    else
        operation_log(log, LOG_LEVEL_NOTICE, "partner-changed", "partner=%s keys=%s", name, keys);
}

static void say_difference(struct gateway *gateway, const struct settings *settings,
                           const struct settings_difference *difference)
{
    size_t all = 0;

    for (size_t i = 0; i < PARTNER_CHANGES; i++)
        all += difference->partners[i];
    for (size_t i = 0; i < difference->named_count; i++)
        say_partner(gateway, difference->named[i].change, difference->named[i].name,
                    difference->named[i].keys);
    if (all > difference->named_count)
        operation_log(gateway->shared.log, LOG_LEVEL_NOTICE, "partners-not-named", "partners=%zu",
                      all - difference->named_count);
    if (difference->keys[0] != '\0')
        operation_log(gateway->shared.log, LOG_LEVEL_NOTICE, "gateway-changed", "keys=%s file=%s",
                      difference->keys, settings->file);
}

static void say_own_certificate(struct gateway *gateway, const char *side,
                                const struct side_settings *settings)
{
    const struct certificate *leaf = settings->certificates.certificate[0];
    char subject[160], ends[CALENDAR_TIME];

    certificate_subject_print(leaf->subject, subject, sizeof(subject));
    operation_log(gateway->shared.log, LOG_LEVEL_NOTICE, "own-certificate-changed",
                  "side=%s subject=%s ends=%s", side, subject, calendar_time(leaf->not_after, ends));
}

void reload_say_loaded(struct gateway *gateway, const struct settings *settings,
                       const struct settings_difference *difference)
{
    static const struct settings_difference none;
    const struct settings_difference *d = difference == NULL ? &none : difference;
    char detail[512], changes[360] = "";

    if (difference != NULL)
        settings_difference_print(difference, changes, sizeof(changes));
    snprintf(detail, sizeof(detail), "%zu partners; files sha256:%s%s%s",
             partner_set_listed(settings->partners), settings->sha256, difference == NULL ? "" : "; ",
             changes);
    audit_write(gateway->audit, &(struct audit_record){.event = AUDIT_POLICY_LOADED,
                                                       .reason = REASON_OK,
                                                       .policy = settings->generation,
                                                       .detail = text_of(detail)});
    operation_log(gateway->shared.log, LOG_LEVEL_NOTICE, "policy-loaded",
                  "policy=%llu partners=%zu added=%zu removed=%zu changed=%zu file=%s",
                  (unsigned long long)settings->generation, partner_set_listed(settings->partners),
                  d->partners[PARTNER_ADDED], d->partners[PARTNER_REMOVED], d->partners[PARTNER_CHANGED],
                  settings->file);
    say_difference(gateway, settings, d);
    if (d->internal_certificate)
        say_own_certificate(gateway, "internal", &settings->internal);
    if (d->external_certificate)
        say_own_certificate(gateway, "external", &settings->external);
}

void reload_say_rejected(struct gateway *gateway)
{
    const struct problems *problems = &gateway->reload.problems;

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
void reload_warn_of_listeners(struct gateway *gateway, const struct settings *old, const struct settings *new)
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
void reload_say_warnings(struct gateway *gateway)
{
    const struct problems *problems = &gateway->reload.problems;

    for (size_t i = 0; i < problems->count && i < PROBLEMS_LOGGED_MOST; i++) {
        char *line = problem_line(&problems->list[i]);
        operation_log(gateway->shared.log, LOG_LEVEL_WARNING, "policy-warning", "problem=%s",
                      line == NULL ? "" : line);
        free(line);
    }
}
