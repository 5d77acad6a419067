/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_BASE_H
#define BENCH_LOAD_BASE_H

/* What all files of the load tool use. It is a tool of one run: what goes wrong in itself ends it. */

#include <stddef.h>
#include <stdint.h>

#define NANOSECONDS 1000000000ull

/* Says why on stderr and ends the process with 2. */
__attribute__((format(printf, 1, 2), noreturn)) void die(const char *format, ...);

/* realloc and calloc that do not come back without memory. */
void *grow(void *memory, size_t length);
void *allocate(size_t count, size_t length);

uint64_t now_ns(void); /* monotonic */
void pause_seconds(double seconds);

#endif
