/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "gateway/command/partner_text.h"
#include "gateway/command/terminal.h"
#include "policy/calendar.h"
#include "policy/revocation.h"
#include "policy/yaml_values.h"

#define INDENT 4u
#define TITLE 12u /* where values begin, after the indent */

const char *partner_state_word(const struct partner *partner, int64_t now)
{
    enum reason state = partner_state(partner, now);

    if (state == REASON_OK)
        return "in force";
    if (state == REASON_PARTNER_DISABLED)
        return "disabled";
    return state == REASON_PARTNER_NOT_YET_VALID ? "not yet in force" : "ended";
}

/* A paragraph that breaks between items. */
struct paragraph {
    FILE *out;
    unsigned column, columns; /* where it is; of the line */
    bool has_item;
};

static void paragraph_begin(struct paragraph *paragraph, FILE *out, const char *title)
{
    *paragraph = (struct paragraph){.out = out, .column = INDENT + TITLE, .columns = terminal_columns(out)};
    fprintf(out, "%*s%-*s", (int)INDENT, "", (int)TITLE, title);
}

static void paragraph_add(struct paragraph *paragraph, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void paragraph_add(struct paragraph *paragraph, const char *format, ...)
{
    char item[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(item, sizeof(item), format, arguments);
    va_end(arguments);
    unsigned length = (unsigned)strlen(item);
    if (paragraph->has_item) {
        bool fits =
            paragraph->column + 2 + length + 1 <= paragraph->columns; /* and the comma that may follow */
        fputs(fits ? ", " : ",\n", paragraph->out);
        paragraph->column += 2;
        if (!fits) {
            fprintf(paragraph->out, "%*s", (int)(INDENT + TITLE), "");
            paragraph->column = INDENT + TITLE;
        }
    }
    fputs(item, paragraph->out);
    paragraph->column += length;
    paragraph->has_item = true;
}

static void paragraph_end(struct paragraph *paragraph)
{
    fputc('\n', paragraph->out);
}

static void print_names(FILE *out, const char *title, char *const *names, size_t count)
{
    struct paragraph paragraph;

    paragraph_begin(&paragraph, out, title);
    for (size_t i = 0; i < count; i++)
        paragraph_add(&paragraph, "%s", names[i]);
    paragraph_end(&paragraph);
}

/* Subjects are long: one anchor a line, cut to fit, with its whole end. */
static void print_anchors(const struct partner *partner, FILE *out)
{
    char date[CALENDAR_DATE];

    for (size_t i = 0; i < partner->anchor_count; i++) {
        const struct trust_anchor *anchor = partner->anchors[i];
        int room = (int)(terminal_columns(out) - INDENT - TITLE - strlen(", ends 2026-01-01"));
        bool cut = strlen(anchor->subject) > (size_t)room;
        fprintf(out, "%*s%-*s%.*s%s, ends %s\n", (int)INDENT, "", (int)TITLE, i == 0 ? "anchors" : "",
                cut ? room - 3 : room, anchor->subject, cut ? "..." : "",
                calendar_date(anchor->certificate->not_after, date));
    }
    if (partner->anchor_count == 0)
        fprintf(out, "%*s%-*snone\n", (int)INDENT, "", (int)TITLE, "anchors");
}

/* The CRLs that were read: whose, how many it lists, until when. */
static void print_crls(const struct partner *partner, FILE *out)
{
    char issuer[256], date[CALENDAR_DATE], rest[64];

    for (size_t i = 0; partner->crl_store != NULL && i < crl_store_count(partner->crl_store); i++) {
        const struct crl *crl = crl_store_at(partner->crl_store, i);
        size_t entries = crl->serial_count + crl->odd_count;
        certificate_subject_print(crl->issuer, issuer, sizeof(issuer));
        snprintf(rest, sizeof(rest), ", %zu entr%s, until %s", entries, entries == 1 ? "y" : "ies",
                 calendar_date(crl->next_update, date));
        int room = (int)(terminal_columns(out) - INDENT - TITLE - strlen(rest));
        bool cut = strlen(issuer) > (size_t)room;
        fprintf(out, "%*s%-*s%.*s%s%s\n", (int)INDENT, "", (int)TITLE, i == 0 ? "crls" : "",
                cut ? room - 3 : room, issuer, cut ? "..." : "", rest);
    }
}

static void print_rules(const struct partner *partner, FILE *out)
{
    struct paragraph paragraph;
    char size[QUANTITY_WRITTEN];

    if (partner->identity == IDENTITY_NAMES)
        print_names(out, "names", partner->identity_names, partner->identity_name_count);
    if (partner->locate == LOCATE_FIXED) {
        paragraph_begin(&paragraph, out, "located at");
        for (size_t i = 0; i < partner->fixed_count; i++)
            paragraph_add(&paragraph, strchr(partner->fixed[i].host, ':') == NULL ? "%s:%u" : "[%s]:%u",
                          partner->fixed[i].host, partner->fixed[i].port);
        paragraph_end(&paragraph);
    }
    if (partner->methods != NULL)
        print_names(out, "methods", partner->methods, partner->method_count);
    paragraph_begin(&paragraph, out, "limits");
    paragraph_add(&paragraph, "%" PRIu32 " messages/s", partner->limits.messages_per_second);
    paragraph_add(&paragraph, "burst %" PRIu32, partner->limits.burst);
    paragraph_add(&paragraph, "%" PRIu32 " connections", partner->limits.connections);
    paragraph_add(&paragraph, "%s a message", yaml_write_size(partner->limits.message_size, size));
    paragraph_end(&paragraph);
}

/* What differs from the defaults and has no line of its own. */
static void print_options(const struct partner *partner, FILE *out)
{
    struct paragraph paragraph;
    char date[CALENDAR_TIME];
    bool has_from = partner->valid_from != INT64_MIN, has_until = partner->valid_until != INT64_MAX;

    if (!has_from && !has_until && !partner->client_eku_lenient && partner->pin_count == 0 &&
        !partner->keep_asserted_identity && !partner->diagnostics_public)
        return;
    paragraph_begin(&paragraph, out, "besides");
    if (has_from)
        paragraph_add(&paragraph, "from %s", calendar_time(partner->valid_from, date));
    if (has_until)
        paragraph_add(&paragraph, "until %s", calendar_time(partner->valid_until, date));
    if (partner->client_eku_lenient)
        paragraph_add(&paragraph, "client-eku lenient");
    if (partner->pin_count > 0)
        paragraph_add(&paragraph, "%zu pin%s", partner->pin_count, partner->pin_count == 1 ? "" : "s");
    if (partner->keep_asserted_identity)
        paragraph_add(&paragraph, "asserted-identity keep");
    if (partner->diagnostics_public)
        paragraph_add(&paragraph, "diagnostics public");
    paragraph_end(&paragraph);
}

/* ---- the row ---- */

#define NAME_WIDTH 22u
#define ROW "%-*s %-16s %-10s %-9s %s\n"

void partner_print_head(FILE *out)
{
    fprintf(out, ROW, (int)NAME_WIDTH, "PARTNER", "STATE", "IDENTITY", "DIRECTION", "REVOCATION");
}

static const char *direction_of(const struct partner *partner)
{
    if (partner->direction == PARTNER_DIRECTION_INBOUND)
        return "inbound";
    return partner->direction == PARTNER_DIRECTION_OUTBOUND ? "outbound" : "both";
}

void partner_print(const struct partner *partner, int64_t now, FILE *out)
{
    static const char *const revocation[] = {"off", "if-available", "required"};
    bool is_long = strlen(partner->name) > NAME_WIDTH; /* then it has a line of its own */

    if (is_long)
        fprintf(out, "%s\n", partner->name);
    fprintf(out, ROW, (int)NAME_WIDTH, is_long ? "" : partner->name, partner_state_word(partner, now),
            identity_rule_word(partner->identity), direction_of(partner), revocation[partner->revocation]);
    if (partner->is_discovered)
        fputs("    domains     those that no file names, found through DNS\n", out);
    else
        print_names(out, "domains", partner->domains, partner->domain_count);
    print_anchors(partner, out);
    print_crls(partner, out);
    print_rules(partner, out);
    print_options(partner, out);
}

/* ---- the bounds of the gateway ---- */

static void add_count(struct paragraph *paragraph, const char *key, uint64_t value)
{
    paragraph_add(paragraph, "%s %" PRIu64, key, value);
}

static void add_size(struct paragraph *paragraph, const char *key, uint64_t value)
{
    char written[QUANTITY_WRITTEN];
    paragraph_add(paragraph, "%s %s", key, yaml_write_size(value, written));
}

static void add_duration(struct paragraph *paragraph, const char *key, uint64_t value)
{
    char written[QUANTITY_WRITTEN];
    paragraph_add(paragraph, "%s %s", key, yaml_write_duration(value, written));
}

#define ADD_COUNT add_count
#define ADD_SIZE add_size
#define ADD_DURATION add_duration

void limits_print(const struct limits *limits, FILE *out)
{
    struct paragraph paragraph;

    fprintf(out, "the gateway\n");
    paragraph_begin(&paragraph, out, "limits");
#define X(field, key, kind, standard, least, most, what) ADD_##kind(&paragraph, key, limits->field);
    LIMITS(X)
#undef X
    paragraph_end(&paragraph);
}
