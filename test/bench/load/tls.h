/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_TLS_H
#define BENCH_LOAD_TLS_H

/* OpenSSL, fed by the worker: it makes no system calls of its own. */

#include "test/bench/load/worker.h"

/* Before all else. */
void tls_init(void);
/* Both ways certificates are asked for and verified against `ca`. Files are PEM; trouble ends the process. */
SSL_CTX *tls_context(bool server, const char *cert, const char *key, const char *ca);
/* Puts TLS on the connection, in its role. */
void connection_tls(struct connection *connection, SSL_CTX *ctx);
/* The last trouble, in OpenSSL's words. */
const char *tls_reason(void);

#endif
