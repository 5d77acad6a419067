/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/probe.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "gateway/command/chain_file.h"
#include "gateway/command/command.h"
#include "gateway/command/configuration.h"
#include "gateway/command/options.h"
#include "gateway/command/terminal.h"

/* Does a partnership work, live? */

struct arguments {
    const char *config, *inbound_from, *what;
    bool json, all;
};

static void tell(const struct probe *probe, bool as_json)
{
    struct json json;

    if (!as_json) {
        probe_print_end(probe, stdout);
        return;
    }
    json_begin(&json, stdout);
    probe_json(probe, &json);
    json_end(&json);
}

static int probe_one(const struct settings *settings, const struct arguments *arguments, int64_t now)
{
    char why[RESOLVER_ERROR_SIZE];
    struct probe *probe = malloc(sizeof(*probe));
    struct presented_chain *chain = NULL;
    int result = COMMAND_TROUBLE;

    if (arguments->inbound_from != NULL) {
        chain = chain_file_read("fedgate probe", arguments->inbound_from);
        if (chain == NULL) {
            free(probe);
            return COMMAND_TROUBLE;
        }
    }
    if (probe == NULL) {
        fprintf(stderr, "fedgate probe: no memory\n");
        presented_chain_destroy(chain);
        return COMMAND_TROUBLE;
    }
    probe_init(probe, settings, arguments->what, now);
    probe->streams = !arguments->json;
    probe->is_terminal = terminal_is_one(stdout);
    probe->colour = terminal_wants_colour(stdout);
    if (probe_prepare(probe, why, sizeof(why))) {
        if (!arguments->json)
            probe_print_head(probe, stdout);
        if (arguments->inbound_from != NULL)
            probe_inbound(probe, chain);
        else
            probe_walk(probe);
        tell(probe, arguments->json);
        result = probe->works ? COMMAND_DONE : COMMAND_DENIED;
    } else {
        fprintf(stderr, "fedgate probe: %s\n", why);
        presented_chain_destroy(chain);
    }
    probe_deinit(probe);
    free(probe);
    return result;
}

static int run(const struct arguments *arguments)
{
    int64_t now = (int64_t)time(NULL);
    struct settings *settings = configuration_load(arguments->config, now, false);
    int result = COMMAND_TROUBLE;

    if (settings == NULL)
        return COMMAND_TROUBLE;
    signal(SIGPIPE, SIG_IGN); /* the streams ask for it */
    if (tls_library_start()) {
        result =
            arguments->all ? probe_all(settings, now, arguments->json) : probe_one(settings, arguments, now);
        tls_thread_end();
        tls_library_stop();
    } else {
        fprintf(stderr, "fedgate probe: the TLS library does not start\n");
    }
    settings_release(settings);
    return result;
}

static bool is_sound(const struct arguments *arguments)
{
    const char *wrong = NULL;

    if (arguments->all && (arguments->what != NULL || arguments->inbound_from != NULL))
        wrong = "--all goes with nothing but --json";
    else if (!arguments->all && arguments->what == NULL)
        wrong = "PARTNER or DOMAIN is missing";
    if (wrong != NULL)
        fprintf(stderr, "fedgate probe: %s; see fedgate probe --help\n", wrong);
    return wrong == NULL;
}

int command_probe(int argc, char **argv)
{
    struct arguments arguments = {0};
    const struct option table[] = {
        OPTION_CONFIG(&arguments.config),
        {.name = "all", .help = "every domain of every partner, then a table", .flag = &arguments.all},
        {.name = "inbound-from",
         .value = "FILE",
         .help = "the other way: would this PEM chain be let in?",
         .text = &arguments.inbound_from},
        OPTION_JSON(&arguments.json),
        {.name = NULL},
    };
    const struct options options = {
        .usage = "fedgate probe [-c FILE] PARTNER|DOMAIN|--all [--json]",
        .summary = "Goes the way to a partner's server, live. Exit 0: works, 3: fails.",
        .table = table,
        .argument = "PARTNER|DOMAIN",
        .argument_value = &arguments.what,
    };

    switch (options_read(&options, argc, argv)) {
    case OPTIONS_HELP:
        return COMMAND_DONE;
    case OPTIONS_WRONG:
        return COMMAND_USAGE;
    case OPTIONS_GO:
        break;
    }
    return is_sound(&arguments) ? run(&arguments) : COMMAND_USAGE;
}
