/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_EXTENSION_H
#define FEDGATE_POLICY_EXTENSION_H

/* Extension (RFC 5280 4.1), which certificates, CRLs and OCSP share. */

#include "policy/der.h"

struct extension {
    struct text oid;   /* content of the OID */
    struct text value; /* content of extnValue */
    bool critical;
};

/* Takes the next one off *rest. False: it cannot be read. */
bool extension_next(struct text *rest, struct extension *extension) __attribute__((warn_unused_result));

#endif
