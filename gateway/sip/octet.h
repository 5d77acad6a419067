/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SIP_OCTET_H
#define FEDGATE_SIP_OCTET_H

/* What an octet may be in SIP (RFC 3261 25.1), and the two loops that run over every message. For this folder
 * only. */

#include "policy/text.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    OCTET_TOKEN = 0x01,   /* token */
    OCTET_USER = 0x02,    /* userinfo without the '@'; '%' begins an escape */
    OCTET_VISIBLE = 0x04, /* ASCII that prints, without SP */
    OCTET_VALUE =
        0x08,          /* value of a parameter that is not quoted: wider than the grammar, but no delimiter */
    OCTET_NAME = 0x10, /* name of a parameter, in headers (token) and in URIs (paramchar) */
    OCTET_URI = 0x20,  /* anywhere in a URI */
    OCTET_BLANK = 0x40, /* SP, HTAB, CR, LF: what LWS is made of, since lines were cut before */
    OCTET_HEX = 0x80,
    OCTET_PLAIN = 0x100, /* neither cuts a list nor begins or ends a string or brackets: not one of " < > , */
    OCTET_URI_PLAIN = 0x200 /* of OCTET_URI, those that join no parts of it: not one of @ ; ? % */
};

extern const unsigned short octet_classes[256];

static inline bool octet_is(char c, unsigned classes)
{
    return (octet_classes[(unsigned char)c] & classes) != 0;
}

/* How many octets at the start of the text are of the classes. */
static inline size_t octets_span(struct text t, unsigned classes)
{
    size_t count = 0;
    while (count < t.length && octet_is(t.at[count], classes))
        count++;
    return count;
}

/* The same for what is mostly long: four at a time, as long as they share a class. */
static inline size_t octets_long_span(struct text t, unsigned classes)
{
    const unsigned char *at = (const unsigned char *)t.at, *end = at + t.length;
    while (end - at >= 4 && (octet_classes[at[0]] & octet_classes[at[1]] & octet_classes[at[2]] &
                             octet_classes[at[3]] & classes) != 0)
        at += 4;
    while (at < end && (octet_classes[*at] & classes) != 0)
        at++;
    return (size_t)((const char *)at - t.at);
}

/* At least one octet, and all of the classes. */
static inline bool octets_are(struct text t, unsigned classes)
{
    return t.length > 0 && octets_long_span(t, classes) == t.length;
}

static inline struct text octets_skip_blanks(struct text t)
{
    size_t count = octets_span(t, OCTET_BLANK);
    return count == 0 ? t : (struct text){t.at + count, t.length - count};
}

/* Without blanks at both ends. */
static inline struct text octets_trim(struct text t)
{
    t = octets_skip_blanks(t);
    while (t.length > 0 && octet_is(t.at[t.length - 1], OCTET_BLANK))
        t.length--;
    return t;
}

/* text_equal_ignoring_case, inlined: every name of every message goes through here. */
static inline bool octets_equal(struct text a, struct text b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++) {
        if (text_lower(a.at[i]) != text_lower(b.at[i]))
            return false;
    }
    return true;
}

/* The first octet under 0x20 from `at` on; `end` when there is none. Sixteen or eight at a time. */
static inline const char *octets_find_control(const char *at, const char *end)
{
    const uint64_t ones = 0x0101010101010101u;
#ifdef __SSE2__
    for (; end - at >= 16; at += 16) {
        __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(octets, _mm_set1_epi8(0x1f)), octets);
        unsigned found = (unsigned)_mm_movemask_epi8(low);
        if (found != 0)
            return at + __builtin_ctz(found);
    }
#endif
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof(word));
        uint64_t found = (word - ones * 0x20) & ~word & (ones * 0x80);
        if (found != 0) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            return at + __builtin_ctzll(found) / 8; /* the lowest mark is exact, those above may be carries */
#else
            break;
#endif
        }
        at += 8;
    }
    while (at < end && (unsigned char)*at >= 0x20)
        at++;
    return at;
}

/* A quoted string that begins at t.at[0] == '"': its length with both quotes; 0 when it does not end. */
size_t octets_quoted_length(struct text t);

#endif
