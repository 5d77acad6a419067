/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/bench/load/tls.h"

#include <openssl/err.h>
#include <string.h>

#include "test/bench/load/base.h"

static BIO_METHOD *bio_method;

const char *tls_reason(void)
{
    unsigned long e = ERR_peek_last_error();
    const char *s = e ? ERR_reason_error_string(e) : NULL;
    return s ? s : "closed";
}

/* Transport of an SSL object: reads what the worker has just received, writes
 * to the connection's output buffer, so that TLS work makes no system calls. */
static int bio_write(BIO *b, const char *p, int n)
{
    struct connection *connection = BIO_get_data(b);
    if (connection->out_length + (size_t)n > connection->out_capacity)
        connection->out =
            grow(connection->out, connection->out_capacity = (connection->out_length + (size_t)n) * 2);
    memcpy(connection->out + connection->out_length, p, (size_t)n);
    connection->out_length += (size_t)n;
    return n;
}

static int bio_read(BIO *b, char *p, int n)
{
    struct connection *connection = BIO_get_data(b);
    struct worker *worker = connection->worker;
    BIO_clear_retry_flags(b);
    if (worker->unread == worker->received_end) {
        BIO_set_retry_read(b);
        return -1;
    }
    if (n > worker->received_end - worker->unread)
        n = (int)(worker->received_end - worker->unread);
    memcpy(p, worker->unread, (size_t)n);
    worker->unread += n;
    return n;
}

static long bio_ctrl(BIO *b, int cmd, long l, void *p)
{
    (void)b, (void)l, (void)p;
    return cmd == BIO_CTRL_FLUSH;
}

void tls_init(void)
{
    bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "worker buffer");
    BIO_meth_set_write(bio_method, bio_write);
    BIO_meth_set_read(bio_method, bio_read);
    BIO_meth_set_ctrl(bio_method, bio_ctrl);
}

void connection_tls(struct connection *connection, SSL_CTX *ctx)
{
    BIO *b = BIO_new(bio_method);
    connection->tls = SSL_new(ctx);
    if (!b || !connection->tls)
        die("out of memory");
    BIO_set_data(b, connection);
    BIO_set_init(b, 1);
    SSL_set_bio(connection->tls, b, b);
    SSL_set_app_data(connection->tls, connection);
    if (connection->role == SERVER) {
        SSL_set_accept_state(connection->tls);
        return;
    }
    SSL_set_connect_state(connection->tls);
    SSL_set_tlsext_host_name(connection->tls, connection->flow->sni);
    SSL_set1_host(connection->tls, connection->flow->sni);
    if (options.resume && connection->ticket)
        SSL_set_session(connection->tls, connection->ticket);
}

static int new_session(SSL *ssl, SSL_SESSION *s)
{
    struct connection *connection = SSL_get_app_data(ssl);
    SSL_SESSION_free(connection->ticket);
    connection->ticket = s;
    return 1;
}

static void set_resumption(SSL_CTX *x, bool server)
{
    if (!options.resume) {
        SSL_CTX_set_options(x, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(x, 0);
        SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_OFF);
    } else if (!server) {
        SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(x, new_session);
    }
}

SSL_CTX *tls_context(bool server, const char *cert, const char *key, const char *ca)
{
    SSL_CTX *x = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    int v = !strcmp(options.tls, "1.2") ? TLS1_2_VERSION : TLS1_3_VERSION;
    SSL_CTX_set_min_proto_version(x, v);
    SSL_CTX_set_max_proto_version(x, v);
    if (SSL_CTX_use_certificate_chain_file(x, cert) != 1)
        die("certificate %s: %s", cert, tls_reason());
    if (SSL_CTX_use_PrivateKey_file(x, key, SSL_FILETYPE_PEM) != 1)
        die("key %s: %s", key, tls_reason());
    if (SSL_CTX_load_verify_locations(x, ca, NULL) != 1)
        die("CA %s: %s", ca, tls_reason());
    SSL_CTX_set_verify(x, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_mode(x,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | (options.mode == IDLE ? SSL_MODE_RELEASE_BUFFERS : 0));
    SSL_CTX_set_session_id_context(x, (const unsigned char *)"sip-load", 7);
    set_resumption(x, server);
    return x;
}
