/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SIP_ADDRESS_H
#define FEDGATE_SIP_ADDRESS_H

/* One value of From, To, Route, Record-Route, Contact, P-Asserted-Identity: a name-addr or an addr-spec, and
 * parameters (RFC 3261 20.10, 25.1). Lists are cut by sip_list_next, or over several headers by
 * sip_values_next. */

#include "gateway/sip/uri.h"

struct sip_address {
    struct text display;    /* a quoted one without its quotes, still escaped; empty when absent */
    struct sip_uri uri;     /* uri.text is the URI as written; any scheme */
    bool is_bracketed;      /* name-addr: the URI stands in angle brackets */
    struct text parameters; /* of the header, without the first semicolon */
    struct text tag;        /* empty: none */
    bool has_tag;
};

/* False: an unterminated quote or bracket, a display name that is neither quoted nor tokens, blanks inside of
 * the brackets, '?' or ',' in a bare addr-spec, malformed parameters, two tags. */
bool sip_address_read(struct text value, struct sip_address *address);

#endif
