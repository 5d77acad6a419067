/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SIP_PARAMETER_H
#define FEDGATE_SIP_PARAMETER_H

/* What is separated by semicolons (parameters) and by commas (lists of values). Quoted strings are respected
 * in both, angle brackets in lists. Blanks and folds around separators are passed over. */

#include "policy/text.h"

enum sip_next { SIP_NEXT_ITEM, SIP_NEXT_END, SIP_NEXT_MALFORMED };

struct sip_parameter {
    struct text name;
    struct text value; /* a quoted string without its quotes, still escaped; empty without a value */
    bool has_value, is_quoted;
    struct text whole; /* name to end of value */
};

/* `rest` begins as all parameters, "a;b=c" with or without a leading semicolon, and is what is still to come
 * after each call. MALFORMED: an empty parameter, a name that is no token, an unterminated string, blanks or
 * '<' '>' ',' '@' in a value. */
enum sip_next sip_parameter_next(struct text *rest, struct sip_parameter *parameter);
/* The first parameter of that name, ignoring case. False also when something before it is malformed. */
bool sip_parameter_find(struct text parameters, struct text name, struct sip_parameter *parameter);

/* `rest` begins as the whole value of a header that is a list. `element` comes without blanks at its ends.
 * MALFORMED: an empty element, an unterminated string or bracket. */
enum sip_next sip_list_next(struct text *rest, struct text *element);

#endif
