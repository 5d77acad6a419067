/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_UTF8_H
#define FEDGATE_POLICY_UTF8_H

/* UTF-8 (RFC 3629), read strictly: no overlong form, no surrogate, nothing above U+10FFFF. */

#include "policy/text.h"

/* The code point at the start of `t` (not empty) and its octets; 0 when they are not UTF-8. */
size_t utf8_next(struct text t, uint32_t *code_point);
/* May a person see it for what it is? False for control characters (line feed and tab too), for line and
 * paragraph separators, and for what turns the direction of text around. */
bool utf8_is_visible(uint32_t code_point);

#define UTF8_QUOTED 100u
/* `t` for a message: visible characters as they are, others as \xHH, cut short with "..." after about 80
 * octets. Returns `to`. */
const char *utf8_quote(struct text t, char to[UTF8_QUOTED]);

#endif
