/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/yaml_reader.h"

static const struct yaml_bounds bounds = {1 << 20, 10000};

static struct yaml_tree *read_text(struct text text, struct problems *problems)
{
    problems_init(problems);
    return yaml_read(text, "f.yaml", &bounds, problems);
}

/* ---- what a tree holds ---- */

static void every_node_knows_its_place(void **state)
{
    (void)state;
    struct problems problems;
    struct yaml_tree *tree =
        read_text(TEXT("# a comment\r\na: b\r\nlist:\r\n  - x\r\n  - \"y\"\r\nmap: {k: [1]}\r\n"), &problems);

    assert_non_null(tree);
    assert_int_equal(problems.count, 0);
    const struct yaml_node *root = yaml_root(tree), *a = root->first, *list = a->next, *map = list->next;
    assert_int_equal(root->kind, YAML_MAPPING);
    assert_int_equal(root->count, 3);
    assert_true(text_equal(a->key, TEXT("a")) && text_equal(a->value, TEXT("b")));
    assert_int_equal(a->key_line, 2);
    assert_int_equal(a->key_column, 1);
    assert_int_equal(a->line, 2);
    assert_int_equal(a->column, 4);
    assert_int_equal(list->count, 2);
    assert_false(list->first->quoted);
    assert_int_equal(list->first->line, 4);
    assert_int_equal(list->first->column, 5);
    assert_true(list->first->next->quoted);
    assert_int_equal(map->first->kind, YAML_LIST);
    assert_int_equal(map->first->first->line, 6);
    assert_int_equal(map->first->first->column, 11);
    assert_null(map->next);
    yaml_tree_destroy(tree);
    problems_deinit(&problems);
}

static void columns_count_characters_not_octets(void **state)
{
    (void)state;
    struct problems problems;
    struct yaml_tree *tree = read_text(TEXT("{ü: ä, b: c}"), &problems);

    assert_non_null(tree);
    assert_int_equal(yaml_root(tree)->first->next->key_column, 8);
    yaml_tree_destroy(tree);
    problems_deinit(&problems);
}

static void the_first_of_equal_keys_stays(void **state)
{
    (void)state;
    struct problems problems;
    struct yaml_tree *tree = read_text(TEXT("a: 1\nb: 2\na: 3\na: 4\n"), &problems);

    assert_non_null(tree);
    assert_int_equal(problems.errors, 2);
    assert_int_equal(problems.list[0].line, 3);
    assert_int_equal(problems.list[1].line, 4);
    assert_int_equal(yaml_root(tree)->count, 2);
    assert_true(text_equal(yaml_root(tree)->first->value, TEXT("1")));
    assert_true(text_equal(yaml_root(tree)->first->next->value, TEXT("2")));
    yaml_tree_destroy(tree);
    problems_deinit(&problems);
}

/* ---- texts that are no YAML for us ---- */

static const struct {
    struct text text;
    const char *token;
    unsigned line, column;
} refused[] = {
    {{"\xef\xbb\xbf"
      "a: b",
      7},
     "yaml-syntax",
     1,
     1}, /* byte order mark */
    {{"\xff\xfe"
      "a\0:\0",
      6},
     "yaml-syntax",
     1,
     1},                                               /* UTF-16 */
    {{"a: b\0c", 6}, "yaml-syntax", 1, 5},             /* NUL */
    {{"a: \x80", 4}, "yaml-syntax", 1, 4},             /* a stray tail */
    {{"a:\n  \xc0\xaf", 7}, "yaml-syntax", 2, 3},      /* an overlong slash */
    {{"a: \xed\xa0\x80", 6}, "yaml-syntax", 1, 4},     /* a surrogate */
    {{"a: \xf4\x90\x80\x80", 7}, "yaml-syntax", 1, 4}, /* beyond U+10FFFF */
    {{"a: \xe2\x82", 5}, "yaml-syntax", 1, 4},         /* cut short */
    {{"a: b\x1b[0m", 8}, "yaml-syntax", 1, 5},         /* an escape to the terminal */
    {{"a: b\x7f", 5}, "yaml-syntax", 1, 5},
    {{"a: b # \xe2\x80\xa8 enabled: true", 24},
     "yaml-syntax",
     1,
     8}, /* a line separator ends a comment unseen */
    {{"a: \xe2\x80\xae"
      "b",
      7},
     "yaml-syntax",
     1,
     4},                                       /* text that runs the other way */
    {{"a: \xc2\x85", 5}, "yaml-syntax", 1, 4}, /* next line */
    {{"", 0}, "yaml-syntax", 1, 1},
    {{"a: b: c", 7}, "yaml-syntax", 1, 5},
    {{"a:\n\t- b", 7}, "yaml-syntax", 2, 1},
    {{"a: [b", 5}, "yaml-syntax", 1, 4},
    {{"a: 'b", 5}, "yaml-syntax", 1, 4},
    {{"%YAML 1.3\n---\na: b", 18}, "yaml-syntax", 1, 1},
    {{"%SECRET x\n---\na: b", 18}, "yaml-syntax", 1, 8},
    {{"--- a\n--- b\n", 12}, "yaml-syntax", 2, 1},
    {{"*a : b", 6}, "yaml-alias", 1, 1},
};

static void hostile_texts_are_refused_where_they_are_hostile(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct problems problems;
        struct yaml_tree *tree = read_text(refused[i].text, &problems);
        if (tree != NULL || problems.count == 0)
            fail_msg("case %zu was read", i);
        if (strcmp(problems.list[0].token, refused[i].token) != 0 ||
            problems.list[0].line != refused[i].line || problems.list[0].column != refused[i].column)
            fail_msg("case %zu: %u:%u %s [%s]", i, problems.list[0].line, problems.list[0].column,
                     problems.list[0].text, problems.list[0].token);
        problems_deinit(&problems);
    }
}

/* The size is looked at first: the pointer leads to one octet only, and a sanitizer watches. */
static void a_hundred_megabytes_are_refused_unread(void **state)
{
    (void)state;
    struct problems problems;
    char *octet = malloc(1);
    struct yaml_tree *tree = read_text((struct text){octet, 100 * 1024 * 1024}, &problems);

    assert_null(tree);
    assert_string_equal(problems.list[0].token, "file-too-large");
    problems_deinit(&problems);
    free(octet);
}

static void billion_laughs_are_not_laughed(void **state)
{
    (void)state;
    static const char laughs[] = "a: &a [lol,lol,lol,lol]\n"
                                 "b: &b [*a,*a,*a,*a,*a,*a]\n"
                                 "c: &c [*b,*b,*b,*b,*b,*b]\n"
                                 "d: [*c,*c,*c,*c,*c,*c]\n";
    struct problems problems;
    struct yaml_tree *tree = read_text(text_of(laughs), &problems);

    assert_non_null(tree);
    assert_int_equal(problems.errors, 3 + 18);
    yaml_tree_destroy(tree);
    problems_deinit(&problems);
}

static char *repeat(const char *piece, size_t times)
{
    size_t length = strlen(piece);
    char *text = malloc(length * times + 1);
    assert_non_null(text);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * length, piece, length);
    text[length * times] = '\0';
    return text;
}

/* Each would take a parser without bounds long, deep or large. */
static void floods_end_at_a_bound(void **state)
{
    (void)state;
    static const char *const pieces[] = {"[",  "{", "- ",  "? ", "{a: ", "- - ", "\n ",
                                         "a,", "!", "&a ", "\"", "a: [", "[a, ", "? a\n"};

    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct problems problems;
        char *text = repeat(pieces[i], 200000 / strlen(pieces[i]));
        struct yaml_tree *tree = read_text(text_of(text), &problems);
        assert_true(tree != NULL || problems.errors > 0);
        yaml_tree_destroy(tree);
        problems_deinit(&problems);
        free(text);
    }
}

static void entries_are_counted(void **state)
{
    (void)state;
    struct problems problems;
    char *list = repeat("- a\n", 10001);
    struct yaml_tree *tree = read_text(text_of(list), &problems);

    assert_null(tree);
    assert_string_equal(problems.list[0].token, "yaml-too-large");
    problems_deinit(&problems);
    free(list);
}

/* Nine thousand times one key: found in the time of a sort. */
static void thousands_of_equal_keys(void **state)
{
    (void)state;
    struct problems problems;
    char *text = repeat("a: b\n", 9000);
    struct yaml_tree *tree = read_text(text_of(text), &problems);

    assert_non_null(tree);
    assert_int_equal(problems.errors, 8999);
    assert_int_equal(problems.count, PROBLEMS_MOST);
    assert_true(problems.truncated);
    assert_int_equal(yaml_root(tree)->count, 1);
    yaml_tree_destroy(tree);
    problems_deinit(&problems);
    free(text);
}

/* Whatever becomes of a good file, there is a tree, or a problem that says why there is none. */
static const char sample[] = "partner: \"fabrikam\" # who\n"
                             "domains: [fabrikam.example, 'emea.fabrikam.example']\n"
                             "roots:\n  - a.pem\n  - b.pem\n"
                             "identity: {names: [edge.fabrikam.example]}\n"
                             "comment: |\n  two\n  lines\n"
                             "limits: {burst: 5}\n";

static void try_text(const char *text, size_t length)
{
    struct problems problems;
    char *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    struct yaml_tree *tree = read_text((struct text){copy, length}, &problems);
    if (tree == NULL)
        assert_true(problems.errors > 0);
    yaml_tree_destroy(tree);
    problems_deinit(&problems);
    free(copy);
}

static void cut_anywhere(void **state)
{
    (void)state;
    for (size_t length = 0; length < sizeof(sample); length++)
        try_text(sample, length);
}

static void one_octet_changed_anywhere(void **state)
{
    (void)state;
    static const char octets[] = "\0\t\n \"'#&*-,:?[]{}!%|>@`~\x80\xff<=a";
    char text[sizeof(sample)];

    for (size_t i = 0; i + 1 < sizeof(sample); i++) {
        for (size_t j = 0; j + 1 < sizeof(octets); j++) {
            memcpy(text, sample, sizeof(sample));
            text[i] = octets[j];
            try_text(text, sizeof(sample) - 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_node_knows_its_place),
        cmocka_unit_test(columns_count_characters_not_octets),
        cmocka_unit_test(the_first_of_equal_keys_stays),
        cmocka_unit_test(hostile_texts_are_refused_where_they_are_hostile),
        cmocka_unit_test(a_hundred_megabytes_are_refused_unread),
        cmocka_unit_test(billion_laughs_are_not_laughed),
        cmocka_unit_test(floods_end_at_a_bound),
        cmocka_unit_test(entries_are_counted),
        cmocka_unit_test(thousands_of_equal_keys),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(one_octet_changed_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
