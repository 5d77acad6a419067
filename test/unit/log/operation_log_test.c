/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a line of gateway.log always one line of key=value pairs? */
#include "gateway/log/operation_log.h"
#include "test/unit/log/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void values_are_quoted_where_they_need_it(void **state)
{
    (void)state;
    struct folder folder;
    char trouble[256] = "";
    const char *volatile nothing = NULL; /* the compiler would refuse it otherwise */
    folder_start(&folder);
    struct operation_log *log =
        operation_log_create(folder.writer, LOG_LEVEL_NOTICE, trouble, sizeof trouble);
    assert_non_null(log);
    operation_log(log, LOG_LEVEL_NOTICE, "started", NULL);
    operation_log(log, LOG_LEVEL_WARNING, "policy-rejected", "file=%s problems=%zu",
                  "/etc/fedgate/gateway.yaml", (size_t)3);
    operation_log(log, LOG_LEVEL_ERROR, "numbers", "a=%d b=%u c=%x d=%ld e=%llu f=%zd g=%c", -1, 2u, 255u,
                  -3L, 18446744073709551615ull, (ssize_t)-4, 'c');
    operation_log(log, LOG_LEVEL_NOTICE, "hostile", "a=%s b=%.*s c=%s d=%s e=%s",
                  "x\ntime=0 level=error event=forged", 3, "abcdef", "", "a=b", "quo\"te");
    operation_log(log, LOG_LEVEL_NOTICE, "null", "a=%s", nothing);
    operation_log(log, LOG_LEVEL_DEBUG, "not-wanted", NULL);
    operation_log(NULL, LOG_LEVEL_ERROR, "nowhere", NULL);
    operation_log(log, LOG_LEVEL_NOTICE, "end", NULL);
    assert_true(folder_wait_for(&folder, "gateway.log", "event=end\n"));
    const char *octets = folder_read(&folder, "gateway.log");
    assert_int_equal(count_lines(octets), 6);
    assert_non_null(strstr(octets, "Z level=notice event=started\n"));
    assert_non_null(
        strstr(octets, " level=warning event=policy-rejected file=/etc/fedgate/gateway.yaml problems=3\n"));
    assert_non_null(
        strstr(octets, " level=error event=numbers a=-1 b=2 c=ff d=-3 e=18446744073709551615 f=-4 g=c\n"));
    assert_non_null(strstr(octets,
                           " event=hostile a=\"x\\ntime=0 level=error event=forged\" b=abc c=\"\" d=\"a=b\" "
                           "e=\"quo\\\"te\"\n"));
    assert_non_null(strstr(octets, " event=null a=\"\"\n"));
    folder_stop(&folder);
    operation_log_destroy(log);
}

static void long_values_are_cut_and_long_lines_end(void **state)
{
    (void)state;
    struct folder folder;
    char trouble[256] = "", huge[10000], hostile[600];
    folder_start(&folder);
    struct operation_log *log = operation_log_create(folder.writer, LOG_LEVEL_DEBUG, trouble, sizeof trouble);
    memset(huge, 'x', sizeof huge);
    memset(hostile, '\1', sizeof hostile);
    operation_log(log, LOG_LEVEL_NOTICE, "long", "a=%.*s b=%.*s c=%.*s d=%.*s", 10000, huge, 600, hostile,
                  600, hostile, 600, hostile);
    for (int i = 0; i < 20; i++) {
        operation_log(log, LOG_LEVEL_NOTICE, "more",
                      "a=%.*s b=%.*s c=%.*s d=%.*s e=%.*s f=%.*s g=%.*s h=%.*s i=%.*s", 500 + i, huge, 500,
                      huge, 500, huge, 500, huge, 500, huge, 500, huge, 500, huge, 500, huge, 500, huge);
    }
    operation_log(log, LOG_LEVEL_NOTICE, "end", NULL);
    assert_true(folder_wait_for(&folder, "gateway.log", "event=end\n"));
    assert_int_equal(count_lines(folder_read(&folder, "gateway.log")), 22);
    assert_non_null(strstr(folder_read(&folder, "gateway.log"), " c=\"\" d=\"\"\n"));
    folder_stop(&folder);
    operation_log_destroy(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_quoted_where_they_need_it),
        cmocka_unit_test(long_values_are_cut_and_long_lines_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
