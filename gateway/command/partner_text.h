/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_PARTNER_TEXT_H
#define FEDGATE_PARTNER_TEXT_H

/* A partner as `fedgate partners` shows it: every key of its file with defaults filled in, its anchors and
 * its state. */

#include "gateway/command/json.h"
#include "gateway/limits.h"
#include "policy/partner.h"

/* "in force", or what the reason says: "disabled", "not yet in force", "ended". */
const char *partner_state_word(const struct partner *partner, int64_t now);

/* A row, and below it, indented, what has no column: lines of at most 80 columns (one name that is longer
 * stays whole). */
void partner_print_head(FILE *out);
void partner_print(const struct partner *partner, int64_t now, FILE *out);
void limits_print(const struct limits *limits, FILE *out);
/* One object of an array. */
void partner_json(const struct partner *partner, int64_t now, struct json *json);

#endif
