/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_NET_LOOP_H
#define FEDGATE_TEST_NET_LOOP_H

/* A loop for one test. Its end fails the test unless every handle was closed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <uv.h>

struct test_loop {
    uv_loop_t loop;
    uv_timer_t ticks;
    uint64_t limit; /* no test hangs */
    bool expired;
};

/* Allocations that still succeed, where a test counts them (test_memory.c); negative: all do.
 * Volatile: compilers hold that no allocator reads it. */
extern volatile long test_allocations_left;
/* For the tests' own helpers: zeroed, and never refused. */
void *test_allocate(size_t size);

void test_loop_begin(struct test_loop *test);
/* Runs until the counter has at least that value; the test fails when it takes over ten seconds. */
void test_loop_until(struct test_loop *test, const unsigned *counter, unsigned value);
void test_loop_sleep(struct test_loop *test, uint64_t milliseconds); /* the loop runs meanwhile */
void test_loop_end(struct test_loop *test);

#endif
