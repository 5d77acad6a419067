/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TLS_CONTEXT_LIBRARY_H
#define FEDGATE_TLS_CONTEXT_LIBRARY_H

/* What context and channel share behind their headers: the only files that see the TLS library. */

#include "gateway/tls/context.h"

#ifndef WOLFSSL_USER_SETTINGS
#include <wolfssl/options.h>
#endif
#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#if !defined(WOLFSSL_ALWAYS_VERIFY_CB) || !defined(WOLFSSL_VERIFY_CB_ALL_CERTS)
#error "this wolfSSL does not ask the verify callback about every chain: peers would pass without a judgement"
#endif
#ifndef WOLFSSL_ALT_CERT_CHAINS
#error "this wolfSSL keeps the CAs of a chain that our callback lets pass, and believes through them later"
#endif
#ifdef NO_VERIFY_OID
#error "this wolfSSL does not hold a signature's algorithm against the kind of the key"
#endif

struct tls_context {
    WOLFSSL_CTX *library; /* owned: one reference */
    enum tls_role role;
};

/* Gives every future session of the context the channel's callbacks: input, output, and the judge of the
 * peer. */
void channel_attach(WOLFSSL_CTX *library);

#endif
