/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/domain.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What a label is made of, for the hosts of every message. */
/* clang-format off */
static const bool label_octets[256] = {
    ['-'] = true, ['_'] = true,
    ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true,
    ['8'] = true, ['9'] = true,
    ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true, ['F'] = true, ['G'] = true, ['H'] = true,
    ['I'] = true, ['J'] = true, ['K'] = true, ['L'] = true, ['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true,
    ['Q'] = true, ['R'] = true, ['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true, ['W'] = true, ['X'] = true,
    ['Y'] = true, ['Z'] = true,
    ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true, ['e'] = true, ['f'] = true, ['g'] = true, ['h'] = true,
    ['i'] = true, ['j'] = true, ['k'] = true, ['l'] = true, ['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true,
    ['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true, ['u'] = true, ['v'] = true, ['w'] = true, ['x'] = true,
    ['y'] = true, ['z'] = true,
};
/* clang-format on */

static bool all_digits(struct text label)
{
    for (size_t i = 0; i < label.length; i++) {
        if (!is_digit(label.at[i]))
            return false;
    }
    return true;
}

bool domain_is_valid(struct text name)
{
    name = domain_without_dot(name);
    if (name.length == 0 || name.length > DOMAIN_LONGEST)
        return false;
    while (true) {
        size_t length = 0;
        while (length < name.length && label_octets[(unsigned char)name.at[length]])
            length++;
        if (length == 0 || length > 63 || name.at[0] == '-' || name.at[length - 1] == '-')
            return false;
        if (length == name.length) /* the last: a host name never ends in a number (RFC 1123 2.1) */
            return !all_digits(name);
        if (name.at[length] != '.')
            return false;
        name = text_skip(name, length + 1);
    }
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

#define ONES 0x0101010101010101u

/* Eight octets, those from A to Z in lower case. */
static uint64_t lower_word(uint64_t word)
{
    uint64_t low = word & ONES * 0x7f;
    uint64_t from_a = low + ONES * (0x80 - 'A'), above_z = low + ONES * (0x7f - 'Z');
    uint64_t upper = (from_a ^ above_z) & ~word & ONES * 0x80;
    return word | upper >> 2;
}

uint64_t domain_hash(struct text name)
{
    const uint64_t factor = 0x9e3779b97f4a7c15u;
    uint64_t hash = factor, word;

    name = domain_without_dot(name);
    hash ^= name.length;
    for (; name.length >= sizeof(word); name = text_skip(name, sizeof(word))) {
        memcpy(&word, name.at, sizeof(word));
        hash = (hash ^ lower_word(word)) * factor;
        hash ^= hash >> 29;
    }
    word = 0;
    for (size_t i = 0; i < name.length; i++)
        word = word << 8 | (unsigned char)name.at[i];
    hash = (hash ^ lower_word(word)) * factor;
    return hash ^ hash >> 32;
}
