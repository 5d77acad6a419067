/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is each end told once for each threshold, over restarts too, and is the memory of it bounded? */
#include "gateway/log/endings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY INT64_C(86400)
#define NOW INT64_C(1795000000)

static struct ending_id id_of(const char *name)
{
    const struct text piece = text_of(name);
    return ending_id_of(&piece, 1);
}

static void thresholds(void **state)
{
    static const struct {
        int64_t left;
        int threshold;
    } cases[] = {
        {400 * DAY, -1},
        {60 * DAY + 1, -1},
        {60 * DAY, 60},
        {30 * DAY + 1, 60},
        {30 * DAY, 30},
        {14 * DAY, 14},
        {7 * DAY, 7},
        {3 * DAY, 3},
        {DAY + 1, 3},
        {DAY, 1},
        {1, 1},
        {0, 0},
        {-DAY, 0},
        {-7 * DAY, 0},
        {-7 * DAY - 1, -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ending_threshold(NOW + cases[i].left, NOW), cases[i].threshold);
    }
    assert_int_equal(ending_threshold(INT64_MAX, NOW), -1);
    assert_int_equal(ending_threshold(INT64_MIN / 2, NOW), -1);
}

/* As days pass, looked at a hundred times a day. */
static void a_life_has_seven_lines(void **state)
{
    (void)state;
    struct endings *endings = endings_create();
    struct ending_id id = id_of("a");
    int64_t ends = NOW + 100 * DAY;
    int told = 0;
    for (int64_t now = NOW; now < ends + 20 * DAY; now += DAY / 100) {
        told += endings_note(endings, id, ends, ending_threshold(ends, now));
        endings_forget(endings, now);
    }
    assert_int_equal(told, 7); /* 60, 30, 14, 7, 3, 1 and the end itself */
    assert_int_equal(endings_count(endings), 0);
    endings_destroy(endings);
}

static void who_comes_late_is_told_once(void **state)
{
    (void)state;
    struct endings *endings = endings_create();
    assert_true(endings_note(endings, id_of("a"), NOW + 5 * DAY, 7));
    assert_false(endings_note(endings, id_of("a"), NOW + 5 * DAY, 7));
    assert_false(endings_note(endings, id_of("a"), NOW + 5 * DAY, 30)); /* the clock went back */
    assert_true(endings_note(endings, id_of("a"), NOW + 5 * DAY, 3));
    assert_true(endings_note(endings, id_of("b"), NOW + 5 * DAY, 7));
    assert_false(endings_note(endings, id_of("c"), NOW + 500 * DAY, -1));
    endings_destroy(endings);
}

static void what_was_told_is_written_and_read(void **state)
{
    (void)state;
    struct endings *endings = endings_create(), *after = endings_create();
    size_t length = 0, none = 0;
    assert_null(endings_print(endings, &none));
    endings_note(endings, id_of("a"), NOW, 60);
    endings_note(endings, id_of("a"), NOW, 14);
    endings_note(endings, id_of("b"), NOW + DAY, 0);
    char *text = endings_print(endings, &length);
    assert_non_null(text);
    assert_null(endings_print(endings, &none)); /* nothing has changed since */
    endings_read(after, (struct text){text, length});
    assert_int_equal(endings_count(after), 2);
    assert_null(endings_print(after, &none));
    assert_false(endings_note(after, id_of("a"), NOW, 14));
    assert_true(endings_note(after, id_of("a"), NOW, 7));
    assert_false(endings_note(after, id_of("b"), NOW + DAY, 0));
    free(text);
    endings_destroy(endings);
    endings_destroy(after);
}

static void lines_that_say_nothing_are_passed_over(void **state)
{
    static const char text[] = "# a comment\n\n"
                               "00112233445566778899aabbccddeeff 1795000000 7\n"
                               "00112233445566778899aabbccddeefg 1795000000 7\n"
                               "00112233445566778899AABBCCDDEEFF 1795000000 7\n"
                               "00112233445566778899aabbccddee 1795000000 7\n"
                               "00112233445566778899aabbccddeef1 -5 7\n"
                               "00112233445566778899aabbccddeef2 99999999999999999999999 7\n"
                               "00112233445566778899aabbccddeef3 1795000000 61\n"
                               "00112233445566778899aabbccddeef4 1795000000\n"
                               "00112233445566778899aabbccddeef5\n"
                               "00112233445566778899aabbccddeef6 1795000000 7 8\n"
                               "00112233445566778899aabbccddeef7 1795000000 3";
    (void)state;
    struct endings *endings = endings_create();
    endings_read(endings, (struct text){text, sizeof text - 1});
    assert_int_equal(endings_count(endings), 2);
    for (size_t cut = 0; cut < sizeof text; cut++) {
        endings_read(endings, (struct text){text, cut});
    }
    endings_destroy(endings);
}

static void without_room_nothing_is_told(void **state)
{
    (void)state;
    struct endings *endings = endings_create();
    char name[32];
    for (unsigned i = 0; i < ENDINGS_MOST; i++) {
        snprintf(name, sizeof name, "%u", i);
        assert_true(endings_note(endings, id_of(name), NOW, 7));
    }
    assert_false(endings_note(endings, id_of("one more"), NOW, 7));
    assert_true(endings_note(endings, id_of("17"), NOW, 3));
    assert_int_equal(endings_count(endings), ENDINGS_MOST);
    size_t length = 0;
    char *text = endings_print(endings, &length);
    assert_true(length < ENDINGS_FILE_MOST);
    free(text);
    endings_forget(endings, NOW + 8 * DAY);
    assert_true(endings_note(endings, id_of("one more"), NOW + 30 * DAY, 7));
    endings_destroy(endings);
}

static void only_a_plain_file_is_read(void **state)
{
    (void)state;
    char folder[] = "/tmp/fedgate-endings-XXXXXX", file[64], link_name[64], pipe_name[64];
    static const char line[] = "00112233445566778899aabbccddeeff 1795000000 7\n";
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/file", folder);
    snprintf(link_name, sizeof link_name, "%s/link", folder);
    snprintf(pipe_name, sizeof pipe_name, "%s/pipe", folder);
    FILE *stream = fopen(file, "w");
    assert_non_null(stream);
    fputs(line, stream);
    fclose(stream);
    assert_int_equal(symlink(file, link_name), 0);
    assert_int_equal(mkfifo(pipe_name, 0600), 0);
    struct endings *endings = endings_create();
    endings_load(endings, "/nowhere/at/all");
    endings_load(endings, folder);
    endings_load(endings, link_name);
    endings_load(endings, pipe_name); /* or this test hangs */
    assert_int_equal(endings_count(endings), 0);
    endings_load(endings, file);
    assert_int_equal(endings_count(endings), 1);
    endings_destroy(endings);
    unlink(file);
    unlink(link_name);
    unlink(pipe_name);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds),
        cmocka_unit_test(a_life_has_seven_lines),
        cmocka_unit_test(who_comes_late_is_told_once),
        cmocka_unit_test(what_was_told_is_written_and_read),
        cmocka_unit_test(lines_that_say_nothing_are_passed_over),
        cmocka_unit_test(without_room_nothing_is_told),
        cmocka_unit_test(only_a_plain_file_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
