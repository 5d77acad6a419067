/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/revocation_needs.h"

#include <string.h>

static void append(struct revocation_need *need, struct text more)
{
    size_t room = sizeof(need->key) - need->key_length;
    size_t length = more.length < room ? more.length : room;

    if (length > 0)
        memcpy(need->key + need->key_length, more.at, length);
    need->key_length += length;
}

struct revocation_need revocation_need_listed(struct text url)
{
    struct revocation_need need = {.kind = EVIDENCE_CRL, .url = url};
    append(&need, url);
    return need;
}

/* A sound URL holds no space. */
struct revocation_need revocation_need_of_point(struct text url, const struct certificate *issuer)
{
    static const char digits[] = "0123456789abcdef";
    struct revocation_need need = revocation_need_listed(url);

    append(&need, TEXT(" "));
    for (size_t i = 0; i < sizeof(issuer->key_sha256); i++) {
        const char octet[2] = {digits[issuer->key_sha256[i] >> 4], digits[issuer->key_sha256[i] & 0xf]};
        append(&need, (struct text){octet, sizeof(octet)});
    }
    return need;
}

struct revocation_need revocation_need_of_entry(const struct evidence_entry *entry)
{
    struct revocation_need need = {.kind = EVIDENCE_CRL, .url = evidence_entry_url(entry)};
    append(&need, entry->key);
    return need;
}

struct text revocation_need_key(const struct revocation_need *need)
{
    return need->kind == EVIDENCE_CRL ? (struct text){need->key, need->key_length}
                                      : (struct text){(const char *)&need->id, sizeof(need->id)};
}

static bool is_same(const struct revocation_need *a, const struct revocation_need *b)
{
    if (a->kind != b->kind)
        return false;
    return text_equal(revocation_need_key(a), revocation_need_key(b));
}

void revocation_needs_add(struct revocation_needs *needs, const struct revocation_need *need, bool must_wait)
{
    if (needs == NULL)
        return;
    needs->must_wait = needs->must_wait || must_wait;
    for (size_t i = 0; i < needs->count; i++) {
        if (!is_same(&needs->need[i], need))
            continue;
        needs->need[i].is_doubted = needs->need[i].is_doubted || need->is_doubted;
        return;
    }
    if (needs->count < REVOCATION_NEEDS_MOST)
        needs->need[needs->count++] = *need;
}
