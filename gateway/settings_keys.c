/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* sched_getaffinity: the processors that we may use, not those that are there */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/settings_parts.h"
#include "policy/crl.h"
#include "policy/revocation_keys.h"
#include "policy/utf8.h"

static const struct yaml_host_port_form listen_form = {.addresses_only = true, .any_port_allowed = true};
static const struct yaml_host_port_form next_hop_form = {.port =
                                                             5061}; /* RFC 3261 19.1.2: the port of sips */

/* ---- the two sides ---- */

/* The files are read later; here only the form of the list. */
static void check_roots(struct yaml_reading *reading, const struct yaml_node *node,
                        const struct yaml_field *field, bool needs_one)
{
    if (!yaml_is_list(reading, node, field, needs_one, "[root.pem]"))
        return;
    for (const struct yaml_node *entry = node->first; entry != NULL; entry = entry->next)
        (void)yaml_is_entry(reading, entry, field, "[root.pem]");
}

static void read_some_roots(struct yaml_reading *reading, const struct yaml_node *node,
                            const struct yaml_field *field)
{
    check_roots(reading, node, field, true);
}

static void read_roots(struct yaml_reading *reading, const struct yaml_node *node,
                       const struct yaml_field *field)
{
    check_roots(reading, node, field, false);
}

#define SIDE(side, field) offsetof(struct settings, side.field), 0
#define SIDE_KEYS(side)                                                                                      \
    {"listen",                                                                                               \
     yaml_read_host_ports,                                                                                   \
     offsetof(struct settings, side.listen),                                                                 \
     offsetof(struct settings, side.listen_count),                                                           \
     &listen_form,                                                                                           \
     true},                                                                                                  \
        {"host", yaml_read_host, SIDE(side, host), NULL, true},                                              \
        {"certificate", yaml_read_path, SIDE(side, certificate_file), NULL, true},                           \
    {                                                                                                        \
        "key", yaml_read_path, SIDE(side, key_file), NULL, true                                              \
    }
#define VALUE(field) offsetof(struct settings, field), 0
#define LIST(field, count) offsetof(struct settings, field), offsetof(struct settings, count)

static const struct yaml_key internal_keys[] = {
    SIDE_KEYS(internal),
    {"roots", read_some_roots, 0, 0, NULL, true},
    {"crls", revocation_read_crls, LIST(internal_crls, internal_crl_count), NULL, false},
    {"revocation", revocation_read_rule, VALUE(internal_revocation), NULL, false},
    {"ocsp", revocation_read_ocsp, VALUE(internal_ocsp), NULL, false},
    {"servers", yaml_read_some_names, LIST(servers, server_count), NULL, true},
    {"domains", yaml_read_some_names, LIST(domains, domain_count), NULL, true},
    {"next-hop", yaml_read_host_ports, LIST(next_hop, next_hop_count), &next_hop_form, true},
    {NULL},
};
static const struct yaml_key external_keys[] = {SIDE_KEYS(external), {NULL}};

/* ---- the smaller sections ---- */

static const struct yaml_key discovery_keys[] = {
    {"enabled", yaml_read_boolean, VALUE(discovery_enabled), NULL, false},
    {"roots", read_roots, 0, 0, NULL, false},
    {NULL},
};

static const struct yaml_word user_words[] = {
    {"full", USERS_FULL}, {"domain", USERS_DOMAIN}, {"hash", USERS_HASH}, {NULL, 0}};
static const struct yaml_key log_keys[] = {
    {"directory", yaml_read_path, VALUE(logs.directory), NULL, false},
    {"users", yaml_read_word, VALUE(logs.users), user_words, false},
    {NULL},
};

static const struct yaml_range fetch_timeout_range = {500, 60000};
static const struct yaml_range fetch_size_range = {1024, CRL_LARGEST};
static const struct yaml_key fetch_keys[] = {
    {"directory", yaml_read_path, VALUE(fetch.directory), NULL, false},
    {"timeout", yaml_read_duration32, VALUE(fetch.timeout_ms), &fetch_timeout_range, false},
    {"size", yaml_read_size, VALUE(fetch.size), &fetch_size_range, false},
    {"allow-private", yaml_read_boolean, VALUE(fetch.allow_private), NULL, false},
    {NULL},
};

static unsigned processors(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return count < 1 ? 1 : count > (int)WORKERS_MOST ? WORKERS_MOST : (unsigned)count;
}

static void read_workers(struct yaml_reading *reading, const struct yaml_node *node,
                         const struct yaml_field *field)
{
    static const struct yaml_range range = {1, WORKERS_MOST};
    uint32_t workers = 0;
    struct yaml_field value = {.key = field->key, .value = &workers, .detail = &range};

    if (node->kind == YAML_SCALAR && text_equal(node->value, TEXT("auto")))
        return;
    yaml_read_count32(reading, node, &value);
    if (workers != 0)
        *(unsigned *)field->value = workers;
}

static void read_user(struct yaml_reading *reading, const struct yaml_node *node,
                      const struct yaml_field *field)
{
    char quoted[UTF8_QUOTED];
    bool good = node->value.length <= 32;

    if (!yaml_is_value(reading, node, field, "the name of a user"))
        return;
    for (size_t i = 0; i < node->value.length; i++) {
        char c = node->value.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        good = good && (letter || (i > 0 && ((c >= '0' && c <= '9') || c == '-' || c == '.')));
    }
    if (good)
        yaml_read_line(reading, node, field);
    else
        yaml_error(reading, node, "bad-value", "'%s' is not the name of a user; write a name, not a number",
                   utf8_quote(node->value, quoted));
}

/* ---- the file ---- */

/* The tables of sections hold offsets in struct settings itself. */
static const struct yaml_key gateway_keys[] = {
    {"internal", yaml_read_section, 0, 0, internal_keys, true},
    {"external", yaml_read_section, 0, 0, external_keys, true},
    {"partners", yaml_read_path, VALUE(partners_folder), NULL, true},
    {"partners-watch", yaml_read_boolean, VALUE(partners_watch), NULL, false},
    {"blocked-domains", yaml_read_blocked_names, LIST(blocked, blocked_count), NULL, false},
    {"discovery", yaml_read_section, 0, 0, discovery_keys, false},
    {"dns", yaml_read_section, 0, 0, settings_dns_keys, false},
    {"logs", yaml_read_section, 0, 0, log_keys, false},
    {"fetch", yaml_read_section, 0, 0, fetch_keys, false},
    {"limits", yaml_read_section, VALUE(limits), settings_limit_keys, false},
    {"workers", read_workers, VALUE(workers), NULL, false},
    {"user", read_user, VALUE(user), NULL, false},
    {"confinement", yaml_read_boolean, VALUE(confinement), NULL, false},
    {NULL},
};

static void check_listeners(struct settings_draft *draft)
{
    const struct side_settings *internal = &draft->settings->internal, *external = &draft->settings->external;
    const struct yaml_node *node = yaml_find(yaml_find(draft->root, "external"), "listen");

    for (size_t i = 0; i < internal->listen_count; i++) {
        for (size_t j = 0; j < external->listen_count; j++) {
            if (internal->listen[i].port != 0 && internal->listen[i].port == external->listen[j].port &&
                strcmp(internal->listen[i].host, external->listen[j].host) == 0)
                yaml_error(&draft->reading, node, "bad-address",
                           "both sides listen on %s port %u; give each side an address or port of its own",
                           internal->listen[i].host, internal->listen[i].port);
        }
    }
}

static void set_defaults(struct settings *settings)
{
    settings->internal_revocation = REVOCATION_IF_AVAILABLE;
    settings->dns.timeout_ms = 2000;
    settings->logs.users = USERS_FULL;
    settings->fetch.timeout_ms = 5000;
    settings->fetch.size = 16u * 1024u * 1024u;
    limits_set_defaults(&settings->limits);
    settings->workers = processors();
    settings->confinement = true;
}

void settings_keys_read(struct settings_draft *draft)
{
    struct settings *settings = draft->settings;

    set_defaults(settings);
    yaml_read_mapping(&draft->reading, draft->root, "the gateway file", gateway_keys, settings);
    if (settings->logs.directory == NULL)
        settings->logs.directory = path_beside(settings->file, "logs");
    if (settings->fetch.directory == NULL)
        settings->fetch.directory = path_beside(settings->file, "fetched");
    if (settings->logs.directory == NULL || settings->fetch.directory == NULL)
        yaml_out_of_memory(&draft->reading, draft->root);
    settings_dns_check(draft);
    check_listeners(draft);
}
