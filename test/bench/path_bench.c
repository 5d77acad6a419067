/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What judging a chain costs: reading leaf and intermediate, and one search. Prints microseconds of CPU. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "test/unit/policy/path_fixture.h"

#define ROUNDS 5000

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(void)
{
    const struct factory_order *anchor = &root;
    struct trust_anchors *anchors = factory_anchors(&anchor, 1);
    struct text ders[2] = {factory_der(&leaf), factory_der(&inter)};
    double reading = 0, searching = 0;
    size_t found = 0;

    for (int i = 0; i < ROUNDS; i++) {
        double start = cpu_seconds();
        struct presented_chain *chain = presented_chain_read(ders, 2);
        double read = cpu_seconds();
        struct outcome outcome = {0};
        struct trust_search search = {
            .chain = chain, .anchors = anchors, .now = FACTORY_NOW, .found = keep_path, .context = &outcome};
        found += trust_path_search(&search) == REASON_OK;
        searching += cpu_seconds() - read;
        reading += read - start;
        presented_chain_destroy(chain);
    }
    printf("P-256, leaf and intermediate: reading %.1f us, search %.1f us, %zu of %d held\n",
           reading / ROUNDS * 1e6, searching / ROUNDS * 1e6, found, ROUNDS);
    return 0;
}
