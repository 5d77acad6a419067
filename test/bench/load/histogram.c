/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/bench/load/histogram.h"

void histogram_add(struct histogram *h, uint64_t v)
{
    unsigned i = (unsigned)v;
    if (v >= 128) {
        unsigned e = 63u - (unsigned)__builtin_clzll(v);
        i = (e - 6) * 128 + ((v >> (e - 7)) & 127);
    }
    h->b[i]++;
    h->n++;
    if (v > h->max)
        h->max = v;
}

void histogram_merge(struct histogram *h, const struct histogram *other)
{
    h->n += other->n;
    h->max = other->max > h->max ? other->max : h->max;
    for (unsigned i = 0; i < HISTOGRAM_STEPS; i++)
        h->b[i] += other->b[i];
}

double histogram_us(const struct histogram *h, double q)
{
    uint64_t connection_want = (uint64_t)(q * (double)h->n), seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_STEPS; i++) {
        seen += h->b[i];
        if (seen > connection_want || (seen == h->n && h->n)) {
            if (i < 128)
                return i / 1e3;
            double v = (double)((uint64_t)(128 + i % 128) << (i / 128 - 1)) * (1 + 1 / 512.);
            return (v > (double)h->max ? (double)h->max : v) / 1e3;
        }
    }
    return 0;
}
