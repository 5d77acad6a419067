/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <time.h>

#include "gateway/command/command.h"
#include "gateway/command/configuration.h"
#include "gateway/command/options.h"
#include "gateway/command/partner_text.h"

/* The effective policy: what holds for each partner once the defaults are filled in. */

static void print_text(const struct settings *settings, int64_t now)
{
    partner_print_head(stdout);
    for (uint32_t i = 0; i < partner_set_count(settings->partners); i++)
        partner_print(partner_set_at(settings->partners, i), now, stdout);
    limits_print(&settings->limits, stdout);
}

static void print_json(const struct settings *settings, int64_t now)
{
    struct json json;

    json_begin(&json, stdout);
    json_object(&json, NULL);
    json_array(&json, "partners");
    for (uint32_t i = 0; i < partner_set_count(settings->partners); i++)
        partner_json(partner_set_at(settings->partners, i), now, &json);
    json_array_end(&json);
    configuration_limits_json(&json, &settings->limits);
    json_object_end(&json);
    json_end(&json);
}

int command_partners(int argc, char **argv)
{
    const char *file = NULL;
    bool json = false;
    const struct option table[] = {OPTION_CONFIG(&file), OPTION_JSON(&json), {.name = NULL}};
    const struct options options = {
        .usage = "fedgate partners [-c FILE] [--json]",
        .summary = "Prints the effective policy: every partner, with the defaults filled in.",
        .table = table,
    };
    int64_t now = (int64_t)time(NULL);

    switch (options_read(&options, argc, argv)) {
    case OPTIONS_HELP:
        return COMMAND_DONE;
    case OPTIONS_WRONG:
        return COMMAND_USAGE;
    case OPTIONS_GO:
        break;
    }
    struct settings *settings = configuration_load(file, now, false);
    if (settings == NULL)
        return COMMAND_TROUBLE;
    if (json)
        print_json(settings, now);
    else
        print_text(settings, now);
    settings_release(settings);
    return COMMAND_DONE;
}
