/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LOG_JSON_LINE_H
#define FEDGATE_LOG_JSON_LINE_H

/* Writes one JSON object into fixed memory (RFC 8259). Whatever the octets of a value, the object stays one
 * line, well formed, and printable.
 *
 * Strings: a line is ASCII alone, so that nothing from outside can change how it looks. Controls, '"' and '\'
 * are escaped; valid UTF-8 becomes \uXXXX; an octet that is not valid UTF-8 becomes \ufffd. A value longer
 * than JSON_LINE_VALUE_MOST is cut and ends in "..." . A member for which there is no room is left out whole,
 * and the object then ends in "cut":true. An array takes at most half of the room that is left; elements
 * beyond that are left out, and "cut" says so. */

#include "policy/text.h"

#define JSON_LINE_VALUE_MOST 512u /* octets of a string value, before escaping */

struct json_line {
    char *to;
    size_t size, length; /* octets; the last few of size are kept for the end */
    bool cut;            /* a member was left out */
    bool first;          /* no comma is due */
};

void json_line_begin(struct json_line *json, char *to, size_t size); /* size >= 64 */
/* Keys are literals of ours, never from outside, with all that stands between the value before and theirs. */
#define JSON_KEY(name) TEXT(",\"" name "\":")
void json_line_text(struct json_line *json, struct text key, struct text value);
/* The same for a literal of ours, or digits: no octet of it needs an escape. */
void json_line_word(struct json_line *json, struct text key, struct text value);
void json_line_texts(struct json_line *json, struct text key, const struct text *values, size_t count);
void json_line_number(struct json_line *json, struct text key, int64_t value);
/* The object and a newline; returns the length of the line. */
size_t json_line_end(struct json_line *json);

/* The escaped octets of a string, without quotes. Returns the length, or SIZE_MAX when they do not fit. */
size_t json_line_escape(struct text value, char *to, size_t size);

#endif
