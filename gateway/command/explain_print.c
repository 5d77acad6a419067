/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/explain.h"

#include <string.h>

#include "gateway/command/terminal.h"
#include "policy/calendar.h"

#define RESULT_WIDTH 9u
#define NAME_WIDTH 16u
#define DETAIL_COLUMN (2u + RESULT_WIDTH + NAME_WIDTH)
#define VERDICT_COLUMN 10u
#define PATH_COLUMN 5u

const char *explain_outcome_word(enum explain_outcome outcome)
{
    static const char *const words[] = {"allow", "deny", "need"};
    return words[outcome];
}

const char *explain_result_word(enum check_result result)
{
    static const char *const words[] = {
        [CHECK_PASSED] = "passed", [CHECK_FAILED] = "failed", [CHECK_SKIPPED] = "skipped"};
    return words[result];
}

const char *explain_stage_word(enum explain_stage stage)
{
    static const char *const words[] = {[STAGE_SESSION] = "session",
                                        [STAGE_REQUEST] = "request",
                                        [STAGE_LOCATION] = "location",
                                        [STAGE_PARTNER] = "partner"};
    return words[stage];
}

const char *explain_remedy(const struct explanation *explanation, char to[REMEDY_SIZE])
{
    const struct presented_chain *chain = explanation->chain;
    const struct certificate *at = explain_broken_at(explanation, explanation->reason);
    struct remedy_case what = {
        .settings = explanation->settings,
        .direction = explanation->direction,
        .reason = explanation->reason,
        .partner = explanation->partner,
        .domain = explanation->domain,
        .request_domain = explanation->facts.request_domain,
        .method = explanation->facts.method,
        .chain = chain != NULL && chain->count > 0 ? chain : NULL,
        .peer = explanation->has_peer ? &explanation->peer : NULL,
        .answer = explanation->answer,
        .at = at != NULL || chain == NULL || chain->count == 0 ? at : chain->certificate[0],
        .path = explanation->accepted,
        .now = explanation->now,
    };
    return remedy_write(&what, to);
}

/* ---- what was asked ---- */

static void print_question(const struct explanation *explanation, FILE *out)
{
    char time[CALENDAR_TIME];

    fprintf(out, "%s %.*s at %s\n", direction_word(explanation->direction),
            TEXT_ARGUMENTS(explanation->facts.method), calendar_time(explanation->now, time));
    fprintf(out, "  from   %s\n  to     %s\n", explanation->from, explanation->to);
}

static void print_presented(const struct explanation *explanation, FILE *out)
{
    char shown[CERTIFICATE_SHOWN], from[CALENDAR_DATE], until[CALENDAR_DATE], line[CERTIFICATE_SHOWN + 60];

    if (explanation->chain == NULL)
        return;
    fprintf(out, "\npresented\n");
    for (size_t i = 0; i < explanation->chain->count; i++) {
        const struct certificate *certificate = explanation->chain->certificate[i];
        snprintf(line, sizeof(line), "%s, %s to %s", certificate_show(certificate, shown),
                 calendar_date(certificate->not_before, from), calendar_date(certificate->not_after, until));
        fprintf(out, "  %-3zu", i + 1);
        terminal_wrap(out, PATH_COLUMN, line);
    }
    if (explanation->chain->count == 0)
        fprintf(out, "  nothing that can be read as a certificate\n");
}

/* ---- what was looked at ---- */

/* Those that were not reached share a line. Returns how many they are. */
static size_t print_not_reached(const struct explanation *explanation, size_t first, bool colour, FILE *out)
{
    const struct explain_check *check = &explanation->check[first];
    char names[EXPLAIN_CHECKS_MOST * 20] = "";
    size_t count = 0, used = 0;

    while (first + count < explanation->check_count && check[count].stage == check->stage &&
           check[count].result == CHECK_SKIPPED && strcmp(check[count].detail, EXPLAIN_NOT_REACHED) == 0) {
        if (used < sizeof(names))
            used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", count == 0 ? "" : ", ",
                                     check[count].name);
        count++;
    }
    if (count == 0)
        return 0;
    fprintf(out, "  ");
    terminal_shade(out, colour, SHADE_UNSURE, explain_result_word(CHECK_SKIPPED), (int)RESULT_WIDTH);
    fprintf(out, "%-*s", (int)NAME_WIDTH, EXPLAIN_NOT_REACHED);
    terminal_wrap(out, DETAIL_COLUMN, names);
    return count;
}

static void print_checks(const struct explanation *explanation, bool colour, FILE *out)
{
    static const enum shade shades[] = {
        [CHECK_PASSED] = SHADE_GOOD, [CHECK_FAILED] = SHADE_BAD, [CHECK_SKIPPED] = SHADE_UNSURE};

    for (size_t i = 0; i < explanation->check_count;) {
        const struct explain_check *check = &explanation->check[i];
        if (i == 0 || explanation->check[i - 1].stage != check->stage)
            fprintf(out, "\n%s\n", explain_stage_word(check->stage));
        size_t not_reached = print_not_reached(explanation, i, colour, out);
        i += not_reached;
        if (not_reached > 0)
            continue;
        fprintf(out, "  ");
        terminal_shade(out, colour, shades[check->result], explain_result_word(check->result),
                       (int)RESULT_WIDTH);
        fprintf(out, "%-*s", (int)NAME_WIDTH, check->name);
        terminal_wrap(out, DETAIL_COLUMN, check->detail);
        i++;
    }
}

/* One certificate a line, the leaf first. */
static void print_path(const struct explain_path *path, size_t number, FILE *out)
{
    char shown[CERTIFICATE_SHOWN], line[CERTIFICATE_SHOWN + 200], until[CALENDAR_TIME];

    if (path->reason == REASON_OK)
        snprintf(line, sizeof(line), "holds until %s", calendar_time(path->valid_until, until));
    else
        snprintf(line, sizeof(line), "breaks at %s: %s [%s]", certificate_show(path->at, shown), path->detail,
                 reason_token(path->reason));
    fprintf(out, "  %-3zu", number);
    terminal_wrap(out, PATH_COLUMN, line);
    for (size_t i = 0; i < path->count; i++) {
        bool is_anchor = path->anchor != NULL && i + 1 == path->count;
        snprintf(line, sizeof(line), "%s%s%s", i == 0 ? "" : "under ",
                 certificate_show(path->certificate[i], shown), is_anchor ? " (anchor)" : "");
        fprintf(out, "%*s", (int)PATH_COLUMN + 2, "");
        terminal_wrap(out, PATH_COLUMN + 2, line);
    }
}

static void print_paths(const struct explanation *explanation, FILE *out)
{
    if (!explanation->has_peer)
        return;
    fprintf(out, "\npaths tried\n");
    for (size_t i = 0; i < explanation->path_count; i++)
        print_path(&explanation->path[i], i + 1, out);
    if (explanation->paths_left_out > 0)
        fprintf(out, "  and %zu more\n", explanation->paths_left_out);
    if (explanation->path_count == 0)
        fprintf(out, "  none: see the checks\n");
}

/* ---- the verdict ---- */

static void print_line(FILE *out, const char *title, const char *text)
{
    fprintf(out, "%-*s", (int)VERDICT_COLUMN, title);
    terminal_wrap(out, VERDICT_COLUMN, text);
}

/* What the sender gets to see. */
static void print_answer(const struct explanation *explanation, FILE *out)
{
    char line[100];
    int status = reason_status(explanation->reason, explanation->direction);
    bool at_handshake = explanation->direction == DIRECTION_INBOUND && explanation->check_count > 0 &&
                        explanation->has_peer && explanation->peer.chain != NULL &&
                        explanation->reason != REASON_OK && explanation->detail[0] != '\0';

    if (at_handshake)
        snprintf(line, sizeof(line), "the TLS handshake is refused; a request would get %d", status);
    else
        snprintf(line, sizeof(line), "%d %s", status, status_phrase(status));
    print_line(out, "answer", line);
}

static void print_verdict(const struct explanation *explanation, bool colour, FILE *out)
{
    static const enum shade shades[] = {SHADE_GOOD, SHADE_BAD, SHADE_UNSURE};
    char remedy[REMEDY_SIZE];
    const char *detail =
        explanation->detail[0] != '\0' ? explanation->detail : reason_sentence(explanation->reason);

    fprintf(out, "\n%-*s", (int)VERDICT_COLUMN, "verdict");
    terminal_shade(out, colour, shades[explanation->outcome], explain_outcome_word(explanation->outcome), 0);
    fputc('\n', out);
    if (explanation->outcome == EXPLAIN_DENY) {
        print_line(out, "reason", reason_token(explanation->reason));
        print_line(out, "", detail);
        print_answer(explanation, out);
    }
    if (explanation->partner != NULL)
        print_line(out, "partner", explanation->partner->name);
    if (explanation->outcome == EXPLAIN_NEED)
        print_line(out, "needs", explanation->need);
    else
        print_line(out, "to change", explain_remedy(explanation, remedy));
}

void explain_print(const struct explanation *explanation, FILE *out)
{
    bool colour = terminal_wants_colour(out);

    print_question(explanation, out);
    print_presented(explanation, out);
    print_checks(explanation, colour, out);
    print_paths(explanation, out);
    print_verdict(explanation, colour, out);
}
