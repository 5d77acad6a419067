/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does traffic go on, and does no line get lost without a word, whatever the disk does? */
#include "gateway/log/log_writer.h"
#include "test/unit/log/folder.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static size_t say_lost(void *context, uint64_t lost, char *to, size_t size)
{
    (void)context;
    return (size_t)snprintf(to, size, "LOST %llu\n", (unsigned long long)lost);
}

static struct log_file *open_file(struct folder *folder, size_t room)
{
    char trouble[256] = "";
    struct log_file *file =
        log_writer_open(folder->writer, "a.log", room, say_lost, NULL, trouble, sizeof trouble);
    if (file == NULL) {
        fail_msg("%s", trouble);
    }
    return file;
}

static void path_of(const struct folder *folder, const char *name, char path[512])
{
    snprintf(path, 512, "%s/%s", folder->path, name);
}

static void lines_arrive_in_order_with_mode_0640(void **state)
{
    (void)state;
    struct folder folder;
    struct stat status;
    char path[512];
    umask(022);
    folder_start(&folder);
    struct log_file *file = open_file(&folder, 65536);
    log_file_write(file, TEXT("one\n"));
    log_file_write(file, TEXT("two\n"));
    assert_true(folder_wait_for(&folder, "a.log", "one\ntwo\n"));
    path_of(&folder, "a.log", path);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    log_file_write(file, TEXT("last\n"));
    log_writer_destroy(folder.writer, 5000); /* drains */
    folder.writer = NULL;
    assert_string_equal(folder_read(&folder, "a.log"), "one\ntwo\nlast\n");
    folder_stop(&folder);
}

static void a_folder_that_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    static const char *const folders[] = {"/nonexistent/logs", "/dev/null", "/proc/self"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char trouble[256] = "";
        struct log_writer *writer = log_writer_create(folders[i], trouble, sizeof trouble);
        if (writer != NULL) { /* as root, only opening tells */
            assert_null(log_writer_open(writer, "a.log", 4096, NULL, NULL, trouble, sizeof trouble));
            log_writer_destroy(writer, 100);
        }
        assert_non_null(strstr(trouble, folders[i]));
    }
}

static void rotation_loses_nothing(void **state)
{
    (void)state;
    struct folder folder;
    char path[512], old[512];
    folder_start(&folder);
    struct log_file *file = open_file(&folder, 65536);
    path_of(&folder, "a.log", path);
    path_of(&folder, "a.log.1", old);
    log_file_write(file, TEXT("before\n"));
    assert_true(folder_wait_for(&folder, "a.log", "before\n"));
    assert_int_equal(rename(path, old), 0);
    log_file_write(file, TEXT("between\n"));
    assert_true(folder_wait_for(&folder, "a.log.1", "before\nbetween\n"));
    log_writer_reopen(folder.writer);
    for (int i = 0; i < 1000 && access(path, F_OK) != 0; i++) {
        usleep(5000);
    }
    log_file_write(file, TEXT("after\n"));
    assert_true(folder_wait_for(&folder, "a.log", "after\n"));
    assert_string_equal(folder_read(&folder, "a.log"), "after\n");
    assert_string_equal(folder_read(&folder, "a.log.1"), "before\nbetween\n");
    folder_stop(&folder);
}

/* Disk full: the file is /dev/full at first. Lines wait, then are lost, and are counted where they belong. */
static void a_full_disk_loses_lines_and_says_how_many(void **state)
{
    (void)state;
    struct folder folder;
    char path[512];
    folder_start(&folder);
    path_of(&folder, "a.log", path);
    assert_int_equal(symlink("/dev/full", path), 0);
    struct log_file *file = open_file(&folder, 1000);
    log_file_write(file, TEXT("first\n"));
    usleep(300000); /* it is taken for writing, and fails */
    for (int i = 0; i < 400; i++) {
        log_file_write(file, TEXT("waits...\n")); /* 111 of them find room */
    }
    assert_int_equal(log_file_lost(file), 400 - 1000 / 9);
    assert_int_equal(unlink(path), 0);
    log_writer_reopen(folder.writer);
    assert_true(folder_wait_for(&folder, "a.log", "LOST 289\n"));
    log_file_write(file, TEXT("good again\n"));
    assert_true(folder_wait_for(&folder, "a.log", "good again\n"));
    const char *octets = folder_read(&folder, "a.log");
    assert_memory_equal(octets, "first\nwaits...\n", 15);
    assert_int_equal(count_lines(octets), 1 + 111 + 1 + 1);
    assert_non_null(strstr(octets, "waits...\nLOST 289\ngood again\n"));
    folder_stop(&folder);
}

/* The disk takes half a line: the file must still hold whole lines only, and the line must come once. */
static void half_a_line_is_taken_back(void **state)
{
    (void)state;
    struct folder folder;
    char line[101];
    struct rlimit before, small = {.rlim_cur = 1050};
    folder_start(&folder);
    struct log_file *file = open_file(&folder, 65536);
    memset(line, 'x', 99);
    line[99] = '\n';
    line[100] = '\0';
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 20; i++) {
        line[0] = (char)('a' + i);
        log_file_write(file, text_of(line));
    }
    assert_true(folder_wait_for(&folder, "a.log", "\njxx"));
    usleep(200000);
    assert_int_equal(strlen(folder_read(&folder, "a.log")), 1000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(folder_wait_for(&folder, "a.log", "\ntxx")); /* within a retry */
    const char *octets = folder_read(&folder, "a.log");
    assert_int_equal(strlen(octets), 2000);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(octets[100 * i], 'a' + i);
        assert_int_equal(octets[100 * i + 99], '\n');
    }
    assert_int_equal(log_file_lost(file), 0);
    folder_stop(&folder);
}

static void a_removed_folder_is_survived_and_found_again(void **state)
{
    (void)state;
    struct folder folder;
    char path[512];
    folder_start(&folder);
    path_of(&folder, "a.log", path);
    struct log_file *file = open_file(&folder, 1000);
    log_file_write(file, TEXT("one\n"));
    assert_true(folder_wait_for(&folder, "a.log", "one\n"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder.path), 0);
    log_file_write(file, TEXT("two\n"));
    usleep(200000);
    log_file_write(file, TEXT("three\n"));
    assert_int_equal(mkdir(folder.path, 0700), 0);
    assert_true(folder_wait_for(&folder, "a.log", "two\nthree\n"));
    folder_stop(&folder);
}

static void overlong_lines_are_lost_not_cut(void **state)
{
    (void)state;
    struct folder folder;
    folder_start(&folder);
    struct log_file *file = open_file(&folder, 65536);
    char *line = malloc(LOG_LINE_MOST + 1);
    assert_non_null(line);
    memset(line, 'x', LOG_LINE_MOST + 1);
    log_file_write(file, (struct text){line, LOG_LINE_MOST + 1});
    log_file_write(file, TEXT("short\n"));
    assert_true(folder_wait_for(&folder, "a.log", "short\nLOST 1\n"));
    free(line);
    folder_stop(&folder);
}

static void a_file_is_replaced_whole(void **state)
{
    (void)state;
    struct folder folder;
    folder_start(&folder);
    log_writer_replace(folder.writer, "metrics.prom", TEXT("a 1\n"));
    assert_true(folder_wait_for(&folder, "metrics.prom", "a 1\n"));
    log_writer_replace(folder.writer, "metrics.prom", TEXT("b 2\n"));
    assert_true(folder_wait_for(&folder, "metrics.prom", "b 2\n"));
    assert_string_equal(folder_read(&folder, "metrics.prom"), "b 2\n");
    assert_string_equal(folder_read(&folder, ".metrics.prom.new"), "");
    folder_stop(&folder);
}

enum { PRODUCERS = 2, LINES_EACH = 20000 };

struct producer {
    struct log_file *file;
    char letter;
};

static void *produce(void *argument)
{
    struct producer *producer = argument;
    for (int i = 0; i < LINES_EACH; i++) {
        char line[64];
        int length = snprintf(line, sizeof line, "%c%05d a line of some length\n", producer->letter, i);
        log_file_write(producer->file, (struct text){line, (size_t)length});
    }
    return NULL;
}

static void two_producers_keep_their_order_and_every_line(void **state)
{
    (void)state;
    struct folder folder;
    folder_start(&folder);
    struct producer producers[PRODUCERS] = {{.letter = 'a'}, {.letter = 'b'}};
    struct log_file *file = open_file(&folder, 8u << 20);
    pthread_t threads[PRODUCERS];
    for (size_t i = 0; i < PRODUCERS; i++) {
        producers[i].file = file;
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    log_writer_reopen(folder.writer);
    for (size_t i = 0; i < PRODUCERS; i++) {
        pthread_join(threads[i], NULL);
    }
    log_writer_destroy(folder.writer, 5000);
    folder.writer = NULL;
    const char *at = folder_read(&folder, "a.log");
    assert_int_equal(count_lines(at), PRODUCERS * LINES_EACH);
    int next[PRODUCERS] = {0};
    while (*at != '\0') {
        int producer = at[0] - 'a', number = atoi(at + 1);
        assert_in_range(producer, 0, PRODUCERS - 1);
        assert_int_equal(number, next[producer]);
        next[producer]++;
        at = strchr(at, '\n') + 1;
    }
    folder_stop(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_arrive_in_order_with_mode_0640),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_an_error),
        cmocka_unit_test(rotation_loses_nothing),
        cmocka_unit_test(a_full_disk_loses_lines_and_says_how_many),
        cmocka_unit_test(half_a_line_is_taken_back),
        cmocka_unit_test(a_removed_folder_is_survived_and_found_again),
        cmocka_unit_test(overlong_lines_are_lost_not_cut),
        cmocka_unit_test(a_file_is_replaced_whole),
        cmocka_unit_test(two_producers_keep_their_order_and_every_line),
    };
    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
