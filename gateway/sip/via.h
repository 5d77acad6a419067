/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SIP_VIA_H
#define FEDGATE_SIP_VIA_H

/* One value of Via (RFC 3261 20.42). */

#include "gateway/sip/uri.h"

#define SIP_BRANCH_COOKIE "z9hG4bK" /* RFC 3261 8.1.1.7 */

struct sip_via {
    struct text text;      /* the whole value, without what follows a comma */
    struct text transport; /* "TLS" */
    struct sip_host sent_by;
    struct text parameters; /* without the first semicolon */
    struct text branch;     /* empty: none (RFC 2543) */
    struct text received;   /* IPv6 without brackets, though RFC 5118 4.5 shows both */
    struct text maddr;
    struct text rport_name; /* where "rport" stands, to write "=PORT" behind it; empty: absent */
    struct text rport;      /* its value; empty: none yet (RFC 3581) */
    bool alias;             /* RFC 5923 */
};

/* False: not "SIP/2.0/transport host", malformed parameters, a parameter of the above twice, or a branch that
 * is the cookie alone. */
bool sip_via_read(struct text value, struct sip_via *via);

#endif
