/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Once tables and pools have grown to their size, a message that crosses allocates nothing. Linked with
 * --wrap: what the gateway's own code allocates is counted here. */
#include "traffic.h"

#include <stdio.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *string);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *string);

static size_t allocations;

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    allocations++;
    return __real_realloc(old, size);
}

char *__wrap_strdup(const char *string)
{
    allocations++;
    return __real_strdup(string);
}

/* As TLS gives it: a record at a time, so that large messages come in parts. */
static void play_records(const struct heard *heard, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct text octets = {traffic_octets + heard[i].at, heard[i].length};
        while (octets.length > 0) {
            size_t length = octets.length < 16384 ? octets.length : 16384;
            session_input(heard[i].session, (struct text){octets.at, length});
            octets = text_skip(octets, length);
        }
    }
    session_flush_dirty(lab.worker);
}

static void expect_no_allocation(struct traffic traffic)
{
    char folder[] = "/tmp/steady.XXXXXX", path[64];

    assert_non_null(mkdtemp(folder));
    traffic_set_up(&traffic, folder);
    for (int i = 0; i < 3; i++)
        traffic_round(play_records);
    allocations = 0;
    for (int i = 0; i < 4; i++)
        traffic_round(play_records);
    size_t found = allocations;
    traffic_tear_down();
    snprintf(path, sizeof(path), "%s/audit.jsonl", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(found, 0);
}

/* Few enough to fit into one output buffer, even if chance sends all of them on one session. */
#define SOME ((struct traffic){.inbound = 1, .sessions = 4, .window = 4, .body = 512, .partners = 2})

static void some_outstanding(void **state)
{
    (void)state;
    expect_no_allocation(SOME);
}

static void from_our_servers(void **state)
{
    struct traffic traffic = SOME;
    (void)state;
    traffic.inbound = 0;
    expect_no_allocation(traffic);
}

/* Tables that become empty between two requests keep what they have. */
static void one_at_a_time(void **state)
{
    struct traffic traffic = SOME;
    (void)state;
    traffic.sessions = traffic.window = 1;
    expect_no_allocation(traffic);
}

static void large_ones(void **state)
{
    struct traffic traffic = SOME;
    (void)state;
    traffic.sessions = traffic.window = 1;
    traffic.body = 60000;
    expect_no_allocation(traffic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_outstanding),
        cmocka_unit_test(from_our_servers),
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(large_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
