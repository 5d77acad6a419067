/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/probe.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "gateway/command/command.h"
#include "gateway/command/configuration.h"
#include "gateway/command/options.h"
#include "gateway/command/terminal.h"
#include "gateway/net/locate.h"
#include "policy/calendar.h"

/* Live, the way a request would take to a partner, each step told as it goes. It uses what the relay uses,
 * not the relay. */

#define TARGETS_MOST 8u
#define ADDRESSES_TRIED_MOST 4u /* of one target */

/* ---- before a packet is sent ---- */

static bool check_partner(struct probe *probe)
{
    const struct partner *partner = probe->partner;

    probe_begin(probe, "partner", "%s", "");
    if (partner == NULL) {
        probe_fail(probe, REASON_UNKNOWN_DOMAIN, "%.*s is neither a partner nor a domain of one",
                   TEXT_ARGUMENTS(probe->domain));
        return false;
    }
    enum reason reason = partner_state(partner, probe->now);
    if (reason == REASON_OK && policy_is_blocked(&probe->settings->policy, probe->domain))
        reason = REASON_DOMAIN_BLOCKED;
    if (reason == REASON_OK && (partner->direction & PARTNER_DIRECTION_OUTBOUND) == 0)
        reason = REASON_DIRECTION_NOT_ALLOWED;
    if (reason == REASON_OK)
        probe_end(probe, CHECK_PASSED, "%s is in force, identity %s", partner->name,
                  identity_rule_word(partner->identity));
    else
        probe_fail(probe, reason, "%s", reason_sentence(reason));
    return reason == REASON_OK;
}

static void note_own_certificate(struct probe *probe)
{
    const struct certificate_list *list = &probe->settings->external.certificates;
    char shown[CERTIFICATE_SHOWN], date[CALENDAR_DATE];

    if (list->count == 0)
        return;
    int64_t end = list->certificate[0]->not_after;
    probe_note(probe, "ours", end < probe->now ? CHECK_FAILED : CHECK_PASSED,
               "%s ends %s, in %" PRId64 " days", certificate_show(list->certificate[0], shown),
               calendar_date(end, date), (end - probe->now) / CALENDAR_DAY);
}

/* ---- where ---- */

static void end_srv(struct probe *probe)
{
    const struct srv_answer *answer = &probe->records->answer;
    char targets[PROBE_DETAIL / 2] = "";
    size_t used = 0;

    if (answer->outcome != REASON_OK) {
        probe_fail(probe, answer->outcome, "%s%s%s", reason_sentence(answer->outcome),
                   probe->records->detail == NULL ? "" : ": ",
                   probe->records->detail == NULL ? "" : probe->records->detail);
        return;
    }
    for (size_t i = 0; i < answer->target_count && used < sizeof(targets) / 2; i++)
        used += (size_t)snprintf(targets + used, sizeof(targets) - used, "%s%.*s:%u", i == 0 ? "" : " ",
                                 TEXT_ARGUMENTS(answer->target[i].host), answer->target[i].port);
    probe_end(probe, CHECK_PASSED, "%s: %s", probe->records->service, targets);
}

static void note_security(struct probe *probe)
{
    enum dns_security security = probe->records->answer.security;

    probe_begin(probe, "dnssec", "%s", "");
    if (security == DNS_SECURE)
        probe_end(probe, CHECK_PASSED, "secure");
    else if (security == DNS_BOGUS)
        probe_fail(probe, REASON_DNS_BOGUS, "%s", reason_sentence(REASON_DNS_BOGUS));
    else
        probe_end(probe, CHECK_SKIPPED, "not secure: the answer is not signed, or not believed to be");
}

/* False: it is not known where the partner is. */
static bool ask_srv(struct probe *probe)
{
    const struct partner *partner = probe->partner;

    if (partner->locate != LOCATE_SRV && !identity_rule_needs_dns(partner->identity)) {
        probe_note(probe, "srv", CHECK_SKIPPED, "locate is fixed, and identity %s asks no SRV",
                   identity_rule_word(partner->identity));
        probe_note(probe, "dnssec", CHECK_SKIPPED, "nothing of the DNS is believed but addresses");
        return true;
    }
    probe_begin(probe, "srv", "_sipfederationtls._tcp.%.*s", TEXT_ARGUMENTS(probe->domain));
    probe->records = lookup_srv(probe->lookup, probe->domain);
    probe->answer = &probe->records->answer;
    end_srv(probe);
    note_security(probe);
    return probe->answer->outcome == REASON_OK;
}

static bool try_target(struct probe *probe, const struct located_target *target)
{
    char shown[ADDRESS_TEXT_SIZE], list[PROBE_DETAIL / 2] = "";
    size_t used = 0;
    bool works = false;

    probe_begin(probe, "addresses", "%.*s", TEXT_ARGUMENTS(target->host));
    const struct address_set *set = lookup_addresses(probe->lookup, target->host);
    if (set->outcome != REASON_OK) {
        probe_fail(probe, set->outcome, "%.*s: %s%s%s", TEXT_ARGUMENTS(target->host),
                   reason_sentence(set->outcome), set->detail == NULL ? "" : ": ",
                   set->detail == NULL ? "" : set->detail);
        address_set_release(set);
        return false;
    }
    for (size_t i = 0; i < set->address_count && used < sizeof(list) / 2; i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, " %s",
                                 address_print_host(&set->address[i], shown, sizeof(shown)));
    probe_end(probe, CHECK_PASSED, "%.*s:%s", TEXT_ARGUMENTS(target->host), list);
    for (size_t i = 0; i < set->address_count && i < ADDRESSES_TRIED_MOST && !works; i++) {
        union address address = set->address[i];
        address_set_port(&address, target->port);
        works = probe_server(probe, target->host, &address);
    }
    address_set_release(set);
    return works;
}

static void walk(struct probe *probe)
{
    struct located_target target[SRV_TARGETS_MOST];

    if (!check_partner(probe))
        return;
    note_own_certificate(probe);
    if (!ask_srv(probe))
        return;
    size_t count = probe->partner->locate == LOCATE_FIXED
                       ? locate_fixed(probe->partner->fixed, probe->partner->fixed_count, target)
                       : locate_srv(probe->answer, &locate_random_system, target);
    for (size_t i = 0; i < count && i < TARGETS_MOST && !probe->works; i++)
        probe->works = try_target(probe, &target[i]);
}

/* ---- the command ---- */

static bool prepare(struct probe *probe)
{
    const struct side_settings *side = &probe->settings->external;
    char why[RESOLVER_ERROR_SIZE] = "the TLS library does not start";

    signal(SIGPIPE, SIG_IGN);
    probe->lookup = lookup_create(probe->settings, why, sizeof(why));
    if (probe->lookup != NULL && tls_library_start())
        probe->context =
            tls_context_create(TLS_CLIENT, (struct text){side->certificate_pem, side->certificate_pem_length},
                               (struct text){side->key_pem, side->key_pem_length}, why, sizeof(why));
    if (probe->context == NULL)
        fprintf(stderr, "fedgate probe: %s\n", why);
    return probe->context != NULL;
}

static void find(struct probe *probe, const char *argument)
{
    const struct partner_set *partners = probe->settings->partners;
    struct text name = text_of(argument);

    probe->domain = name;
    probe->partner = partner_set_by_name(partners, name);
    if (probe->partner != NULL)
        probe->domain = text_of(probe->partner->domains[0]);
    else
        probe->partner = partner_set_by_domain(partners, name);
}

static int run(struct probe *probe, const char *config, const char *argument, bool json)
{
    struct settings *settings = configuration_load(config, probe->now, false);
    int result = COMMAND_TROUBLE;

    if (settings == NULL)
        return COMMAND_TROUBLE;
    probe->settings = settings;
    probe->streams = !json;
    probe->is_terminal = terminal_is_one(stdout);
    probe->colour = terminal_wants_colour(stdout);
    find(probe, argument);
    if (prepare(probe)) {
        if (!json)
            probe_print_head(probe, stdout);
        walk(probe);
        if (json)
            probe_json(probe, stdout);
        else
            probe_print_end(probe, stdout);
        result = probe->works ? COMMAND_DONE : COMMAND_DENIED;
    }
    presented_chain_destroy(probe->chain);
    srv_record_set_release(probe->records);
    lookup_destroy(probe->lookup);
    tls_context_destroy(probe->context);
    tls_thread_end();
    tls_library_stop();
    settings_release(settings);
    return result;
}

int command_probe(int argc, char **argv)
{
    const char *config = NULL, *argument = NULL;
    bool json = false;
    const struct option table[] = {OPTION_CONFIG(&config), OPTION_JSON(&json), {.name = NULL}};
    const struct options options = {
        .usage = "fedgate probe [-c FILE] PARTNER|DOMAIN [--json]",
        .summary = "Goes the way to a partner's server, live. Exit 0: works, 3: fails.",
        .table = table,
        .argument = "PARTNER|DOMAIN",
        .argument_value = &argument,
        .argument_required = true,
    };

    switch (options_read(&options, argc, argv)) {
    case OPTIONS_HELP:
        return COMMAND_DONE;
    case OPTIONS_WRONG:
        return COMMAND_USAGE;
    case OPTIONS_GO:
        break;
    }
    struct probe *probe = calloc(1, sizeof(*probe));
    if (probe == NULL) {
        fprintf(stderr, "fedgate probe: no memory\n");
        return COMMAND_TROUBLE;
    }
    probe->now = (int64_t)time(NULL);
    int result = run(probe, config, argument, json);
    free(probe);
    return result;
}
