/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The format is read twice: its letters by us, its arguments by snprintf, one conversion at a time, so that
 * each value is known and can be quoted. */
#include "gateway/log/operation_log.h"

#include "gateway/log/json_line.h"
#include "gateway/log/log_time.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define LINE_OCTETS 4096u
#define VALUE_MOST 512u

struct operation_log {
    struct log_file *file; /* the writer's */
    enum log_level most;
};

struct line {
    char octets[LINE_OCTETS];
    size_t length; /* at most LINE_OCTETS - 1: a newline always fits */
};

static void put(struct line *line, struct text octets)
{
    size_t room = LINE_OCTETS - 1 - line->length;
    size_t length = octets.length < room ? octets.length : room;
    if (length > 0) {
        memcpy(line->octets + line->length, octets.at, length);
        line->length += length;
    }
}

static bool needs_quotes(struct text value)
{
    for (size_t i = 0; i < value.length; i++) {
        char c = value.at[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=') {
            return true;
        }
    }
    return value.length == 0;
}

/* A value that does not fit is left empty: half an escape could swallow what follows. */
static void put_value(struct line *line, struct text value)
{
    char escaped[VALUE_MOST * 6 + 16];
    if (value.length > VALUE_MOST) {
        value.length = VALUE_MOST;
    }
    if (!needs_quotes(value)) {
        put(line, value);
        return;
    }
    size_t room = LINE_OCTETS - 1 - line->length;
    size_t length = json_line_escape(value, escaped, sizeof escaped);
    if (length == SIZE_MAX || length + 2 > room) {
        length = 0;
    }
    put(line, TEXT("\""));
    put(line, (struct text){escaped, length});
    put(line, TEXT("\""));
}

struct arguments {
    va_list list;
};

static long long read_signed(const char *lengths, struct arguments *arguments)
{
    if (strcmp(lengths, "ll") == 0) {
        return va_arg(arguments->list, long long);
    }
    if (strcmp(lengths, "l") == 0) {
        return va_arg(arguments->list, long);
    }
    return strcmp(lengths, "z") == 0 ? va_arg(arguments->list, ssize_t) : va_arg(arguments->list, int);
}

static unsigned long long read_unsigned(const char *lengths, struct arguments *arguments)
{
    if (strcmp(lengths, "ll") == 0) {
        return va_arg(arguments->list, unsigned long long);
    }
    if (strcmp(lengths, "l") == 0) {
        return va_arg(arguments->list, unsigned long);
    }
    return strcmp(lengths, "z") == 0 ? va_arg(arguments->list, size_t) : va_arg(arguments->list, unsigned);
}

/* Prints one argument. `from` stands after the '%'; returns where the format goes on. */
static const char *put_conversion(struct line *line, const char *from, struct arguments *arguments)
{
    char lengths[3] = "", digits[32];
    size_t count = 0;
    if (strncmp(from, ".*s", 3) == 0) {
        int length = va_arg(arguments->list, int);
        const char *at = va_arg(arguments->list, const char *);
        put_value(line, (struct text){at, length > 0 ? (size_t)length : 0});
        return from + 3;
    }
    while ((*from == 'l' || *from == 'z') && count < 2) {
        lengths[count++] = *from++;
    }
    switch (*from) {
    case 's':
        put_value(line, text_of(va_arg(arguments->list, const char *)));
        break;
    case 'c':
        digits[0] = (char)va_arg(arguments->list, int);
        put_value(line, (struct text){digits, 1});
        break;
    case 'd':
    case 'i':
        snprintf(digits, sizeof digits, "%lld", read_signed(lengths, arguments));
        put(line, text_of(digits));
        break;
    case 'u':
        snprintf(digits, sizeof digits, "%llu", read_unsigned(lengths, arguments));
        put(line, text_of(digits));
        break;
    case 'x':
        snprintf(digits, sizeof digits, "%llx", read_unsigned(lengths, arguments));
        put(line, text_of(digits));
        break;
    default:
        assert(!"a conversion that operation_log does not know");
        return from;
    }
    return from + 1;
}

static void put_pairs(struct line *line, const char *format, struct arguments *arguments)
{
    while (*format != '\0') {
        const char *end = strchr(format, '%');
        if (end == NULL) {
            put(line, text_of(format));
            return;
        }
        put(line, text_from(format, end));
        format = put_conversion(line, end + 1, arguments);
    }
}

static void start_line(struct line *line, enum log_level level, const char *event)
{
    static const char *const levels[] = {"error", "warning", "notice", "debug"};
    struct log_clock clock = {0};
    char now[LOG_TIME_OCTETS];
    log_time_print(&clock, log_time_now(), now);
    line->length = 0;
    put(line, TEXT("time="));
    put(line, text_of(now));
    put(line, TEXT(" level="));
    put(line, text_of(levels[level]));
    put(line, TEXT(" event="));
    put(line, text_of(event));
}

void operation_log(struct operation_log *log, enum log_level level, const char *event, const char *format,
                   ...)
{
    struct arguments arguments;
    struct line line;
    if (!operation_log_wants(log, level)) {
        return;
    }
    start_line(&line, level, event);
    if (format != NULL) {
        put(&line, TEXT(" "));
        va_start(arguments.list, format);
        put_pairs(&line, format, &arguments);
        va_end(arguments.list);
    }
    line.octets[line.length++] = '\n';
    log_file_write(log->file, (struct text){line.octets, line.length});
}

bool operation_log_wants(const struct operation_log *log, enum log_level level)
{
    return log != NULL && level <= log->most;
}

uint64_t operation_log_lost(const struct operation_log *log)
{
    return log_file_lost(log->file);
}

static size_t say_lines_lost(void *context, uint64_t lost, char *to, size_t size)
{
    struct line line;
    char digits[32];
    (void)context;
    start_line(&line, LOG_LEVEL_ERROR, "lines-lost");
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)lost);
    put(&line, TEXT(" file=gateway.log lines="));
    put(&line, text_of(digits));
    put(&line, TEXT("\n"));
    size_t length = line.length < size ? line.length : size;
    memcpy(to, line.octets, length);
    return length;
}

struct operation_log *operation_log_create(struct log_writer *writer, enum log_level most, char *trouble,
                                           size_t trouble_size)
{
    struct operation_log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        snprintf(trouble, trouble_size, "no memory for the operation log");
        return NULL;
    }
    log->most = most;
    log->file = log_writer_open(writer, "gateway.log", OPERATION_QUEUE_OCTETS, say_lines_lost, NULL, trouble,
                                trouble_size);
    if (log->file == NULL) {
        free(log);
        return NULL;
    }
    return log;
}

void operation_log_destroy(struct operation_log *log)
{
    free(log);
}
