/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_CRL_STORE_H
#define FEDGATE_POLICY_CRL_STORE_H

/* The CRLs that a partner file, or `internal`, lists as files, by issuer. Built once, then read by any number
 * of threads. */

#include "policy/crl.h"

/* CRLs of one issuer name that a store takes: cut by distribution point, by reason, by key. Each costs a
 * signature check. */
#define CRL_STORE_SAME_ISSUER_MOST 16u

/* Certificates of those who sign CRLs, given with the files. */
#define CRL_STORE_SIGNERS_MOST 64u

struct crl_store;

struct crl_store *crl_store_create(void);        /* NULL: no memory */
void crl_store_destroy(struct crl_store *store); /* NULL is fine */

/* Takes the CRL in every case. An older one never takes the place of a newer: both stay, since which of them
 * is genuine shows only at the check, and the newest that verifies counts there. An identical one is dropped.
 * False with *why set to a literal: no memory, or too many of one issuer. */
bool crl_store_add(struct crl_store *store, struct crl *take, const char **why)
    __attribute__((warn_unused_result));
size_t crl_store_count(const struct crl_store *store);
const struct crl *crl_store_at(const struct crl_store *store, size_t index);

/* Takes the certificate of one who may have signed a list: whether he may is judged with each path. False:
 * too many. */
bool crl_store_add_signer(struct crl_store *store, struct certificate *take)
    __attribute__((warn_unused_result));
/* `store` may be NULL: none. */
size_t crl_store_signers(const struct crl_store *store, struct certificate *const **signer);

/* Those in the name of `issuer`, newest first; *count of them, at most CRL_STORE_SAME_ISSUER_MOST. `store`
 * may be NULL: none. */
struct crl *const *crl_store_of(const struct crl_store *store, struct text issuer, size_t *count);

#endif
