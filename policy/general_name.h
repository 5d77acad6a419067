/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_GENERAL_NAME_H
#define FEDGATE_POLICY_GENERAL_NAME_H

/* GeneralName (RFC 5280 4.2.1.6): the names of subjectAltName and of name constraints, read in place. */

#include "policy/der.h"

enum general_name_kind {
    GENERAL_NAME_OTHER = 0xa0,
    GENERAL_NAME_EMAIL = 0x81,
    GENERAL_NAME_DNS = 0x82,
    GENERAL_NAME_X400 = 0xa3,
    GENERAL_NAME_DIRECTORY = 0xa4, /* content: a Name with its header */
    GENERAL_NAME_EDI = 0xa5,
    GENERAL_NAME_URI = 0x86,
    GENERAL_NAME_ADDRESS = 0x87,
    GENERAL_NAME_REGISTERED_ID = 0x88
};

struct general_name {
    enum general_name_kind kind;
    struct text content;
};

/* Takes the next name off *rest. False: not DER, or none of the kinds above. */
bool general_name_next(struct text *rest, struct general_name *name) __attribute__((warn_unused_result));

/* Is it written as RFC 5280 4.2.1.6 has names of its kind? (A leading "*." label passes in a DNS name.) */
bool general_name_is_sound(const struct general_name *name);

/* Letters, digits and inner hyphens in labels (RFC 1034 3.5, RFC 1123 2.1), not ending in a number. */
bool host_name_is_sound(struct text name);
bool mailbox_is_sound(struct text address); /* local@host, one @ */

/* "sip:host" without a user part (RFC 5922 7.1): its host. */
bool sip_uri_host(struct text uri, struct text *host);
/* The host of a sip or sips URI, or of one with an authority. False: none can be read, or it is an address.
 */
bool uri_host_name(struct text uri, struct text *host);

#endif
