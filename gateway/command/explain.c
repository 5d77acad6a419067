/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/explain.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/command/chain_file.h"
#include "gateway/command/command.h"
#include "gateway/command/configuration.h"
#include "gateway/relay/route.h"
#include "gateway/sip/octet.h"
#include "policy/calendar.h"

/* Would this request cross, and why? Asked of the very code that `run` uses, without a socket unless --dns
 * says so. */

struct arguments {
    const char *config, *direction, *from, *to, *method, *certificate, *at, *dnssec;
    struct option_values srv, tlsa;
    bool dns, json;
};

static bool complain(const char *what, const char *value, const char *wanted)
{
    fprintf(stderr, "fedgate explain: %s '%s' %s; see fedgate explain --help\n", what, value, wanted);
    return false;
}

static bool read_direction(const char *written, enum direction *direction)
{
    if (strcmp(written, "inbound") != 0 && strcmp(written, "outbound") != 0)
        return complain("--direction", written, "is neither inbound nor outbound");
    *direction = strcmp(written, "inbound") == 0 ? DIRECTION_INBOUND : DIRECTION_OUTBOUND;
    return true;
}

static bool read_dnssec(const char *written, enum dns_security *security)
{
    static const char *const words[] = {
        [DNS_INSECURE] = "insecure", [DNS_SECURE] = "secure", [DNS_BOGUS] = "bogus"};

    *security = DNS_INSECURE;
    for (size_t i = 0; written != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(written, words[i]) == 0) {
            *security = (enum dns_security)i;
            return true;
        }
    }
    return written == NULL || complain("--dnssec", written, "is none of insecure, secure and bogus");
}

/* What `run` takes out of a request that has no Route and begins no dialog. */
static bool read_facts(struct explanation *explanation, const struct arguments *arguments)
{
    struct message_facts *facts = &explanation->facts;
    struct sip_uri from;

    explanation->from = arguments->from;
    explanation->to = arguments->to;
    facts->direction = explanation->direction;
    facts->method = text_of(arguments->method == NULL ? "INVITE" : arguments->method);
    if (!octets_are(facts->method, OCTET_TOKEN))
        return complain("--method", arguments->method, "is no SIP method");
    if (!sip_uri_read(text_of(arguments->from), &from))
        return complain("--from", arguments->from, "is no URI; write sip:USER@DOMAIN");
    if (!sip_uri_read(text_of(arguments->to), &explanation->to_uri) || explanation->to_uri.has_headers)
        return complain("--to", arguments->to, "is no URI of a request; write sip:USER@DOMAIN");
    facts->from_domain = from.kind == SIP_URI_SIP || from.kind == SIP_URI_SIPS ? from.host : TEXT_NONE;
    facts->request_domain = explanation->to_uri.host;
    facts->maddr = sip_uri_maddr(&explanation->to_uri);
    return true;
}

static bool read_question(struct explanation *explanation, const struct arguments *arguments)
{
    if (!read_direction(arguments->direction, &explanation->direction) ||
        !read_dnssec(arguments->dnssec, &explanation->srv_security) || !read_facts(explanation, arguments))
        return false;
    explanation->now = (int64_t)time(NULL);
    if (arguments->at != NULL && !calendar_read(text_of(arguments->at), &explanation->now))
        return complain("--at", arguments->at, "is no time; write 2026-12-31 or 2026-12-31T23:59:59Z");
    explanation->srv = &arguments->srv;
    for (size_t i = 0; i < arguments->srv.count; i++) {
        if (!explain_srv_is_valid(arguments->srv.value[i]))
            return complain("--srv", arguments->srv.value[i], "is not DOMAIN=HOST:PORT, nor DOMAIN=none");
    }
    explanation->tlsa = &arguments->tlsa;
    for (size_t i = 0; i < arguments->tlsa.count; i++) {
        if (!explain_tlsa_is_valid(arguments->tlsa.value[i]))
            return complain("--tlsa", arguments->tlsa.value[i],
                            "is not 'HOST:PORT=USAGE SELECTOR MATCHING HEX', nor HOST:PORT=none");
    }
    return true;
}

/* False: trouble, which was printed. */
static bool prepare(struct explanation *explanation, const struct arguments *arguments)
{
    char why[RESOLVER_ERROR_SIZE];
    const struct settings *settings = explanation->settings;
    const uint16_t port[2] = {[PEER_INTERNAL] = settings->internal.listen[0].port,
                              [PEER_EXTERNAL] = settings->external.listen[0].port};

    explanation->facts.names_us =
        !explanation->to_uri.has_user && route_is_own_uri(settings, port, &explanation->to_uri);
    if (arguments->certificate != NULL) {
        explanation->chain = chain_file_read("fedgate explain", arguments->certificate);
        if (explanation->chain == NULL)
            return false;
    }
    if (!arguments->dns)
        return true;
    explanation->lookup = lookup_create(settings, why, sizeof(why));
    if (explanation->lookup == NULL)
        fprintf(stderr, "fedgate explain: the DNS cannot be asked: %s\n", why);
    return explanation->lookup != NULL;
}

static int explain(struct explanation *explanation, const struct arguments *arguments)
{
    static const int status[] = {
        [EXPLAIN_ALLOW] = COMMAND_DONE, [EXPLAIN_DENY] = COMMAND_DENIED, [EXPLAIN_NEED] = COMMAND_NEED};
    int result = COMMAND_TROUBLE;

    /* An expired root is an error today, and may have been fine at another time. */
    struct settings *settings =
        configuration_load(arguments->config, explanation->now, arguments->at != NULL);
    if (settings == NULL)
        return COMMAND_TROUBLE;
    explanation->settings = settings;
    if (prepare(explanation, arguments)) {
        explain_judge(explanation);
        if (arguments->json)
            explain_json(explanation, stdout);
        else
            explain_print(explanation, stdout);
        result = status[explanation->outcome];
    }
    srv_record_set_release(explanation->records);
    lookup_destroy(explanation->lookup);
    presented_chain_destroy(explanation->chain);
    revocation_evidence_release(explanation->evidence);
    settings_release(settings);
    return result;
}

int command_explain(int argc, char **argv)
{
    struct arguments arguments = {0};
    const struct option table[] = {
        OPTION_CONFIG(&arguments.config),
        {.name = "direction",
         .value = "WORD",
         .help = "inbound (from a partner) or outbound",
         .text = &arguments.direction,
         .required = true},
        {.name = "from",
         .value = "URI",
         .help = "in the From header",
         .text = &arguments.from,
         .required = true},
        {.name = "to", .value = "URI", .help = "the Request-URI", .text = &arguments.to, .required = true},
        {.name = "method", .value = "METHOD", .help = "default: INVITE", .text = &arguments.method},
        {.name = "certificate",
         .value = "FILE",
         .help = "PEM chain that the partner presents",
         .text = &arguments.certificate},
        {.name = "at",
         .value = "TIME",
         .help = "2026-12-31 or RFC 3339; default: now",
         .text = &arguments.at},
        {.name = "srv",
         .value = "D=HOST:PORT",
         .help = "what DNS shall say of D; D=none: nothing",
         .values = &arguments.srv},
        {.name = "tlsa",
         .value = "HOST:PORT=R",
         .help = "R: '3 1 1 HEX', or none; for identity dane",
         .values = &arguments.tlsa},
        {.name = "dnssec",
         .value = "STATE",
         .help = "of both: insecure (default), secure, bogus",
         .text = &arguments.dnssec},
        {.name = "dns", .help = "ask the real DNS for what --srv leaves open", .flag = &arguments.dns},
        OPTION_JSON(&arguments.json),
        {.name = NULL},
    };
    const struct options options = {
        .usage = "fedgate explain --direction WORD --from URI --to URI [OPTIONS]",
        .summary = "Would this request cross, and why? Exit 0: allow, 3: deny, 4: more is needed.",
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
    struct explanation *explanation = calloc(1, sizeof(*explanation));
    if (explanation == NULL) {
        fprintf(stderr, "fedgate explain: no memory\n");
        return COMMAND_TROUBLE;
    }
    int result = read_question(explanation, &arguments) ? explain(explanation, &arguments) : COMMAND_USAGE;
    free(explanation);
    return result;
}
