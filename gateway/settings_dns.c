/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "gateway/settings_parts.h"
#include "policy/domain.h"
#include "policy/name_index.h"
#include "policy/utf8.h"

#define HOST_ADDRESSES_MOST 64u

static const struct yaml_host_port_form server_form = {
    .addresses_only = true, .port = 53, .may_be_empty = true};
static const struct yaml_range timeout_range = {100, 30000};

/* ---- hosts: a name, and the addresses that are answered for it ---- */

static char *read_address(struct yaml_reading *reading, const struct yaml_node *entry,
                          const struct yaml_field *field)
{
    char quoted[UTF8_QUOTED];

    if (!yaml_is_entry(reading, entry, field, "[192.0.2.1, \"2001:db8::1\"]"))
        return NULL;
    if (!yaml_is_ip_address(entry->value)) {
        yaml_error(reading, entry, "bad-address", "'%s' is not an IP address",
                   utf8_quote(entry->value, quoted));
        return NULL;
    }
    char *address = text_copy_lower(entry->value);
    if (address == NULL)
        yaml_out_of_memory(reading, entry);
    return address;
}

static void read_addresses(struct yaml_reading *reading, const struct yaml_node *node, struct dns_host *host)
{
    const struct yaml_field field = {.key = host->name};

    if (!yaml_is_list(reading, node, &field, true, "[192.0.2.1]"))
        return;
    if (node->count > HOST_ADDRESSES_MOST) {
        yaml_error(reading, node, "bad-value", "'%s' has more than %u addresses", host->name,
                   HOST_ADDRESSES_MOST);
        return;
    }
    host->address = calloc(node->count, sizeof(host->address[0]));
    if (host->address == NULL) {
        yaml_out_of_memory(reading, node);
        return;
    }
    for (const struct yaml_node *entry = node->first; entry != NULL; entry = entry->next) {
        char *address = read_address(reading, entry, &field);
        if (address != NULL)
            host->address[host->address_count++] = address;
    }
}

/* The key of an entry as a name. */
static char *host_name(struct yaml_reading *reading, const struct yaml_node *node, struct name_index *seen)
{
    struct yaml_node key = {
        .kind = YAML_SCALAR, .line = node->key_line, .column = node->key_column, .value = node->key};
    char *name = yaml_name(reading, &key);

    if (name == NULL)
        return NULL;
    struct name_entry *entry = name_index_claim(seen, text_of(name));
    if (entry == NULL)
        yaml_out_of_memory(reading, node);
    else if (entry->value != NULL)
        yaml_key_error(reading, node, "duplicate-key", "'%s' is given twice; keep one", name);
    if (entry == NULL || entry->value != NULL) {
        free(name);
        return NULL;
    }
    entry->value = name;
    return name;
}

static void read_hosts(struct yaml_reading *reading, const struct yaml_node *node,
                       const struct yaml_field *field)
{
    struct settings *settings = field->value;
    struct name_index seen = {0};

    if (node->kind != YAML_MAPPING) {
        yaml_error(reading, node, "wrong-type",
                   "'hosts' is a mapping of names to lists; write {NAME: [ADDRESS]}");
        return;
    }
    settings->dns.host = calloc(node->count + 1, sizeof(settings->dns.host[0]));
    if (settings->dns.host == NULL) {
        yaml_out_of_memory(reading, node);
        return;
    }
    for (const struct yaml_node *entry = node->first; entry != NULL; entry = entry->next) {
        struct dns_host *host = &settings->dns.host[settings->dns.host_count];
        host->name = host_name(reading, entry, &seen);
        if (host->name == NULL)
            continue;
        settings->dns.host_count++;
        read_addresses(reading, entry, host);
    }
    name_index_deinit(&seen);
}

#define VALUE(field) offsetof(struct settings, dns.field), 0
const struct yaml_key settings_dns_keys[] = {
    {"servers", yaml_read_host_ports, offsetof(struct settings, dns.server),
     offsetof(struct settings, dns.server_count), &server_form, false},
    {"timeout", yaml_read_duration32, VALUE(timeout_ms), &timeout_range, false},
    {"hosts", read_hosts, 0, 0, NULL, false},
    {"allow-loopback", yaml_read_boolean, VALUE(allow_loopback), NULL, false},
    {"trust-ad", yaml_read_boolean, VALUE(trust_ad), NULL, false},
    {NULL},
};

/* ---- what the keys tell together ---- */

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* RFC 4035 4.9.3: the AD bit is worth as much as the way to the server that set it. */
void settings_dns_check(struct settings_draft *draft)
{
    const struct settings *settings = draft->settings;
    bool all = settings->dns.server_count > 0;

    for (size_t i = 0; i < settings->dns.server_count; i++)
        all = all && is_loopback(settings->dns.server[i].host);
    if (!settings->dns.trust_ad || all)
        return;
    const struct yaml_node *node = yaml_find(yaml_find(draft->root, "dns"), "trust-ad");
    problems_add(
        draft->reading.problems, SEVERITY_WARNING, yaml_place(&draft->reading, node), "trust-ad-not-loopback",
        "the AD bit of %s is believed, and whoever sits on the way can set it; use a validating resolver on "
        "127.0.0.1",
        settings->dns.server_count == 0 ? "the servers in /etc/resolv.conf"
                                        : "a server that is not on this host");
}
