/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/command.h"
#include "gateway/command/options.h"
#include "gateway/gateway.h"

int command_run(int argc, char **argv)
{
    const char *file = NULL;
    const struct option table[] = {OPTION_CONFIG(&file), {.name = NULL}};
    const struct options options = {
        .usage = "fedgate run [-c FILE]",
        .summary =
            "Runs the gateway in the foreground. HUP loads the configuration anew, USR1 reopens the logs, "
            "TERM and INT finish what is in flight and stop.",
        .table = table,
    };

    switch (options_read(&options, argc, argv)) {
    case OPTIONS_HELP:
        return COMMAND_DONE;
    case OPTIONS_WRONG:
        return COMMAND_USAGE;
    case OPTIONS_GO:
        break;
    }
    return gateway_run(file != NULL ? file : CONFIGURATION_FILE) == 0 ? COMMAND_DONE : COMMAND_TROUBLE;
}
