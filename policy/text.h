/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_TEXT_H
#define FEDGATE_POLICY_TEXT_H

/* A text is a view: a pointer and a length into memory that someone else holds. It may contain any octet, NUL
 * included, and is never NUL-terminated by right. Reading never copies and never runs past the end. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
    const char *at; /* borrowed; may be NULL only when length is 0 */
    size_t length;  /* octets */
};

#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})
#define TEXT_NONE ((struct text){NULL, 0})
/* For printf: "%.*s", TEXT_ARGUMENTS(t). Texts from outside go through log_escape first. */
#define TEXT_ARGUMENTS(t) (int)(t).length, (t).at == NULL ? "" : (t).at

/* The small ones are here, since every message goes through them a hundred times. */

/* NULL gives TEXT_NONE. */
static inline struct text text_of(const char *string)
{
    return string == NULL ? TEXT_NONE : (struct text){string, strlen(string)};
}

static inline struct text text_from(const char *at, const char *end)
{
    return (struct text){at, (size_t)(end - at)};
}

/* Without its first count octets; count <= length. */
static inline struct text text_skip(struct text t, size_t count)
{
    return (struct text){t.at + count, t.length - count};
}

static inline bool text_equal(struct text a, struct text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

static inline bool text_starts_with(struct text t, struct text prefix)
{
    return t.length >= prefix.length && text_equal((struct text){t.at, prefix.length}, prefix);
}

/* NULL when absent. */
static inline const char *text_find(struct text t, char c)
{
    return t.length == 0 ? NULL : memchr(t.at, c, t.length);
}

/* ASCII. */
static inline char text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

struct text text_trim(struct text t); /* without SP, HTAB, CR, LF at both ends */

bool text_equal_ignoring_case(struct text a, struct text b); /* ASCII case only (RFC 4343) */
bool text_ends_with_ignoring_case(struct text t, struct text suffix);
int text_compare_ignoring_case(struct text a,
                               struct text b); /* as strcmp, shorter first on a common prefix */

/* A number that can fail: digits only, at least one, no sign, no space, at most `most`. */
bool text_to_number(struct text t, uint64_t most, uint64_t *number);

/* Copies that the caller owns (free). NULL when memory is short. The copy is NUL-terminated. */
char *text_copy(struct text t);
char *text_copy_lower(struct text t);

#endif
