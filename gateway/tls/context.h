/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TLS_CONTEXT_H
#define FEDGATE_TLS_CONTEXT_H

/* What all TLS sessions of one side and one role have in common: own chain and key, versions, suites, groups.
 * A context holds no trust anchors, ever: who is believed is judged outside of the TLS library (see
 * channel.h). There is no resumption: no cache, no tickets, no PSK. A context belongs to one thread. */

#include "policy/text.h"

enum tls_role { TLS_SERVER, TLS_CLIENT };

struct tls_context;

/* Once for the process, before any thread starts. False: the library cannot be used. */
bool tls_library_start(void) __attribute__((warn_unused_result));
void tls_library_stop(void);
/* At the end of each thread that used TLS: frees what the library keeps for it. */
void tls_thread_end(void);
/* For `fedgate version`: "5.7.2 (bundled, AES-NI)". Static. */
const char *tls_library_version(void);

/* `chain_pem`: our chain, leaf first; `key_pem`: the leaf's key, unencrypted (RSA, P-256, P-384, Ed25519).
 * Both are only borrowed during the call. NULL: `trouble` holds one sentence for a problem line (chain or key
 * unreadable, key does not match, no memory). Reads no file. */
struct tls_context *tls_context_create(enum tls_role role, struct text chain_pem, struct text key_pem,
                                       char *trouble, size_t trouble_size)
    __attribute__((warn_unused_result));
/* Channels that still use it keep what they need: a reload may destroy it at any time. NULL is fine. */
void tls_context_destroy(struct tls_context *context);

#endif
