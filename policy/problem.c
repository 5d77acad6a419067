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

/* Warnings leave half of the room to errors. */
static bool make_room(struct problems *problems, enum severity severity)
{
    if (problems->count >= (severity == SEVERITY_ERROR ? PROBLEMS_MOST : PROBLEMS_MOST / 2))
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
    if (file == NULL || copy == NULL || !make_room(problems, severity)) {
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
    return problems->errors > 0;
}

void problems_out_of_memory(struct problems *problems)
{
    problems->errors++;
    problems->truncated = true;
}

static bool is_before(const struct problem *a, const struct problem *b)
{
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* Moves the problem at `from` up to its place behind the others of its file, all of which are sorted. */
static void sort_in(struct problem *list, size_t from)
{
    struct problem moved = list[from];
    size_t first = 0, to;

    while (first < from && strcmp(list[first].file, moved.file) != 0)
        first++;
    for (to = first; to < from && strcmp(list[to].file, moved.file) == 0 && !is_before(&moved, &list[to]);)
        to++;
    memmove(&list[to + 1], &list[to], (from - to) * sizeof(list[0]));
    list[to] = moved;
}

void problems_sort(struct problems *problems)
{
    for (size_t i = 1; i < problems->count; i++)
        sort_in(problems->list, i);
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
