/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/net/locate.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

static uint32_t random_below(void *context, uint32_t bound)
{
    uint32_t number;
    ssize_t got;

    (void)context;
    /* Numbers over the greatest multiple of the bound would favour the small ones: draw again. */
    const uint32_t limit = UINT32_MAX - UINT32_MAX % bound;
    do {
        got = getrandom(&number, sizeof number, 0);
        if (got < 0 && errno != EINTR)
            return 0; /* no generator: still an order, only not a random one */
    } while (got != (ssize_t)sizeof number || number >= limit);
    return number % bound;
}

const struct locate_random locate_random_system = {random_below, NULL};

/* By priority, weight 0 first within one, as RFC 2782 begins. */
static int by_priority(const void *a, const void *b)
{
    const struct srv_target *x = *(const struct srv_target *const *)a;
    const struct srv_target *y = *(const struct srv_target *const *)b;

    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    return (x->weight != 0) - (y->weight != 0);
}

/* RFC 2782: a number between 0 and the sum of the weights, both included; the first whose running sum reaches
 * it. */
static size_t choose(const struct srv_target *const *target, size_t count, const struct locate_random *random)
{
    uint32_t sum = 0, running = 0;

    for (size_t i = 0; i < count; i++)
        sum += target[i]->weight; /* at most 100 * 65535 */
    uint32_t number = random->below(random->context, sum + 1);
    for (size_t i = 0; i < count; i++) {
        running += target[i]->weight;
        if (running >= number)
            return i;
    }
    return count - 1;
}

static void take_out(const struct srv_target **target, size_t count, size_t index)
{
    for (size_t i = index; i + 1 < count; i++)
        target[i] = target[i + 1];
}

size_t locate_srv(const struct srv_answer *answer, const struct locate_random *random,
                  struct located_target to[SRV_TARGETS_MOST])
{
    const struct srv_target *target[SRV_TARGETS_MOST];
    size_t count = answer->target_count < SRV_TARGETS_MOST ? answer->target_count : SRV_TARGETS_MOST;
    size_t written = 0;

    if (answer->outcome != REASON_OK || count == 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        target[i] = &answer->target[i];
    qsort(target, count, sizeof target[0], by_priority);

    for (size_t first = 0; first < count;) {
        size_t end = first + 1;
        while (end < count && target[end]->priority == target[first]->priority)
            end++;
        for (size_t left = end - first; left > 0; left--) {
            size_t chosen = choose(target + first, left, random);
            const struct srv_target *next = target[first + chosen];
            to[written++] = (struct located_target){next->host, next->port};
            take_out(target + first, left, chosen);
        }
        first = end;
    }
    return written;
}

size_t locate_fixed(const struct host_port *list, size_t count, struct located_target to[SRV_TARGETS_MOST])
{
    size_t written = count < SRV_TARGETS_MOST ? count : SRV_TARGETS_MOST;

    for (size_t i = 0; i < written; i++)
        to[i] = (struct located_target){text_of(list[i].host), list[i].port};
    return written;
}
