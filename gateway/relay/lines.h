/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_LINES_H
#define FEDGATE_RELAY_LINES_H

/* Header lines that are made for one message, one behind the other in lent memory. What does not fit makes
 * every later line empty and `out.failed` true: the message is then refused rather than sent without a line. */

#include "gateway/sip/writer.h"

struct lines {
    struct writer out; /* all lines so far; failed: see above */
};

void lines_init(struct lines *lines, char *at, size_t size);
/* Begins a line (or the rest of one); lines_end gives all since. */
void lines_add(struct lines *lines, struct text part);
void lines_add_number(struct lines *lines, uint64_t number);
struct text lines_end(struct lines *lines, size_t begin);
#define lines_begin(lines) ((lines)->out.length)

#endif
