/* SPDX-License-Identifier: GPL-2.0-or-later */

/* HOST:PORT and IP:PORT, in lists. */

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "policy/domain.h"
#include "policy/utf8.h"
#include "policy/yaml_values.h"

bool yaml_is_ip_address(struct text host)
{
    char text[INET6_ADDRSTRLEN], octets[sizeof(struct in6_addr)];

    if (host.length == 0 || host.length >= sizeof(text))
        return false;
    memcpy(text, host.at, host.length);
    text[host.length] = '\0';
    return inet_pton(AF_INET, text, octets) == 1 || inet_pton(AF_INET6, text, octets) == 1;
}

/* "host", "host:port", "[v6]", "[v6]:port"; a bare IPv6 address has no port. */
static bool split(struct text written, struct text *host, struct text *port, bool *has_port)
{
    const char *end = written.at + written.length, *after;

    *has_port = false;
    if (written.length > 0 && written.at[0] == '[') {
        after = text_find(written, ']');
        if (after == NULL)
            return false;
        *host = text_from(written.at + 1, after);
        if (text_find(*host, ':') == NULL) /* brackets are for IPv6 only */
            return false;
        after++;
    } else {
        after = text_find(written, ':');
        if (after != NULL && text_find(text_from(after + 1, end), ':') != NULL)
            after = NULL; /* two colons: IPv6 without brackets */
        after = after == NULL ? end : after;
        *host = text_from(written.at, after);
    }
    if (after == end)
        return true;
    if (*after != ':')
        return false;
    *has_port = true;
    *port = text_from(after + 1, end);
    return true;
}

static const char *why_no_host(struct text host, const struct yaml_host_port_form *form)
{
    if (yaml_is_ip_address(host))
        return NULL;
    if (form->addresses_only)
        return "is not an IP address; write IP:PORT, IPv6 as \"[::1]:5061\"";
    if (!domain_is_valid(host))
        return "is not a host name; write HOST or HOST:PORT";
    return NULL;
}

static bool read_host_port(struct yaml_reading *reading, const struct yaml_node *node,
                           const struct yaml_host_port_form *form, struct host_port *to)
{
    char quoted[UTF8_QUOTED];
    struct text host = TEXT_NONE, port = TEXT_NONE;
    uint64_t number = form->port;
    bool has_port = false;
    const char *why = NULL;

    utf8_quote(node->value, quoted);
    if (!split(node->value, &host, &port, &has_port))
        why = "is not HOST:PORT; write IPv6 as \"[::1]:5061\"";
    else
        why = why_no_host(host, form);
    if (why == NULL && has_port && (!text_to_number(port, UINT16_MAX, &number) || port.length > 5))
        why = "has a port that is no number from 1 to 65535";
    if (why == NULL && has_port && number == 0 && !form->any_port_allowed)
        why = "has port 0; write the port";
    if (why == NULL && !has_port && form->port == 0)
        why = "has no port; write IP:PORT, IPv6 as \"[::1]:5061\"";
    if (why != NULL) {
        yaml_error(reading, node, "bad-address", "'%s' %s", quoted, why);
        return false;
    }
    to->host = text_copy_lower(domain_without_dot(host));
    to->port = (uint16_t)number;
    if (to->host == NULL)
        yaml_out_of_memory(reading, node);
    return to->host != NULL;
}

static bool is_there(const struct host_port *have, size_t count, const struct host_port *again)
{
    for (size_t i = 0; i < count; i++) {
        if (have[i].port == again->port && again->port != 0 && strcmp(have[i].host, again->host) == 0)
            return true;
    }
    return false;
}

#define HOST_PORTS_MOST 64u

void yaml_read_host_ports(struct yaml_reading *reading, const struct yaml_node *node,
                          const struct yaml_field *field)
{
    const struct yaml_host_port_form *form = field->detail;
    const char *example = form->addresses_only ? "[127.0.0.1:5061, \"[::1]:5061\"]" : "[edge.a.example:5061]";
    char quoted[UTF8_QUOTED];
    size_t count = 0;

    if (!yaml_is_list(reading, node, field, !form->may_be_empty, example))
        return;
    if (node->count > HOST_PORTS_MOST) {
        yaml_error(reading, node, "bad-value", "'%s' lists %zu addresses; at most %u are used", field->key,
                   node->count, HOST_PORTS_MOST);
        return;
    }
    struct host_port *list = calloc(node->count + 1, sizeof(list[0]));
    if (list == NULL) {
        yaml_out_of_memory(reading, node);
        return;
    }
    for (const struct yaml_node *entry = node->first; entry != NULL; entry = entry->next) {
        if (!yaml_is_entry(reading, entry, field, example) ||
            !read_host_port(reading, entry, form, &list[count]))
            continue;
        if (is_there(list, count, &list[count])) {
            yaml_error(reading, entry, "duplicate-entry", "'%s' is listed twice; keep one",
                       utf8_quote(entry->value, quoted));
            free(list[count].host);
            continue;
        }
        count++;
    }
    *(struct host_port **)field->value = list;
    *field->count = count;
}
