/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_PROCESS_USE_H
#define BENCH_LOAD_PROCESS_USE_H

/* What a process and all that it has started use, from /proc. */

#include <stdbool.h>
#include <sys/types.h>

struct process_use {
    double cpu;          /* seconds, user and system, with what each has reaped from children that ended */
    double steal;        /* seconds that the hypervisor took from the whole machine */
    double busy;         /* seconds of the whole machine: user, nice, system and interrupts */
    long rss_kb, pss_kb; /* when asked for */
    int processes;
};

/* root 0: the machine alone. */
struct process_use process_measure(pid_t root, bool memory);
double process_own_cpu(void); /* seconds */

#endif
