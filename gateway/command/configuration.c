/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/command/options.h"

static bool wants_colour(void)
{
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org: any value but an empty one */
    return (no_colour == NULL || *no_colour == '\0') && isatty(STDERR_FILENO) == 1;
}

void configuration_print_problems(const struct problems *problems)
{
    bool colour = wants_colour();

    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];
        const char *shade = problem->severity == SEVERITY_ERROR ? "\033[31m" : "\033[33m";
        char *line = problem_line(problem);
        fprintf(stderr, "%s%s%s\n", colour ? shade : "",
                line == NULL ? "a problem that memory has no room for" : line, colour ? "\033[0m" : "");
        free(line);
    }
    if (problems->truncated)
        fprintf(stderr, "There are more problems than these; %zu errors in all.\n", problems->errors);
}

struct settings *configuration_load(const char *file, int64_t now, bool expired_roots_allowed)
{
    struct problems problems;

    problems_init(&problems);
    struct settings *settings =
        settings_load(file == NULL ? CONFIGURATION_FILE : file, now, expired_roots_allowed, &problems);
    configuration_print_problems(&problems);
    problems_deinit(&problems);
    return settings;
}
