/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_JSON_H
#define FEDGATE_JSON_H

/* Writes one JSON document (RFC 8259), indented by two spaces, straight to a stream. Commas and escapes are
 * its job; that objects and arrays are closed in order is the caller's (asserted). */

#include <stdint.h>
#include <stdio.h>

#include "policy/text.h"

#define JSON_DEPTH_MOST 16u

struct json {
    FILE *out; /* borrowed */
    unsigned depth;
    bool has_entries[JSON_DEPTH_MOST];
};

void json_begin(struct json *json, FILE *out);
void json_end(struct json *json); /* writes the last line feed */

/* `name`: of the member; NULL within an array, and for the document itself. */
void json_object(struct json *json, const char *name);
void json_object_end(struct json *json);
void json_array(struct json *json, const char *name);
void json_array_end(struct json *json);
void json_string(struct json *json, const char *name, const char *value); /* NULL value: null */
void json_text(struct json *json, const char *name, struct text value); /* what is not UTF-8 becomes U+FFFD */
void json_number(struct json *json, const char *name, int64_t value);
void json_boolean(struct json *json, const char *name, bool value);
void json_null(struct json *json, const char *name);
void json_time(struct json *json, const char *name, int64_t seconds); /* RFC 3339, UTC */

#endif
