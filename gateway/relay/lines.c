/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/lines.h"

#include <string.h>

void lines_init(struct lines *lines, char *at, size_t size)
{
    *lines = (struct lines){.at = at, .size = size};
}

void lines_add(struct lines *lines, struct text part)
{
    if (lines->failed || part.length > lines->size - lines->used) {
        lines->failed = true;
        return;
    }
    if (part.length > 0)
        memcpy(lines->at + lines->used, part.at, part.length);
    lines->used += part.length;
}

void lines_add_number(struct lines *lines, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    lines_add(lines, (struct text){digits + at, sizeof(digits) - at});
}

struct text lines_end(struct lines *lines, size_t begin)
{
    return lines->failed ? TEXT_NONE : (struct text){lines->at + begin, lines->used - begin};
}
