/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/net/test_loop.h"

#include <stdlib.h>

volatile long test_allocations_left = -1;

void *test_allocate(size_t size)
{
    long left = test_allocations_left;
    test_allocations_left = -1;
    void *memory = calloc(1, size);
    test_allocations_left = left;
    assert_non_null(memory);
    return memory;
}

#define LIMIT_MS 10000u
#define TICK_MS 2u /* UV_RUN_ONCE may see a timer and then block: wake it */

static void tick(uv_timer_t *timer)
{
    struct test_loop *test = timer->data;
    test->expired = test->expired || uv_now(&test->loop) >= test->limit;
}

void test_loop_begin(struct test_loop *test)
{
    test->expired = false;
    assert_int_equal(uv_loop_init(&test->loop), 0);
    assert_int_equal(uv_timer_init(&test->loop, &test->ticks), 0);
    test->ticks.data = test;
}

void test_loop_until(struct test_loop *test, const unsigned *counter, unsigned value)
{
    uv_update_time(&test->loop);
    test->limit = uv_now(&test->loop) + LIMIT_MS;
    uv_timer_start(&test->ticks, tick, TICK_MS, TICK_MS);
    while (*counter < value && !test->expired)
        uv_run(&test->loop, UV_RUN_ONCE);
    uv_timer_stop(&test->ticks);
    assert_false(test->expired);
}

static void slept(uv_timer_t *timer)
{
    ++*(unsigned *)timer->data;
}

static void nap_closed(uv_handle_t *handle)
{
    ++*(unsigned *)handle->data;
}

void test_loop_sleep(struct test_loop *test, uint64_t milliseconds)
{
    uv_timer_t nap;
    unsigned count = 0;

    uv_update_time(&test->loop);
    uv_timer_init(&test->loop, &nap);
    nap.data = &count;
    uv_timer_start(&nap, slept, milliseconds, 0);
    test_loop_until(test, &count, 1);
    uv_close((uv_handle_t *)&nap, nap_closed);
    test_loop_until(test, &count, 2);
}

static void print_leak(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle))
        print_error("a handle was not closed: %s\n", uv_handle_type_name(uv_handle_get_type(handle)));
}

void test_loop_end(struct test_loop *test)
{
    uv_close((uv_handle_t *)&test->ticks, NULL);
    for (unsigned turns = 0; turns < 100 && uv_run(&test->loop, UV_RUN_NOWAIT) != 0; turns++)
        ;
    uv_walk(&test->loop, print_leak, NULL);
    assert_int_equal(uv_loop_close(&test->loop), 0);
}
