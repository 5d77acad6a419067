/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/sip/sip_test.h"

#include "gateway/relay/lines.h"

static void lines_stand_behind_each_other(void **state)
{
    char room[64];
    struct lines lines;
    (void)state;
    lines_init(&lines, room, sizeof(room));
    lines_add(&lines, TEXT("A: "));
    lines_add_number(&lines, 0);
    struct text first = lines_end(&lines, 0);
    size_t begin = lines_begin(&lines);
    lines_add_number(&lines, UINT64_MAX);
    lines_add(&lines, TEXT_NONE);
    struct text second = lines_end(&lines, begin);
    assert_text(first, "A: 0");
    assert_text(second, "18446744073709551615");
    assert_false(lines.out.failed);
}

static void what_fits_exactly_fits(void **state)
{
    char room[5];
    struct lines lines;
    (void)state;
    lines_init(&lines, room, sizeof(room));
    lines_add(&lines, TEXT("12345"));
    assert_text(lines_end(&lines, 0), "12345");
    lines_add(&lines, TEXT_NONE);
    assert_false(lines.out.failed);
}

static void one_octet_too_many_spoils_all_that_follows(void **state)
{
    char *room = malloc(5);
    struct lines lines;
    (void)state;
    lines_init(&lines, room, 5);
    lines_add(&lines, TEXT("123"));
    lines_add(&lines, TEXT("456"));
    assert_true(lines.out.failed);
    assert_int_equal(lines_end(&lines, 0).length, 0);
    lines_add(&lines, TEXT("4"));
    assert_int_equal(lines_end(&lines, lines_begin(&lines)).length, 0);
    free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_stand_behind_each_other),
        cmocka_unit_test(what_fits_exactly_fits),
        cmocka_unit_test(one_octet_too_many_spoils_all_that_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
