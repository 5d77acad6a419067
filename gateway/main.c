/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gateway/command/command.h"

static const struct command commands[] = {
    {"run", "run the gateway in the foreground", command_run},
    {"check", "load everything that run would load, and print every problem", command_check},
    {"partners", "show the effective policy, one row a partner", command_partners},
    {"explain", "judge a request as run would, and print each check", command_explain},
    {"probe", "go the way to a partner's server, live, step by step", command_probe},
    {"version", "show the versions of fedgate and its libraries", command_version},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_help(void)
{
    printf("fedgate: a federation gateway for SIP at the network perimeter\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  fedgate %-10s %s\n", commands[i].name, commands[i].summary);
    printf("\nfedgate COMMAND --help says more.\n");
}

/* An answer that nobody could read, on a full disk for example, is no answer. */
static int written(int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "fedgate: the answer cannot be written: %s\n",
            errno == 0 ? "a part of it failed" : strerror(errno));
    return status == COMMAND_DONE ? COMMAND_TROUBLE : status;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "fedgate: which command? Try fedgate --help\n");
        return COMMAND_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help();
        return written(COMMAND_DONE);
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return written(commands[i].run(argc - 1, argv + 1));
    }
    fprintf(stderr, "fedgate: there is no command '%s'; try fedgate --help\n", argv[1]);
    return COMMAND_USAGE;
}
