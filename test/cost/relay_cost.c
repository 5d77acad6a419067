/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a relayed message costs without TLS, sockets and DNS. Run under callgrind, which counts what happens
 * inside `measured_input` and `measured_flush` alone: see cost.py.
 *
 *   relay_cost FOLDER [NAME=NUMBER...]    FOLDER: where the audit log goes; the names are those of struct
 * traffic, and rounds
 *
 * Prints how many messages were relayed while it was counted. */
#include "traffic.h"

#include <stdio.h>

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

void measured_input(struct session *session, struct text octets);
__attribute__((noinline)) void measured_input(struct session *session, struct text octets)
{
    session_input(session, octets);
}

void measured_flush(struct worker *worker);
__attribute__((noinline)) void measured_flush(struct worker *worker)
{
    session_flush_dirty(worker);
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
    traffic_set_up(&traffic, words[1]);
    for (int i = 0; i < 2; i++) /* tables grow to their size */
        traffic_round(traffic_hear, session_flush_dirty);
    for (size_t i = 0; i < rounds; i++)
        traffic_round(measured_input, measured_flush);
    traffic_tear_down();
    printf("%zu\n", 2 * traffic.sessions * traffic.window * rounds);
    return 0;
}
