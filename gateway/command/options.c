/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The arguments that are left, and how far they were read. */
struct reading {
    const struct options *options;
    int argc;
    char **argv;
    int at;
    bool only_arguments; /* after -- */
    bool has_argument;
};

/* "fedgate check [...]": the first two words are the command. */
static void complain(const struct options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void complain(const struct options *options, const char *format, ...)
{
    va_list arguments;
    const char *space = strchr(options->usage, ' ');
    size_t command = space == NULL ? strlen(options->usage) : (size_t)(space - options->usage);

    if (space != NULL)
        command += 1 + strcspn(space + 1, " ");
    fprintf(stderr, "%.*s: ", (int)command, options->usage);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "; see %.*s --help\n", (int)command, options->usage);
}

static void print_help(const struct options *options)
{
    printf("usage: %s\n\n%s\n\n", options->usage, options->summary);
    for (const struct option *option = options->table; option->name != NULL; option++) {
        char left[64];
        int used = option->letter == '\0' ? 0 : snprintf(left, sizeof(left), "-%c, ", option->letter);
        snprintf(left + used, sizeof(left) - (size_t)used, "--%s%s%s", option->name,
                 option->value == NULL ? "" : " ", option->value == NULL ? "" : option->value);
        printf("  %-26s %s\n", left, option->help);
    }
    printf("  %-26s %s\n", "--help", "print this");
}

static const struct option *by_name(const struct options *options, const char *name, size_t length)
{
    for (const struct option *option = options->table; option->name != NULL; option++) {
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

static const struct option *by_letter(const struct options *options, char letter)
{
    for (const struct option *option = options->table; option->name != NULL; option++) {
        if (option->letter != '\0' && option->letter == letter)
            return option;
    }
    return NULL;
}

/* `value` NULL: none was written with the option, so the next argument is it. */
static bool set(struct reading *reading, const struct option *option, const char *value)
{
    if (option->value == NULL) {
        if (value != NULL) {
            complain(reading->options, "--%s takes no value", option->name);
            return false;
        }
        *option->flag = true;
        return true;
    }
    if (value == NULL && reading->at + 1 < reading->argc)
        value = reading->argv[++reading->at];
    if (value == NULL || *value == '\0') {
        complain(reading->options, "--%s needs %s", option->name, option->value);
        return false;
    }
    if (option->values != NULL && option->values->count < OPTION_VALUES_MOST) {
        option->values->value[option->values->count++] = value;
        return true;
    }
    if (option->values != NULL || *option->text != NULL) {
        complain(reading->options, "--%s is given %s", option->name,
                 option->values != NULL ? "too often" : "twice");
        return false;
    }
    *option->text = value;
    return true;
}

static bool take_argument(struct reading *reading, const char *argument)
{
    if (reading->options->argument == NULL) {
        complain(reading->options, "'%s' is not expected", argument);
        return false;
    }
    if (reading->has_argument) {
        complain(reading->options, "one %s, not two", reading->options->argument);
        return false;
    }
    *reading->options->argument_value = argument;
    reading->has_argument = true;
    return true;
}

static bool take(struct reading *reading)
{
    const char *argument = reading->argv[reading->at];
    const struct option *option;
    const char *value = NULL;

    if (reading->only_arguments || argument[0] != '-' || argument[1] == '\0')
        return take_argument(reading, argument);
    if (argument[1] != '-') {
        option = by_letter(reading->options, argument[1]);
        value = argument[2] == '\0' ? NULL : argument + 2;
    } else {
        const char *name = argument + 2, *equals = strchr(name, '=');
        option = by_name(reading->options, name, equals == NULL ? strlen(name) : (size_t)(equals - name));
        value = equals == NULL ? NULL : equals + 1;
    }
    if (option == NULL) {
        complain(reading->options, "unknown option '%s'", argument);
        return false;
    }
    return set(reading, option, value);
}

static bool is_complete(const struct reading *reading)
{
    const struct options *options = reading->options;

    for (const struct option *option = options->table; option->name != NULL; option++) {
        if (option->required && option->text != NULL && *option->text == NULL) {
            complain(options, "--%s %s is missing", option->name, option->value);
            return false;
        }
    }
    if (options->argument != NULL && options->argument_required && !reading->has_argument) {
        complain(options, "%s is missing", options->argument);
        return false;
    }
    return true;
}

enum options_outcome options_read(const struct options *options, int argc, char **argv)
{
    struct reading reading = {.options = options, .argc = argc, .argv = argv};

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help(options);
            return OPTIONS_HELP;
        }
    }
    for (reading.at = 1; reading.at < argc; reading.at++) {
        if (!reading.only_arguments && strcmp(argv[reading.at], "--") == 0)
            reading.only_arguments = true;
        else if (!take(&reading))
            return OPTIONS_WRONG;
    }
    return is_complete(&reading) ? OPTIONS_GO : OPTIONS_WRONG;
}
