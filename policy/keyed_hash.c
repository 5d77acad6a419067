/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/keyed_hash.h"

#include <endian.h>
#include <string.h>

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static void compress(struct state *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static void absorb(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    compress(s);
    compress(s);
    s->v0 ^= word;
}

/* Words in little-endian order whatever the machine, so that gateways of a pool agree. */
static void absorb_text(struct state *s, struct text t)
{
    uint64_t word, last = (uint64_t)t.length << 56;

    while (t.length >= 8) {
        memcpy(&word, t.at, 8);
        absorb(s, le64toh(word));
        t = text_skip(t, 8);
    }
    for (size_t i = 0; i < t.length; i++)
        last |= (uint64_t)(unsigned char)t.at[i] << (8 * i);
    absorb(s, last);
}

static uint64_t finish(struct state *s)
{
    s->v2 ^= 0xff;
    for (int i = 0; i < 4; i++)
        compress(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t keyed_hash_pieces(const struct hash_key *key, const struct text *piece, size_t count)
{
    struct state s = {
        .v0 = key->word[0] ^ 0x736f6d6570736575u,
        .v1 = key->word[1] ^ 0x646f72616e646f6du,
        .v2 = key->word[0] ^ 0x6c7967656e657261u,
        .v3 = key->word[1] ^ 0x7465646279746573u,
    };
    for (size_t i = 0; i < count; i++) {
        if (count > 1)
            absorb(&s, piece[i].length);
        absorb_text(&s, piece[i]);
    }
    return finish(&s);
}

uint64_t keyed_hash(const struct hash_key *key, struct text t)
{
    return keyed_hash_pieces(key, &t, 1);
}
