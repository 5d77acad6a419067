/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/probe.h"

#include <string.h>

#include "gateway/command/terminal.h"

#define TITLE_WIDTH 10u

static const char *remedy(const struct probe *probe, char to[REMEDY_SIZE])
{
    struct remedy_case what = {
        .settings = probe->settings,
        .direction = probe->peer.role == PEER_AS_CLIENT && probe->chain != NULL ? DIRECTION_INBOUND
                                                                                : DIRECTION_OUTBOUND,
        .reason = probe->reason,
        .partner = probe->partner,
        .domain = probe->domain,
        .request_domain = probe->domain,
        .method = TEXT("OPTIONS"),
        .chain = probe->chain != NULL && probe->chain->count > 0 ? probe->chain : NULL,
        .peer = probe->chain != NULL ? &probe->peer : NULL,
        .answer = probe->answer,
        .at = probe->at,
        .now = probe->now,
    };
    return remedy_write(&what, to);
}

void probe_print_head(const struct probe *probe, FILE *out)
{
    const struct partner *partner = probe->partner;

    if (partner == NULL) {
        fprintf(out, "%.*s\n", TEXT_ARGUMENTS(probe->domain));
        return;
    }
    fprintf(out, "%s by its domain %.*s", partner->name, TEXT_ARGUMENTS(probe->domain));
    if (partner->domain_count > 1)
        fprintf(out, " (one of %zu)", partner->domain_count);
    fputc('\n', out);
    fflush(out);
}

static void print_line(FILE *out, const char *title, const char *text)
{
    fprintf(out, "%-*s", (int)TITLE_WIDTH, title);
    terminal_wrap(out, TITLE_WIDTH, text);
}

void probe_print_end(const struct probe *probe, FILE *out)
{
    char to[REMEDY_SIZE];

    fprintf(out, "%-*s", (int)TITLE_WIDTH, "result");
    terminal_shade(out, probe->colour, probe->works ? SHADE_GOOD : SHADE_BAD,
                   probe->works ? "works" : "fails", 0);
    fputc('\n', out);
    if (probe->works)
        return;
    print_line(out, "reason", reason_token(probe->reason));
    print_line(out, "", probe->detail);
    print_line(out, "to change", remedy(probe, to));
}

void probe_json(const struct probe *probe, struct json *json)
{
    static const char *const words[] = {
        [CHECK_PASSED] = "passed", [CHECK_FAILED] = "failed", [CHECK_SKIPPED] = "skipped"};
    char to[REMEDY_SIZE];

    json_object(json, NULL);
    json_string(json, "partner", probe->partner == NULL ? NULL : probe->partner->name);
    json_text(json, "domain", probe->domain);
    json_string(json, "result", probe->works ? "works" : "fails");
    json_string(json, "reason", reason_token(probe->works ? REASON_OK : probe->reason));
    json_string(json, "detail", probe->works ? NULL : probe->detail);
    json_string(json, "to-change", probe->works ? NULL : remedy(probe, to));
    json_array(json, "steps");
    for (size_t i = 0; i < probe->step_count; i++) {
        const struct probe_step *step = &probe->step[i];
        json_object(json, NULL);
        json_string(json, "name", step->name);
        json_string(json, "result", words[step->result]);
        json_string(json, "detail", step->detail);
        json_number(json, "duration-ms", (int64_t)step->duration_ms);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}
