/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_REMEDY_PARTS_H
#define FEDGATE_REMEDY_PARTS_H

/* What the two files of the remedies share; of no use to others. */

#include "gateway/command/remedy.h"

struct remedy_text {
    char *to; /* REMEDY_SIZE octets, always NUL-terminated */
    size_t length;
};

void remedy_add(struct remedy_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *remedy_file(const char *path); /* its last part */

/* Those reasons where another setting of the partner is tried. False: none was written. */
bool remedy_by_trial(const struct remedy_case *what, struct remedy_text *text);

#endif
