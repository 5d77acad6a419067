/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/command/options.h"

/* What one reading gave, and what it printed. */
struct read {
    enum options_outcome outcome;
    const char *config, *from, *argument;
    struct option_values srv;
    bool json;
    char out[4096], err[4096];
};

static void capture(int descriptor, FILE *stream, FILE *file, int *saved)
{
    fflush(stream);
    *saved = dup(descriptor);
    assert_true(dup2(fileno(file), descriptor) >= 0);
}

static void release(int descriptor, FILE *stream, FILE *file, int saved, char *to, size_t size)
{
    fflush(stream);
    assert_true(dup2(saved, descriptor) >= 0);
    close(saved);
    rewind(file);
    to[fread(to, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void read_words(struct read *read, const char *const *words)
{
    char *argv[64] = {0};
    int argc = 0, out, err;
    *read = (struct read){0};
    const struct option table[] = {
        OPTION_CONFIG(&read->config),
        {.name = "from", .value = "URI", .help = "who asks", .text = &read->from, .required = true},
        {.name = "srv", .value = "DOMAIN=HOST:PORT", .help = "an answer", .values = &read->srv},
        OPTION_JSON(&read->json),
        {.name = NULL},
    };
    const struct options options = {.usage = "fedgate example [-c FILE] --from URI [PARTNER]",
                                    .summary = "An example.",
                                    .table = table,
                                    .argument = "PARTNER",
                                    .argument_value = &read->argument};

    argv[argc++] = (char *)(uintptr_t) "example"; /* nobody writes to it */
    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    FILE *out_file = tmpfile(), *err_file = tmpfile();
    capture(STDOUT_FILENO, stdout, out_file, &out);
    capture(STDERR_FILENO, stderr, err_file, &err);
    read->outcome = options_read(&options, argc, argv);
    release(STDOUT_FILENO, stdout, out_file, out, read->out, sizeof(read->out));
    release(STDERR_FILENO, stderr, err_file, err, read->err, sizeof(read->err));
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void every_form_is_read(void **state)
{
    (void)state;
    static const char *const forms[][8] = {
        {"-c", "g.yaml", "--from", "sip:a@b", "--json", "fabrikam"},
        {"--config", "g.yaml", "--from=sip:a@b", "fabrikam", "--json"},
        {"fabrikam", "-cg.yaml", "--json", "--from", "sip:a@b"},
        {"--config=g.yaml", "--json", "--from", "sip:a@b", "--", "fabrikam"},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct read read;
        read_words(&read, forms[i]);
        assert_int_equal(read.outcome, OPTIONS_GO);
        assert_string_equal(read.config, "g.yaml");
        assert_string_equal(read.from, "sip:a@b");
        assert_string_equal(read.argument, "fabrikam");
        assert_true(read.json);
        assert_string_equal(read.out, "");
        assert_string_equal(read.err, "");
    }
}

static void a_repeated_option_keeps_its_order(void **state)
{
    (void)state;
    struct read read;
    read_words(&read, WORDS("--srv", "a=b:1", "--from", "x", "--srv=c=d:2"));
    assert_int_equal(read.outcome, OPTIONS_GO);
    assert_int_equal(read.srv.count, 2);
    assert_string_equal(read.srv.value[0], "a=b:1");
    assert_string_equal(read.srv.value[1], "c=d:2");
}

static void a_dash_alone_and_all_after_two_are_arguments(void **state)
{
    (void)state;
    struct read read;
    read_words(&read, WORDS("--from", "x", "-"));
    assert_string_equal(read.argument, "-");
    read_words(&read, WORDS("--from", "x", "--", "--json"));
    assert_string_equal(read.argument, "--json");
    assert_false(read.json);
}

static void wrong_usage_is_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *words[40];
        const char *line;
    } wrong[] = {
        {{"--from", "x", "-x"}, "fedgate example: unknown option '-x'; see fedgate example --help\n"},
        {{"--from", "x", "--jsn"}, "fedgate example: unknown option '--jsn'; see fedgate example --help\n"},
        {{"--from", "x", "--json=yes"},
         "fedgate example: --json takes no value; see fedgate example --help\n"},
        {{"--from"}, "fedgate example: --from needs URI; see fedgate example --help\n"},
        {{"--from="}, "fedgate example: --from needs URI; see fedgate example --help\n"},
        {{"--from", "x", "-c"}, "fedgate example: --config needs FILE; see fedgate example --help\n"},
        {{"--json"}, "fedgate example: --from URI is missing; see fedgate example --help\n"},
        {{"--from", "x", "--from", "y"},
         "fedgate example: --from is given twice; see fedgate example --help\n"},
        {{"--from", "x", "a", "b"}, "fedgate example: one PARTNER, not two; see fedgate example --help\n"},
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct read read;
        read_words(&read, wrong[i].words);
        assert_int_equal(read.outcome, OPTIONS_WRONG);
        assert_string_equal(read.err, wrong[i].line);
        assert_string_equal(read.out, "");
    }
}

static void too_many_values_are_refused(void **state)
{
    (void)state;
    const char *words[80] = {"--from", "x"};
    struct read read;
    size_t count = 2;

    for (unsigned i = 0; i < OPTION_VALUES_MOST + 1 && count < 60; i++)
        words[count++] = "--srv=a=b:1";
    assert_int_equal(count, OPTION_VALUES_MOST + 3);
    read_words(&read, words);
    assert_int_equal(read.outcome, OPTIONS_WRONG);
    assert_non_null(strstr(read.err, "--srv is given too often"));
}

static void help_is_help_whatever_else_is_there(void **state)
{
    (void)state;
    struct read read;
    read_words(&read, WORDS("--nonsense", "--help"));
    assert_int_equal(read.outcome, OPTIONS_HELP);
    assert_non_null(strstr(read.out, "usage: fedgate example [-c FILE] --from URI [PARTNER]\n"));
    assert_non_null(strstr(read.out, "-c, --config FILE"));
    assert_string_equal(read.err, "");
    for (char *line = strtok(read.out, "\n"); line != NULL; line = strtok(NULL, "\n"))
        assert_true(strlen(line) <= 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_read),
        cmocka_unit_test(a_repeated_option_keeps_its_order),
        cmocka_unit_test(a_dash_alone_and_all_after_two_are_arguments),
        cmocka_unit_test(wrong_usage_is_one_line),
        cmocka_unit_test(too_many_values_are_refused),
        cmocka_unit_test(help_is_help_whatever_else_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
