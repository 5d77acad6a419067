/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_CRL_PARTS_H
#define FEDGATE_POLICY_CRL_PARTS_H

/* What the files that read a CRL share; of no use to others. */

#include "policy/crl.h"
#include "policy/der.h"

/* The content of [0] of TBSCertList. False with *why set: it cannot be read, or the list cannot be used. */
bool crl_read_extensions(struct crl *crl, struct text list, const char **why)
    __attribute__((warn_unused_result));
/* The content of revokedCertificates; after the extensions, which say how it is meant. */
bool crl_read_entries(struct crl *crl, struct text list, const char **why)
    __attribute__((warn_unused_result));

#endif
