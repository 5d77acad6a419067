/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/log/log_time.h"

#include <string.h>
#include <time.h>

#define YEAR_9999_ENDS 253402300799ll

int64_t log_time_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void print_second(struct log_clock *clock, int64_t second)
{
    time_t time = (time_t)second;
    struct tm parts;
    gmtime_r(&time, &parts);
    strftime(clock->text, sizeof clock->text, "%Y-%m-%dT%H:%M:%S.", &parts);
    clock->second = second;
}

void log_time_print(struct log_clock *clock, int64_t now_ms, char to[LOG_TIME_OCTETS])
{
    int64_t second = now_ms / 1000, ms = now_ms % 1000;
    if (now_ms < 0 || second > YEAR_9999_ENDS) {
        second = ms = 0;
    }
    if (clock->text[0] == '\0' || clock->second != second) {
        print_second(clock, second);
    }
    memcpy(to, clock->text, 20);
    to[20] = (char)('0' + ms / 100);
    to[21] = (char)('0' + ms / 10 % 10);
    to[22] = (char)('0' + ms % 10);
    to[23] = 'Z';
    to[24] = '\0';
}
