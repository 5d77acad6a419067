/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/log/audit.h"

#include "gateway/log/counts.h"
#include "gateway/log/json_line.h"
#include "gateway/log/log_time.h"
#include "gateway/log/operation_log.h"
#include "gateway/log/users.h"
#include "policy/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct audit {
    struct log_file *file; /* the writer's */
    enum audit_users users;
    uint8_t key[AUDIT_KEY_OCTETS];
    struct log_clock clock;
    struct audit_counts counts;
    char line[LOG_LINE_MOST];
};

static const char *event_token(enum audit_event event)
{
    static const char *const tokens[] = {
#define X(name, token) [AUDIT_##name] = token,
        AUDIT_EVENTS(X)
#undef X
    };
    return tokens[event];
}

static size_t say_lines_lost(void *context, uint64_t lost, char *to, size_t size)
{
    char detail[64], now[LOG_TIME_OCTETS];
    struct log_clock clock = {0};
    struct json_line json;
    log_time_print(&clock, log_time_now(), now);
    snprintf(detail, sizeof detail, "%llu lines could not be written", (unsigned long long)lost);
    operation_log(context, LOG_LEVEL_ERROR, "lines-lost", "file=%s lines=%llu", "audit.jsonl",
                  (unsigned long long)lost);
    json_line_begin(&json, to, size);
    json_line_word(&json, JSON_KEY("time"), text_of(now));
    json_line_word(&json, JSON_KEY("event"), text_of(event_token(AUDIT_LINES_LOST)));
    json_line_word(&json, JSON_KEY("reason"), text_of(reason_token(REASON_OVERLOADED)));
    json_line_text(&json, JSON_KEY("detail"), text_of(detail));
    return json_line_end(&json);
}

struct log_file *audit_open(struct log_writer *writer, struct operation_log *log, char *trouble,
                            size_t trouble_size)
{
    return log_writer_open(writer, "audit.jsonl", AUDIT_QUEUE_OCTETS, say_lines_lost, log, trouble,
                           trouble_size);
}

struct audit *audit_create(struct log_file *file, enum audit_users users, const uint8_t key[AUDIT_KEY_OCTETS])
{
    struct audit *audit = calloc(1, sizeof *audit);
    if (audit == NULL) {
        return NULL;
    }
    audit->file = file;
    audit->users = users;
    memcpy(audit->key, key, sizeof audit->key);
    return audit;
}

void audit_destroy(struct audit *audit)
{
    free(audit);
}

void audit_set_users(struct audit *audit, enum audit_users users)
{
    audit->users = users;
}

static void add(struct json_line *json, struct text key, struct text value)
{
    if (value.length > 0) {
        json_line_text(json, key, value);
    }
}

static void add_user(struct json_line *json, const struct audit *audit, struct text key, struct text uri)
{
    char shown[USERS_URI_MOST];
    if (uri.length > 0) {
        json_line_text(json, key, (struct text){shown, users_print(audit->users, audit->key, uri, shown)});
    }
}

static void add_session(struct json_line *json, const struct audit_record *record)
{
    static const char *const sides[] = {
        [AUDIT_NO_SIDE] = "", [AUDIT_INTERNAL] = "internal", [AUDIT_EXTERNAL] = "external"};
    static const char digits[] = "0123456789abcdef";
    char session[16];
    if (record->session != 0) {
        for (unsigned i = 0; i < 16; i++) {
            session[i] = digits[record->session >> (60 - 4 * i) & 0xf];
        }
        json_line_word(json, JSON_KEY("session"), (struct text){session, sizeof session});
    }
    if (record->side != AUDIT_NO_SIDE)
        json_line_word(json, JSON_KEY("side"), text_of(sides[record->side]));
    if (record->has_direction) {
        json_line_word(json, JSON_KEY("direction"), text_of(direction_word(record->direction)));
    }
}

static void add_peer(struct json_line *json, const struct audit_record *record)
{
    size_t names = record->certificate_name_count;
    add(json, JSON_KEY("partner"), record->partner);
    add(json, JSON_KEY("peer"), record->peer);
    if (names > 0) {
        json_line_texts(json, JSON_KEY("certificate-names"), record->certificate_names,
                        names < AUDIT_NAMES_MOST ? names : AUDIT_NAMES_MOST);
        json->cut = json->cut || names > AUDIT_NAMES_MOST;
    }
    add(json, JSON_KEY("issuer"), record->issuer);
    add(json, JSON_KEY("anchor"), record->anchor);
    add(json, JSON_KEY("tls"), record->tls);
}

static void add_request(struct json_line *json, const struct audit *audit, const struct audit_record *record)
{
    add(json, JSON_KEY("method"), record->method);
    add_user(json, audit, JSON_KEY("from"), record->from);
    add_user(json, audit, JSON_KEY("to"), record->to);
    add(json, JSON_KEY("call-id"), record->call_id);
    if (record->status != 0) {
        json_line_number(json, JSON_KEY("status"), record->status);
    }
    if (record->has_duration) {
        json_line_number(json, JSON_KEY("duration-ms"), record->duration_ms);
    }
}

static void add_ending(struct json_line *json, const struct audit_record *record)
{
    char date[CALENDAR_TIME];
    add(json, JSON_KEY("what"), record->what);
    add(json, JSON_KEY("subject"), record->subject);
    if (record->ends != 0) {
        json_line_text(json, JSON_KEY("ends"), text_of(calendar_time(record->ends, date)));
        json_line_number(json, JSON_KEY("days-left"), record->days_left);
    }
}

struct text audit_format(struct audit *audit, const struct audit_record *record, int64_t now_ms)
{
    char now[LOG_TIME_OCTETS];
    struct json_line json;
    log_time_print(&audit->clock, now_ms, now);
    json_line_begin(&json, audit->line, sizeof audit->line);
    json_line_word(&json, JSON_KEY("time"), (struct text){now, LOG_TIME_OCTETS - 1});
    json_line_word(&json, JSON_KEY("event"), text_of(event_token(record->event)));
    json_line_word(&json, JSON_KEY("reason"), text_of(reason_token(record->reason)));
    add_session(&json, record);
    add_peer(&json, record);
    add_request(&json, audit, record);
    if (record->policy != 0) {
        json_line_number(&json, JSON_KEY("policy"), (int64_t)record->policy);
    }
    add_ending(&json, record);
    add(&json, JSON_KEY("detail"), record->detail);
    return (struct text){audit->line, json_line_end(&json)};
}

void audit_write(struct audit *audit, const struct audit_record *record)
{
    int64_t now_ms = log_time_now();
    counts_add(&audit->counts, record, now_ms);
    log_file_write(audit->file, audit_format(audit, record, now_ms));
}

const struct audit_counts *audit_counts(const struct audit *audit)
{
    return &audit->counts;
}
