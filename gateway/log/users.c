/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/log/users.h"

#include "gateway/log/json_line.h"

#include <stdio.h>
#include <string.h>

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static uint64_t read_word(const uint8_t *at)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 8; i++) {
        word |= (uint64_t)at[i] << (8 * i);
    }
    return word;
}

static void sip_rounds(uint64_t v[4], int count)
{
    for (int i = 0; i < count; i++) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

uint64_t users_hash(const uint8_t key[AUDIT_KEY_OCTETS], struct text input)
{
    uint64_t k0 = read_word(key), k1 = read_word(key + 8);
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
                     k1 ^ 0x7465646279746573u};
    uint8_t last[8] = {0};
    size_t whole = input.length / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word = read_word((const uint8_t *)input.at + i);
        v[3] ^= word;
        sip_rounds(v, 2);
        v[0] ^= word;
    }
    if (input.length > whole) {
        memcpy(last, input.at + whole, input.length - whole);
    }
    last[7] = (uint8_t)input.length;
    v[3] ^= read_word(last);
    sip_rounds(v, 2);
    v[0] ^= read_word(last);
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct parts {
    struct text scheme; /* with its colon; empty when there is none */
    struct text user;   /* without a password */
    struct text host;
};

/* Where it is in doubt what belongs to the user part, more of the URI does. */
static struct parts split(struct text uri)
{
    struct parts parts = {0};
    const char *colon = text_find(uri, ':');
    if (colon != NULL) {
        parts.scheme = text_from(uri.at, colon + 1);
        uri = text_skip(uri, parts.scheme.length);
    }
    size_t at = uri.length;
    while (at > 0 && uri.at[at - 1] != '@') {
        at--;
    }
    bool sip = text_equal_ignoring_case(parts.scheme, TEXT("sip:")) ||
               text_equal_ignoring_case(parts.scheme, TEXT("sips:"));
    if (at > 0) {
        parts.user = text_from(uri.at, uri.at + at - 1);
        parts.host = text_skip(uri, at);
        const char *password = text_find(parts.user, ':');
        if (password != NULL) {
            parts.user = text_from(parts.user.at, password);
        }
    } else if (sip) {
        parts.host = uri;
    } else {
        parts.user = uri;
    }
    return parts;
}

static struct text bounded(struct text t, size_t most)
{
    return t.length <= most ? t : (struct text){t.at, most};
}

static size_t append(char *to, size_t length, struct text octets)
{
    struct text fits = bounded(octets, USERS_URI_MOST - length);
    if (fits.length > 0) {
        memcpy(to + length, fits.at, fits.length);
    }
    return length + fits.length;
}

size_t users_print(enum audit_users users, const uint8_t key[AUDIT_KEY_OCTETS], struct text uri,
                   char to[USERS_URI_MOST])
{
    struct parts parts = split(uri);
    size_t length = append(to, 0, bounded(parts.scheme, 32));
    if (parts.user.length > 0 && users != AUDIT_USERS_DOMAIN) {
        char word[24];
        struct text shown = bounded(parts.user, 256);
        if (users == AUDIT_USERS_HASH) {
            int printed =
                snprintf(word, sizeof word, "user-%016llx", (unsigned long long)users_hash(key, parts.user));
            shown = (struct text){word, (size_t)printed};
        }
        length = append(to, length, shown);
        if (parts.host.length > 0) {
            length = append(to, length, TEXT("@"));
        }
    }
    return append(to, length, bounded(parts.host, 256));
}
