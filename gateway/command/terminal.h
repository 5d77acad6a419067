/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TERMINAL_H
#define FEDGATE_TERMINAL_H

/* Text for people: at most 80 columns wide, coloured where a person looks at it. */

#include <stdbool.h>
#include <stdio.h>

#define TERMINAL_COLUMNS 80u

enum shade { SHADE_NONE, SHADE_GOOD, SHADE_BAD, SHADE_UNSURE };

/* On a terminal, unless NO_COLOR is set. */
bool terminal_wants_colour(FILE *out);
bool terminal_is_one(FILE *out);
/* Of a terminal, from 40 to 140; TERMINAL_COLUMNS of anything else. */
unsigned terminal_columns(FILE *out);
/* `text` in its shade, padded to `width` columns. */
void terminal_shade(FILE *out, bool colour, enum shade shade, const char *text, int width);

/* `text`, broken at spaces so that it stays within terminal_columns: the first line goes on at `column`, the
 * others begin there. A word that is longer than a line stays whole. Ends with a line feed. */
void terminal_wrap(FILE *out, unsigned column, const char *text);

#endif
