/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/sip/sip_test.h"

#include "gateway/relay/buffer_pool.h"

static void sizes(void **state)
{
    (void)state;
    assert_int_equal(buffer_size(0), 1024);
    assert_int_equal(buffer_size(1024), 1024);
    assert_int_equal(buffer_size(1025), 2048);
    assert_int_equal(buffer_size(1u << 20), 1u << 20);
    assert_int_equal(buffer_size((1u << 20) + 1), (1u << 20) + 1);
    for (size_t size = 1; size < 3u << 20; size += 777) {
        assert_true(buffer_size(size) >= size);
        assert_int_equal(buffer_size(buffer_size(size)), buffer_size(size));
    }
}

/* All of it may be written: a buffer is as large as buffer_size says. */
static void all_of_a_buffer_is_there(void **state)
{
    struct buffer_pool pool = {.kept = 0};
    (void)state;
    for (size_t round = 0; round < 2; round++) {
        for (size_t size = 100; size < 3u << 20; size = size * 3 / 2) {
            char *buffer = buffer_take(&pool, size);
            assert_non_null(buffer);
            memset(buffer, 'x', buffer_size(size));
            buffer_give(&pool, buffer, round == 0 ? size : buffer_size(size));
        }
    }
    buffer_pool_deinit(&pool);
    assert_int_equal(pool.kept, 0);
}

static void no_two_are_the_same(void **state)
{
    struct buffer_pool pool = {.kept = 0};
    char *buffer[16];
    (void)state;
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT_OF(buffer); i++) {
            buffer[i] = buffer_take(&pool, 5000);
            assert_non_null(buffer[i]);
            memset(buffer[i], (int)i, 5000);
        }
        for (size_t i = 0; i < COUNT_OF(buffer); i++) {
            assert_int_equal(buffer[i][0], i);
            assert_int_equal(buffer[i][4999], i);
            buffer_give(&pool, buffer[i], 5000);
        }
    }
    buffer_pool_deinit(&pool);
}

static void growing_keeps_what_is_there(void **state)
{
    struct buffer_pool pool = {.kept = 0};
    size_t size = 10;
    (void)state;
    char *buffer = buffer_grow(&pool, NULL, 0, 0, size);
    assert_non_null(buffer);
    memcpy(buffer, "0123456789", 10);
    for (; size < 3u << 20; size *= 3) {
        buffer = buffer_grow(&pool, buffer, size, 10, size * 3);
        assert_non_null(buffer);
        assert_memory_equal(buffer, "0123456789", 10);
    }
    buffer_give(&pool, buffer, size);
    buffer_pool_deinit(&pool);
}

static void what_is_kept_is_bounded(void **state)
{
    static char *buffer[64];
    struct buffer_pool pool = {.kept = 0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(buffer); i++) {
        buffer[i] = buffer_take(&pool, 1u << 17);
        assert_non_null(buffer[i]);
    }
    for (size_t i = 0; i < COUNT_OF(buffer); i++)
        buffer_give(&pool, buffer[i], 1u << 17);
    assert_true(pool.kept <= BUFFERS_KEPT_MOST);
    buffer_give(&pool, NULL, 1u << 17);
    buffer_pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(all_of_a_buffer_is_there),
        cmocka_unit_test(no_two_are_the_same),
        cmocka_unit_test(growing_keeps_what_is_there),
        cmocka_unit_test(what_is_kept_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
