/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/dialog.h"

#include <string.h>

#include "policy/domain.h"

#define DIGITS 16u

static uint64_t authenticator(const struct hash_key *key, char direction, struct text domain,
                              struct text call_id)
{
    char lower[DOMAIN_LONGEST];
    struct text piece[3] = {{&direction, 1}, {lower, domain.length}, call_id};

    for (size_t i = 0; i < domain.length; i++)
        lower[i] = text_lower(domain.at[i]);
    return keyed_hash_pieces(key, piece, 3);
}

static void write_hex(uint64_t value, char *to)
{
    for (size_t i = 0; i < DIGITS; i++)
        to[i] = "0123456789abcdef"[(value >> (60 - 4 * i)) & 15];
}

size_t dialog_mark_write(const struct hash_key *key, enum direction direction, struct text domain,
                         struct text call_id, char *to, size_t capacity)
{
    char letter = direction == DIRECTION_INBOUND ? 'i' : 'o';
    size_t length = 1 + DIGITS + 1 + domain.length;

    if (domain.length > DOMAIN_LONGEST || length > capacity)
        return 0;
    to[0] = letter;
    write_hex(authenticator(key, letter, domain, call_id), to + 1);
    to[1 + DIGITS] = '-';
    memcpy(to + 2 + DIGITS, domain.at, domain.length);
    return length;
}

bool dialog_mark_read(const struct hash_key *key, struct text value, struct text call_id,
                      struct dialog_mark *mark)
{
    char expected[DIGITS];
    unsigned difference = 0;

    if (value.length < 3 + DIGITS || value.length > 2 + DIGITS + DOMAIN_LONGEST ||
        value.at[1 + DIGITS] != '-')
        return false;
    if (value.at[0] != 'i' && value.at[0] != 'o')
        return false;
    struct text domain = text_skip(value, 2 + DIGITS);
    write_hex(authenticator(key, value.at[0], domain, call_id), expected);
    for (size_t i = 0; i < DIGITS; i++) /* in constant time */
        difference |= (unsigned)(expected[i] ^ text_lower(value.at[1 + i]));
    if (difference != 0)
        return false;
    mark->direction = value.at[0] == 'i' ? DIRECTION_INBOUND : DIRECTION_OUTBOUND;
    mark->domain = domain;
    return true;
}
