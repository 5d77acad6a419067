/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_HISTOGRAM_H
#define BENCH_LOAD_HISTOGRAM_H

/* Nanoseconds, counted in steps that grow with them: 128 an octave, so less than 0.8 % off. */

#include <stdint.h>

#define HISTOGRAM_STEPS (58 * 128)

struct histogram {
    uint64_t n, max, b[HISTOGRAM_STEPS];
};

void histogram_add(struct histogram *h, uint64_t v);
/* Adds what is in another. */
void histogram_merge(struct histogram *h, const struct histogram *other);
/* Microseconds that a part q (0 to 1) stays below; 0 when it is empty. */
double histogram_us(const struct histogram *h, double q);

#endif
