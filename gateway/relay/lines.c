/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/lines.h"

void lines_init(struct lines *lines, char *at, size_t size)
{
    *lines = (struct lines){.out = {.to = at, .capacity = size}};
}

void lines_add(struct lines *lines, struct text part)
{
    writer_put(&lines->out, part);
}

void lines_add_number(struct lines *lines, uint64_t number)
{
    writer_put_number(&lines->out, number);
}

struct text lines_end(struct lines *lines, size_t begin)
{
    return lines->out.failed ? TEXT_NONE : (struct text){lines->out.to + begin, lines->out.length - begin};
}
