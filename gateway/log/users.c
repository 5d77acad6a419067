/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/log/users.h"

#include "gateway/log/json_line.h"
#include "policy/keyed_hash.h"

#include <stdio.h>
#include <string.h>

uint64_t users_hash(const uint8_t key[AUDIT_KEY_OCTETS], struct text input)
{
    struct hash_key words;

    memcpy(words.word, key, sizeof(words.word));
    return keyed_hash(&words, input);
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
