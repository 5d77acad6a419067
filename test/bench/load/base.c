/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/bench/load/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "sip-load: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    exit(2);
}

void *grow(void *memory, size_t length)
{
    void *larger = realloc(memory, length);
    if (larger == NULL)
        die("out of memory");
    return larger;
}

void *allocate(size_t count, size_t length)
{
    void *memory = calloc(count, length);
    if (memory == NULL)
        die("out of memory");
    return memory;
}

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

void pause_seconds(double seconds)
{
    struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&pause, NULL);
}
