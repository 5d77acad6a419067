/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Wrong configurations as text: each case says what is wrong with an otherwise good one, and every line that
 * fedgate must print about it. wrong_configurations_test CERTIFICATES CASES... */

#define _XOPEN_SOURCE 700 /* nftw */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <ftw.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/settings.h"
#include "test/unit/settings/case_file.h"

static const char *certificates;
static char home[] = "/tmp/fedgate-configuration-XXXXXX";
static char *good_gateway, *good_partner;

/* Dates move from day to day. */
static void hide_dates(char *line)
{
    static const char pattern[] = "dddd-dd-dd";
    static const char *const before[] = {" on ", " before "};

    for (size_t i = 0; i < 2; i++) {
        for (char *at = strstr(line, before[i]); at != NULL; at = strstr(at + 1, before[i])) {
            char *date = at + strlen(before[i]);
            size_t same = 0;
            while (same < 10 && (pattern[same] == 'd' ? isdigit((unsigned char)date[same]) != 0
                                                      : date[same] == pattern[same]))
                same++;
            if (same == 10) {
                memcpy(date, "DATE", 4);
                memmove(date + 4, date + 10, strlen(date + 10) + 1);
            }
        }
    }
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *walk)
{
    (void)facts;
    (void)kind;
    return walk->level == 0 ? 0 : remove(path);
}

static void make_files(const struct case_text *text)
{
    assert_int_equal(nftw(".", remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    assert_int_equal(symlink(certificates, "tls"), 0);
    assert_int_equal(mkdir("federation-partners", 0755), 0);
    case_write("gateway.yaml", good_gateway);
    case_write("federation-partners/fabrikam.yaml", good_partner);
    for (size_t i = 0; i < text->part_count; i++) {
        const char *head = text->part[i].head;
        if (strncmp(head, "change ", 7) == 0) {
            bool gateway = strcmp(head + 7, "gateway.yaml") == 0;
            char *changed = case_change(gateway ? good_gateway : good_partner, text->part[i].body);
            case_write(head + 7, changed);
            free(changed);
        } else if (strncmp(head, "remove ", 7) == 0) {
            assert_int_equal(remove(head + 7), 0);
        } else if (strncmp(head, "file ", 5) == 0) {
            case_write(head + 5, text->part[i].body);
        }
    }
}

static void append(char **text, const char *line)
{
    size_t have = *text == NULL ? 0 : strlen(*text);
    *text = realloc(*text, have + strlen(line) + 2);
    assert_non_null(*text);
    snprintf(*text + have, strlen(line) + 2, "%s\n", line);
}

static char *load_and_print(int64_t now, bool expired_allowed, bool *loaded)
{
    struct problems problems;
    char *printed = strdup("");

    problems_init(&problems);
    struct settings *settings = settings_load("gateway.yaml", now, expired_allowed, &problems);
    *loaded = settings != NULL;
    assert_int_equal(*loaded, !problems_have_errors(&problems));
    for (size_t i = 0; i < problems.count; i++) {
        char *line = problem_line(&problems.list[i]);
        assert_non_null(line);
        hide_dates(line);
        append(&printed, line);
        free(line);
    }
    problems_deinit(&problems);
    settings_release(settings);
    return printed;
}

static int64_t days_of(const struct case_text *text)
{
    for (size_t i = 0; i < text->part_count; i++) {
        if (strncmp(text->part[i].head, "days ", 5) == 0)
            return strtoll(text->part[i].head + 5, NULL, 10);
    }
    return 0;
}

static void test_case(void **state)
{
    const struct case_text *text = *state;
    const char *expected = case_part_find(text, "expect");
    int64_t now = (int64_t)time(NULL) + days_of(text) * 86400;
    bool loaded;

    assert_non_null(expected);
    make_files(text);
    char *printed = load_and_print(now, case_part_find(text, "expired allowed") != NULL, &loaded);
    /* An empty line may close a case. */
    size_t length = strlen(expected);
    while (length > 1 && expected[length - 1] == '\n' && expected[length - 2] == '\n')
        length--;
    if (length == 1)
        length = 0;
    bool same = strlen(printed) == length && strncmp(printed, expected, length) == 0;
    if (!same) /* cmocka's own messages are short */
        fprintf(stderr, "%s: %s\nexpected:\n%.*sprinted:\n%sends.\n", text->file, text->name, (int)length,
                expected, printed);
    assert_true(same);
    free(printed);
}

static char *good_file(const char *cases, const char *name)
{
    char path[4096];
    char *copy = strdup(cases);
    snprintf(path, sizeof(path), "%s/good/%s", dirname(copy), name);
    free(copy);
    return case_slurp(path);
}

int main(int argc, char **argv)
{
    struct case_file files[32];
    struct CMUnitTest tests[512];
    size_t count = 0, file_count = 0;

    if (argc < 3 || argc > 34 || mkdtemp(home) == NULL)
        return 2;
    certificates = argv[1];
    good_gateway = good_file(argv[2], "gateway.yaml");
    good_partner = good_file(argv[2], "federation-partners/fabrikam.yaml");
    for (int i = 2; i < argc; i++) {
        struct case_file *file = &files[file_count++];
        case_file_read(argv[i], file);
        for (size_t j = 0; j < file->count && count < 512; j++)
            tests[count++] = (struct CMUnitTest){
                .name = file->list[j].name, .test_func = test_case, .initial_state = &file->list[j]};
    }
    if (chdir(home) != 0)
        return 2;
    int failed = _cmocka_run_group_tests("wrong configurations", tests, count, NULL, NULL);
    if (nftw(".", remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 || chdir("/") != 0 || rmdir(home) != 0)
        return 2;
    while (file_count > 0)
        case_file_deinit(&files[--file_count]);
    free(good_gateway);
    free(good_partner);
    return failed;
}
