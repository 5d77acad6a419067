/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/utf8.h"

#include <stdio.h>
#include <string.h>

/* RFC 3629 section 4: how many octets follow a first octet, and the smallest code point that may be written
 * so. */
static size_t tail_of(unsigned char first, uint32_t *bits, uint32_t *least)
{
    if (first < 0x80) {
        *bits = first;
        *least = 0;
        return 0;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        *bits = first & 0x1fu;
        *least = 0x80;
        return 1;
    }
    if (first >= 0xe0 && first <= 0xef) {
        *bits = first & 0x0fu;
        *least = 0x800;
        return 2;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        *bits = first & 0x07u;
        *least = 0x10000;
        return 3;
    }
    return SIZE_MAX;
}

size_t utf8_next(struct text t, uint32_t *code_point)
{
    uint32_t value, least;
    size_t tail = tail_of((unsigned char)t.at[0], &value, &least);

    if (tail == SIZE_MAX || tail >= t.length)
        return 0;
    for (size_t i = 1; i <= tail; i++) {
        unsigned char octet = (unsigned char)t.at[i];
        if ((octet & 0xc0u) != 0x80u)
            return 0;
        value = value << 6 | (octet & 0x3fu);
    }
    if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *code_point = value;
    return tail + 1;
}

bool utf8_is_visible(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
        return false;
    if (c == 0x2028 || c == 0x2029 || c == 0xfeff) /* separators, byte order mark */
        return false;
    if ((c >= 0x202a && c <= 0x202e) ||
        (c >= 0x2066 && c <= 0x2069)) /* direction: embedding, override, isolate */
        return false;
    return (c & 0xfffeu) != 0xfffeu; /* noncharacters */
}

const char *utf8_quote(struct text t, char to[UTF8_QUOTED])
{
    size_t used = 0;

    while (t.length > 0) {
        uint32_t c = 0;
        size_t octets = utf8_next(t, &c);
        bool visible = octets > 0 && utf8_is_visible(c);
        if (!visible)
            octets = 1;
        if (used + (visible ? octets : 4) > UTF8_QUOTED - 4) {
            memcpy(to + used, "...", 3);
            used += 3;
            break;
        }
        if (visible)
            memcpy(to + used, t.at, octets);
        else
            snprintf(to + used, 5, "\\x%02x", (unsigned char)t.at[0]);
        used += visible ? octets : 4;
        t = text_skip(t, octets);
    }
    to[used] = '\0';
    return to;
}
