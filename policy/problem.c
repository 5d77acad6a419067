/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void problems_init(struct problems *problems)
{
    *problems = (struct problems){0};
}

void problems_deinit(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        free(problems->list[i].file);
        free(problems->list[i].text);
    }
    free(problems->list);
    *problems = (struct problems){0};
}

static bool make_room(struct problems *problems)
{
    if (problems->count >= PROBLEMS_MOST)
        return false;
    if ((problems->count & (problems->count + 1)) != 0) /* grows at 0, 1, 3, 7, ... */
        return true;
    struct problem *list = realloc(problems->list, (problems->count * 2 + 1) * sizeof(*list));
    if (list == NULL)
        return false;
    problems->list = list;
    return true;
}

void problems_add(struct problems *problems, enum severity severity, struct place place, const char *token,
                  const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);

    if (severity == SEVERITY_ERROR)
        problems->errors++;
    char *file = strdup(place.file == NULL ? "" : place.file);
    char *copy = strdup(text);
    if (file == NULL || copy == NULL || !make_room(problems)) {
        free(file);
        free(copy);
        problems->truncated = true;
        return;
    }
    problems->list[problems->count++] = (struct problem){
        .severity = severity,
        .file = file,
        .line = place.line,
        .column = place.column,
        .token = token,
        .text = copy,
    };
}

bool problems_have_errors(const struct problems *problems)
{
    return problems->errors > 0 || problems->truncated;
}

char *problem_line(const struct problem *problem)
{
    const char *severity = problem->severity == SEVERITY_ERROR ? "error" : "warning";
    int length = snprintf(NULL, 0, "%s:%u:%u: %s: %s [%s]", problem->file, problem->line, problem->column,
                          severity, problem->text, problem->token);
    char *line = malloc((size_t)length + 1);
    if (line != NULL)
        snprintf(line, (size_t)length + 1, "%s:%u:%u: %s: %s [%s]", problem->file, problem->line,
                 problem->column, severity, problem->text, problem->token);
    return line;
}
