/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/json.h"

#include <assert.h>
#include <inttypes.h>

#include "policy/calendar.h"
#include "policy/utf8.h"

void json_begin(struct json *json, FILE *out)
{
    *json = (struct json){.out = out};
}

void json_end(struct json *json)
{
    assert(json->depth == 0);
    fputc('\n', json->out);
}

static void write_text(FILE *out, struct text value)
{
    fputc('"', out);
    while (value.length > 0) {
        uint32_t c = 0;
        size_t octets = utf8_next(value, &c);
        if (octets == 0) {
            fputs("\\ufffd", out);
            octets = 1;
        } else if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", (char)c);
        } else if (!utf8_is_visible(c) && c < 0x10000) {
            fprintf(out, "\\u%04x", (unsigned)c); /* control characters must be, the others are better seen */
        } else {
            fwrite(value.at, 1, octets, out);
        }
        value = text_skip(value, octets);
    }
    fputc('"', out);
}

/* The comma before, the line, and the name of a member. */
static void begin_value(struct json *json, const char *name)
{
    if (json->depth > 0) {
        if (json->has_entries[json->depth - 1])
            fputc(',', json->out);
        json->has_entries[json->depth - 1] = true;
        fprintf(json->out, "\n%*s", (int)(2 * json->depth), "");
    }
    if (name != NULL) {
        write_text(json->out, text_of(name));
        fputs(": ", json->out);
    }
}

static void open(struct json *json, const char *name, char bracket)
{
    begin_value(json, name);
    assert(json->depth < JSON_DEPTH_MOST);
    fputc(bracket, json->out);
    json->has_entries[json->depth++] = false;
}

static void close(struct json *json, char bracket)
{
    assert(json->depth > 0);
    bool has_entries = json->has_entries[--json->depth];
    if (has_entries)
        fprintf(json->out, "\n%*s", (int)(2 * json->depth), "");
    fputc(bracket, json->out);
}

void json_object(struct json *json, const char *name)
{
    open(json, name, '{');
}

void json_object_end(struct json *json)
{
    close(json, '}');
}

void json_array(struct json *json, const char *name)
{
    open(json, name, '[');
}

void json_array_end(struct json *json)
{
    close(json, ']');
}

void json_string(struct json *json, const char *name, const char *value)
{
    if (value == NULL)
        json_null(json, name);
    else
        json_text(json, name, text_of(value));
}

void json_text(struct json *json, const char *name, struct text value)
{
    begin_value(json, name);
    write_text(json->out, value);
}

void json_number(struct json *json, const char *name, int64_t value)
{
    begin_value(json, name);
    fprintf(json->out, "%" PRId64, value);
}

void json_boolean(struct json *json, const char *name, bool value)
{
    begin_value(json, name);
    fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *name)
{
    begin_value(json, name);
    fputs("null", json->out);
}

void json_time(struct json *json, const char *name, int64_t seconds)
{
    char time[CALENDAR_TIME];
    json_string(json, name, calendar_time(seconds, time));
}
