/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/probe.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/command/terminal.h"

#define RESULT_WIDTH 9
#define NAME_WIDTH 13
#define DETAIL_COLUMN (2u + RESULT_WIDTH + NAME_WIDTH)

/* Most that a line of progress takes: it must not wrap, or it could not be cleared. */
static int progress_columns(void)
{
    unsigned columns = terminal_columns(stdout);

    return (int)(columns < TERMINAL_COLUMNS ? columns : TERMINAL_COLUMNS) - 1;
}

/* While a step runs: one line, which its end takes the place of. */
static void show_progress(const struct probe *probe, const char *detail)
{
    int room = progress_columns() - (int)DETAIL_COLUMN;

    if (!probe->streams || !probe->is_terminal)
        return;
    printf("  %-*s%-*s%.*s", RESULT_WIDTH, "...", NAME_WIDTH, probe->under_way, room, detail);
    fflush(stdout);
}

void probe_begin(struct probe *probe, const char *name, const char *format, ...)
{
    char detail[PROBE_DETAIL];
    va_list arguments;

    snprintf(probe->under_way, sizeof(probe->under_way), "%s", name);
    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    probe->began_ns = uv_hrtime();
    show_progress(probe, detail);
}

/* Without an escape sequence: these are for colour, and who forbids colour wants none of them. */
static void clear_progress(const struct probe *probe)
{
    if (probe->is_terminal)
        printf("\r%*s\r", progress_columns(), "");
}

static void show(const struct probe *probe, const struct probe_step *step)
{
    static const enum shade shades[] = {
        [CHECK_PASSED] = SHADE_GOOD, [CHECK_FAILED] = SHADE_BAD, [CHECK_SKIPPED] = SHADE_UNSURE};
    static const char *const words[] = {
        [CHECK_PASSED] = "passed", [CHECK_FAILED] = "failed", [CHECK_SKIPPED] = "skipped"};
    char detail[PROBE_DETAIL + 32];

    if (!probe->streams)
        return;
    if (step->duration_ms > 0)
        snprintf(detail, sizeof(detail), "%s (%" PRIu64 " ms)", step->detail, step->duration_ms);
    else
        snprintf(detail, sizeof(detail), "%s", step->detail);
    clear_progress(probe);
    printf("  ");
    terminal_shade(stdout, probe->colour, shades[step->result], words[step->result], RESULT_WIDTH);
    printf("%-*s", NAME_WIDTH, step->name);
    terminal_wrap(stdout, DETAIL_COLUMN, detail);
    fflush(stdout);
}

static void keep(struct probe *probe, const struct probe_step *step)
{
    if (probe->step_count == PROBE_STEPS_MOST)
        return;
    if (probe->step_count == probe->step_room) {
        size_t room = probe->step_room + 16;
        struct probe_step *grown = realloc(probe->step, room * sizeof(*grown));
        if (grown == NULL)
            return;
        probe->step = grown;
        probe->step_room = room;
    }
    probe->step[probe->step_count] = *step;
    probe->step[probe->step_count++].detail = strdup(step->detail);
}

static void end(struct probe *probe, enum check_result result, char *detail)
{
    struct probe_step step = {
        .result = result, .detail = detail, .duration_ms = (uv_hrtime() - probe->began_ns) / 1000000};

    snprintf(step.name, sizeof(step.name), "%s", probe->under_way);
    show(probe, &step);
    keep(probe, &step);
}

void probe_end(struct probe *probe, enum check_result result, const char *format, ...)
{
    char detail[PROBE_DETAIL];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    end(probe, result, detail);
}

void probe_fail(struct probe *probe, enum reason reason, const char *format, ...)
{
    char detail[PROBE_DETAIL];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    end(probe, CHECK_FAILED, detail);
    if (probe->reason != REASON_OK)
        return;
    probe->reason = reason;
    snprintf(probe->detail, sizeof(probe->detail), "%s", detail);
}

void probe_note(struct probe *probe, const char *name, enum check_result result, const char *format, ...)
{
    char detail[PROBE_DETAIL];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    snprintf(probe->under_way, sizeof(probe->under_way), "%s", name);
    probe->began_ns = uv_hrtime();
    end(probe, result, detail);
}
