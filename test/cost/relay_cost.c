/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a relayed message costs without TLS, sockets and DNS. Run under callgrind, which counts what happens
 * inside `measured_input` and `measured_flush` alone: see cost.py.
 *
 *   relay_cost FOLDER [NAME=NUMBER...]    FOLDER: where the audit log goes; the names are those of struct
 * traffic, and rounds
 *
 * Prints how many messages were relayed while it was counted, and the CPU time of one in nanoseconds, in the
 * best round. */
#include "traffic.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static struct traffic traffic;
static size_t rounds = 8;

static const struct {
    const char *name;
    size_t *number;
} settings[] = {
    {"inbound", &traffic.inbound}, {"sessions", &traffic.sessions}, {"window", &traffic.window},
    {"body", &traffic.body},       {"headers", &traffic.headers},   {"partners", &traffic.partners},
    {"rounds", &rounds},
};

static bool read_setting(const char *word)
{
    const char *equals = strchr(word, '=');

    for (size_t i = 0; equals != NULL && i < COUNT_OF(settings); i++) {
        if (text_equal(text_from(word, equals), text_of(settings[i].name))) {
            *settings[i].number = strtoul(equals + 1, NULL, 10);
            return true;
        }
    }
    return false;
}

static uint64_t cpu_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t spent_ns;

/* What callgrind looks for by name. */
void measured(const struct heard *heard, size_t count);
__attribute__((noinline)) void measured(const struct heard *heard, size_t count)
{
    traffic_play(heard, count);
}

static void measure(const struct heard *heard, size_t count)
{
    uint64_t begin = cpu_ns();

    measured(heard, count);
    spent_ns += cpu_ns() - begin;
}

int main(int count, char **words)
{
    traffic = TRAFFIC_DEEP;
    for (int i = 2; i < count; i++) {
        if (!read_setting(words[i]))
            count = 0;
    }
    if (count < 2) {
        fprintf(stderr, "usage: relay_cost FOLDER [NAME=NUMBER...]\n");
        return 2;
    }
    size_t messages = 2 * traffic.sessions * traffic.window;
    uint64_t least_ns = 0;
    traffic_set_up(&traffic, words[1]);
    traffic_round(traffic_play); /* tables grow to their size */
    for (size_t i = 0; i < rounds; i++) {
        spent_ns = 0;
        traffic_round(measure);
        least_ns = i == 0 || spent_ns < least_ns ? spent_ns : least_ns;
    }
    traffic_tear_down();
    printf("%zu %" PRIu64 "\n", messages * rounds, least_ns / messages);
    return 0;
}
