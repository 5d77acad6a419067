/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/keyed_hash.h"

#include <endian.h>
#include <string.h>

struct state {
    uint64_t v0, v1, v2, v3;
    uint64_t word;   /* octets that do not fill a word yet; above them zeros */
    unsigned filled; /* how many bits they are: 0 to 56 */
    uint64_t total;  /* octets so far */
};

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static inline __attribute__((always_inline)) void compress(struct state *s)
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

static inline __attribute__((always_inline)) void absorb(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    compress(s);
    compress(s);
    s->v0 ^= word;
}

/* `bits` of a word, the others zeros, behind those that came before. */
static inline __attribute__((always_inline)) void absorb_bits(struct state *s, uint64_t word, unsigned bits)
{
    s->word |= word << s->filled;
    if (s->filled + bits < 64) {
        s->filled += bits;
        return;
    }
    absorb(s, s->word);
    s->word = s->filled == 0 ? 0 : word >> (64 - s->filled);
    s->filled += bits - 64;
}

/* Words in little-endian order whatever the machine, so that gateways of a pool agree. */
static inline __attribute__((always_inline)) void absorb_text(struct state *s, struct text t)
{
    uint64_t word, last = 0;

    s->total += t.length;
    while (t.length >= 8) {
        memcpy(&word, t.at, 8);
        absorb_bits(s, le64toh(word), 64);
        t = text_skip(t, 8);
    }
    for (size_t i = 0; i < t.length; i++)
        last |= (uint64_t)(unsigned char)t.at[i] << (8 * i);
    if (t.length > 0)
        absorb_bits(s, last, 8 * (unsigned)t.length);
}

static void begin(struct state *s, const struct hash_key *key)
{
    *s = (struct state){
        .v0 = key->word[0] ^ 0x736f6d6570736575u,
        .v1 = key->word[1] ^ 0x646f72616e646f6du,
        .v2 = key->word[0] ^ 0x6c7967656e657261u,
        .v3 = key->word[1] ^ 0x7465646279746573u,
    };
}

static inline __attribute__((always_inline)) void absorb_pieces(struct state *s, const struct text *piece, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        absorb_bits(s, (uint32_t)piece[i].length, 32);
        s->total += 4;
        absorb_text(s, piece[i]);
    }
}

static inline __attribute__((always_inline)) uint64_t finish(struct state *s)
{
    for (int i = 0; i < 4; i++)
        compress(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static uint64_t end(struct state *s)
{
    absorb(s, s->word | s->total << 56);
    s->v2 ^= 0xff;
    return finish(s);
}

uint64_t keyed_hash(const struct hash_key *key, struct text t)
{
    struct state s;

    begin(&s, key);
    absorb_text(&s, t);
    return end(&s);
}

uint64_t keyed_hash_pieces(const struct hash_key *key, const struct text *piece, size_t count)
{
    struct state s;

    begin(&s, key);
    absorb_pieces(&s, piece, count);
    return end(&s);
}

void keyed_hash_wide(const struct hash_key *key, const struct text *piece, size_t count, uint64_t hash[2])
{
    struct state s;

    begin(&s, key);
    s.v1 ^= 0xee;
    absorb_pieces(&s, piece, count);
    absorb(&s, s.word | s.total << 56);
    s.v2 ^= 0xee;
    hash[0] = finish(&s);
    s.v1 ^= 0xdd;
    hash[1] = finish(&s);
}
