/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/command/json.h"

static char *written;
static size_t length;

static void begin(struct json *json)
{
    FILE *out = open_memstream(&written, &length);
    assert_non_null(out);
    json_begin(json, out);
}

static void expect(struct json *json, const char *text)
{
    json_end(json);
    fclose(json->out);
    assert_string_equal(written, text);
    free(written);
}

static void commas_stand_between(void **state)
{
    (void)state;
    struct json json;
    begin(&json);
    json_object(&json, NULL);
    json_number(&json, "a", -1);
    json_array(&json, "list");
    json_string(&json, NULL, "x");
    json_object(&json, NULL);
    json_object_end(&json);
    json_array(&json, NULL);
    json_array_end(&json);
    json_null(&json, NULL);
    json_array_end(&json);
    json_boolean(&json, "yes", true);
    json_time(&json, "at", 0);
    json_object_end(&json);
    expect(&json,
           "{\n  \"a\": -1,\n  \"list\": [\n    \"x\",\n    {},\n    [],\n    null\n  ],\n  \"yes\": true,\n"
           "  \"at\": \"1970-01-01T00:00:00Z\"\n}\n");
}

static void nothing_from_outside_breaks_out(void **state)
{
    (void)state;
    static const struct {
        struct text value;
        const char *written;
    } cases[] = {
        {{"\"}, {\"forged\": \"", 16}, "\"\\\"}, {\\\"forged\\\": \\\"\"\n"},
        {{"back\\slash", 10}, "\"back\\\\slash\"\n"},
        {{"\n\t\0\x1f\x7f", 5}, "\"\\u000a\\u0009\\u0000\\u001f\\u007f\"\n"},
        {{"\xc3\xbc", 2}, "\"\xc3\xbc\"\n"},
        {{"\xf0\x9f\x98\x80", 4}, "\"\xf0\x9f\x98\x80\"\n"},
        {{"a\xff\xc0z", 4}, "\"a\\ufffd\\ufffdz\"\n"},
        {{"\xe2\x80\xa8\xe2\x80\xae", 6}, "\"\\u2028\\u202e\"\n"},
        {{NULL, 0}, "\"\"\n"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json json;
        begin(&json);
        json_text(&json, NULL, cases[i].value);
        expect(&json, cases[i].written);
    }
}

static void numbers_reach_their_ends(void **state)
{
    (void)state;
    struct json json;
    begin(&json);
    json_array(&json, NULL);
    json_number(&json, NULL, INT64_MIN);
    json_number(&json, NULL, INT64_MAX);
    json_string(&json, NULL, NULL);
    json_array_end(&json);
    expect(&json, "[\n  -9223372036854775808,\n  9223372036854775807,\n  null\n]\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_stand_between),
        cmocka_unit_test(nothing_from_outside_breaks_out),
        cmocka_unit_test(numbers_reach_their_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
