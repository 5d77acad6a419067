/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_REPORT_H
#define BENCH_LOAD_REPORT_H

/* What came of it: a sentence, then one flat JSON object on the last line. */

#include "test/bench/load/process_use.h"

struct run { /* what main() has measured around the workers */
    int clients;
    double wall, setup;               /* seconds */
    double own_cpu;                   /* seconds of this process during RUN */
    struct process_use before, after; /* around it all, with memory */
    struct process_use from, to;      /* around RUN */
};

/* Sums the workers, which have ended. Returns the number of errors. */
unsigned long long report(const struct run *run);

#endif
