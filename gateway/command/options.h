/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_OPTIONS_H
#define FEDGATE_OPTIONS_H

/* The arguments of all commands, read by a table. `--name value`, `--name=value`, `-c value`, flags, and what
 * is left.
 * --help prints the table. */

#include <stdbool.h>
#include <stddef.h>

#define OPTION_VALUES_MOST 32u
#define CONFIGURATION_FILE "/etc/fedgate/gateway.yaml"

struct option_values {
    const char *value[OPTION_VALUES_MOST]; /* views into argv */
    size_t count;
};

struct option {
    const char *name;  /* "config": written --config; NULL ends the table */
    char letter;       /* 'c': written -c; 0: none */
    const char *value; /* "FILE": what it takes; NULL: it is a flag */
    const char *help;
    bool *flag;                   /* set by a flag */
    const char **text;            /* the one value; twice is an error */
    struct option_values *values; /* instead of text: may be given more than once */
    bool required;
};

struct options {
    const char *usage;   /* "fedgate check [-c FILE] [--strict] [--json]" */
    const char *summary; /* one sentence */
    const struct option *table;
    const char *argument; /* name of the one positional argument, or NULL: none is taken */
    const char **argument_value;
    bool argument_required;
};

enum options_outcome {
    OPTIONS_GO,
    OPTIONS_HELP, /* printed on stdout: exit 0 */
    OPTIONS_WRONG /* one line was printed on stderr: exit 2 */
};

enum options_outcome options_read(const struct options *options, int argc, char **argv)
    __attribute__((warn_unused_result));

/* The row that every command with a configuration has. */
#define OPTION_CONFIG(where)                                                                                 \
    {                                                                                                        \
        .name = "config", .letter = 'c', .value = "FILE", .help = "default: " CONFIGURATION_FILE,            \
        .text = (where)                                                                                      \
    }
#define OPTION_JSON(where)                                                                                   \
    {                                                                                                        \
        .name = "json", .help = "print one JSON document", .flag = (where)                                   \
    }

#endif
