/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LOG_LOG_TIME_H
#define FEDGATE_LOG_LOG_TIME_H

/* RFC 3339 in UTC with milliseconds: "2026-11-25T02:05:00.123Z". */

#include <stdint.h>

#define LOG_TIME_OCTETS 25u /* with the NUL */

/* The date and time of the second printed last; zeroed memory is a fresh one. For one thread. */
struct log_clock {
    int64_t second;
    char text[21]; /* "2026-11-25T02:05:00." or empty */
};

void log_time_print(struct log_clock *clock, int64_t now_ms, char to[LOG_TIME_OCTETS]);
int64_t log_time_now(void); /* ms since 1970 */

#endif
