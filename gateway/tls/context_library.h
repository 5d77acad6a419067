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

struct tls_context {
    WOLFSSL_CTX *library; /* owned: one reference */
    enum tls_role role;
};

/* Gives every future session of the context the channel's callbacks: input, output, and the judge of the
 * peer. */
void channel_attach(WOLFSSL_CTX *library);

#endif
