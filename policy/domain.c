/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/domain.h"

struct text domain_without_dot(struct text name)
{
    if (name.length > 1 && name.at[name.length - 1] == '.')
        name.length--;
    return name;
}

static bool is_label_octet(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool domain_is_valid(struct text name)
{
    size_t label = 0;
    bool all_digits = true; /* of the last label: a host name never ends in a number (RFC 1123 2.1) */

    name = domain_without_dot(name);
    if (name.length == 0 || name.length > DOMAIN_LONGEST)
        return false;
    for (size_t i = 0; i < name.length; i++) {
        char c = name.at[i];
        if (c == '.') {
            if (label == 0 || name.at[i - 1] == '-')
                return false;
            label = 0;
            all_digits = true;
            continue;
        }
        if (!is_label_octet(c) || (label == 0 && c == '-') || ++label > 63)
            return false;
        all_digits = all_digits && is_digit(c);
    }
    return label > 0 && !all_digits && name.at[name.length - 1] != '-';
}

bool domain_equal(struct text a, struct text b)
{
    return text_equal_ignoring_case(domain_without_dot(a), domain_without_dot(b));
}

bool domain_is_within(struct text name, struct text domain)
{
    name = domain_without_dot(name);
    domain = domain_without_dot(domain);
    if (domain.length == 0 || !text_ends_with_ignoring_case(name, domain))
        return false;
    return name.length == domain.length || name.at[name.length - domain.length - 1] == '.';
}

static bool is_ipv4(struct text host)
{
    unsigned quads = 0;
    while (true) {
        uint64_t quad;
        const char *dot = text_find(host, '.');
        struct text part = dot == NULL ? host : text_from(host.at, dot);
        if (part.length > 3 || !text_to_number(part, 255, &quad) || ++quads > 4)
            return false;
        if (dot == NULL)
            return quads == 4;
        host = text_skip(host, part.length + 1);
    }
}

bool domain_is_address(struct text host)
{
    if (host.length >= 2 && host.at[0] == '[' && host.at[host.length - 1] == ']')
        return true;
    return text_find(host, ':') != NULL || is_ipv4(host);
}

uint64_t domain_hash(struct text name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    name = domain_without_dot(name);
    for (size_t i = 0; i < name.length; i++)
        hash = (hash ^ (unsigned char)text_lower(name.at[i])) * 0x100000001b3u;
    return hash ^ (hash >> 32);
}
