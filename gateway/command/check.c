/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <time.h>

#include "gateway/command/command.h"
#include "gateway/command/configuration.h"
#include "gateway/command/options.h"
#include "gateway/user_reading.h"

/* Loads everything that `run` would and tells every problem. Opens no socket. */

static void print_json(const struct problems *problems, const struct settings *settings)
{
    struct json json;

    json_begin(&json, stdout);
    json_object(&json, NULL);
    json_array(&json, "problems");
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];
        json_object(&json, NULL);
        json_string(&json, "file", problem->file);
        json_number(&json, "line", problem->line);
        json_number(&json, "column", problem->column);
        json_string(&json, "severity", problem->severity == SEVERITY_ERROR ? "error" : "warning");
        json_string(&json, "token", problem->token);
        json_string(&json, "text", problem->text);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_boolean(&json, "complete", !problems->truncated);
    if (settings != NULL)
        configuration_limits_json(&json, &settings->limits);
    json_object_end(&json);
    json_end(&json);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void print_summary(const struct settings *settings)
{
    size_t partners = partner_set_listed(settings->partners), domains = 0;
    size_t anchors = trust_anchors_count(partner_set_anchors_of(settings->partners));

    for (uint32_t i = 0; i < partners; i++)
        domains += partner_set_at(settings->partners, i)->domain_count;
    printf("%s is valid: %zu partner%s, %zu domain%s, %zu trust anchor%s%s.\n", settings->file, partners,
           plural(partners), domains, plural(domains), anchors, plural(anchors),
           settings->discovery_enabled ? "; other domains are discovered" : "");
}

int command_check(int argc, char **argv)
{
    const char *file = NULL;
    bool json = false, strict = false;
    const struct option table[] = {
        OPTION_CONFIG(&file),
        {.name = "strict", .help = "warnings count as errors", .flag = &strict},
        OPTION_JSON(&json),
        {.name = NULL},
    };
    const struct options options = {
        .usage = "fedgate check [-c FILE] [--strict] [--json]",
        .summary = "Loads all that run would load, and prints every problem. Opens no socket.",
        .table = table,
    };
    struct problems problems;

    switch (options_read(&options, argc, argv)) {
    case OPTIONS_HELP:
        return COMMAND_DONE;
    case OPTIONS_WRONG:
        return COMMAND_USAGE;
    case OPTIONS_GO:
        break;
    }
    problems_init(&problems);
    int64_t now = (int64_t)time(NULL);
    struct settings *settings =
        settings_load(file == NULL ? CONFIGURATION_FILE : file, now, false, &problems);
    if (settings != NULL)
        user_reading_check(settings, now, &problems);
    bool valid = settings != NULL && !problems_have_errors(&problems) && !(strict && problems.count > 0);
    configuration_print_problems(&problems);
    if (json)
        print_json(&problems, settings);
    else if (valid)
        print_summary(settings);
    settings_release(settings);
    problems_deinit(&problems);
    return valid ? COMMAND_DONE : COMMAND_TROUBLE;
}
