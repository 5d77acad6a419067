/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_CRL_FILE_H
#define FEDGATE_POLICY_CRL_FILE_H

/* CRL files -> a store of CRLs. A file is PEM or DER and holds one CRL or several. A PEM file may also hold
 * the certificates of the CAs that signed them: nothing is trusted through these, but a CRL of an
 * intermediate CA, which no root tells of, can then be checked as it is read. */

#include "policy/files_digest.h"
#include "policy/partner.h"
#include "policy/revocation.h"
#include "policy/yaml_keys.h"

#define CRL_FILE_LARGEST (16u * 1024u * 1024u) /* octets */
#define CRLS_MOST 200u                         /* of one list of files */
/* A CRL that ends within ENDS_SOON_DAYS is worth a warning, also one that never lives longer: whoever lists
 * a file has to replace it. */

struct crl_loading {
    const struct trust_anchors *anchors; /* whose CRLs these should be */
    const struct partner *partner;       /* only the anchors that it lists; NULL: all of them */
    enum revocation_rule rule;           /* for the messages */
    int64_t now;
    struct problems *problems;
    struct files_digest *digest; /* or NULL */
};

/* All files of a YAML list, named beside the file that is read. What is wrong is a problem at the place where
 * the file is named: an error where it cannot be read or used, a warning where a CRL has ended or is of no
 * known CA. NULL: the list names no file, or there is no memory (reported). The caller owns the store. */
struct crl_store *crl_files_load(const struct crl_loading *loading, struct yaml_reading *reading,
                                 const struct yaml_node *sources);

#endif
