/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server with the key and a client that believes anybody talk to each other; the client's check of the
 * server's signature is the whole point. */
#include "gateway/tls/key_trial.h"

#include "gateway/tls/context_library.h"

#include <stdlib.h>
#include <string.h>

#define WIRE_OCTETS 65536u
#define TURNS_MOST 20

struct wire {
    size_t length;
    char octets[WIRE_OCTETS];
};

struct end {
    WOLFSSL_CTX *library;
    WOLFSSL *ssl;
    struct wire in; /* what the other end has sent */
    struct end *other;
};

static int take(WOLFSSL *ssl, char *buffer, int size, void *context)
{
    struct wire *in = &((struct end *)context)->in;
    (void)ssl;
    if (in->length == 0 || size <= 0) {
        return WOLFSSL_CBIO_ERR_WANT_READ;
    }
    size_t taken = in->length < (size_t)size ? in->length : (size_t)size;
    memcpy(buffer, in->octets, taken);
    memmove(in->octets, in->octets + taken, in->length - taken);
    in->length -= taken;
    return (int)taken;
}

static int give(WOLFSSL *ssl, char *buffer, int size, void *context)
{
    struct wire *out = &((struct end *)context)->other->in;
    (void)ssl;
    if (size < 0 || (size_t)size > WIRE_OCTETS - out->length) {
        return WOLFSSL_CBIO_ERR_GENERAL;
    }
    memcpy(out->octets + out->length, buffer, (size_t)size);
    out->length += (size_t)size;
    return size;
}

static bool start(struct end *end, WOLFSSL_CTX *library, struct end *other)
{
    end->library = library;
    end->other = other;
    if (library == NULL) {
        return false;
    }
    wolfSSL_CTX_set_verify(library, WOLFSSL_VERIFY_NONE, NULL);
    wolfSSL_CTX_SetIORecv(library, take);
    wolfSSL_CTX_SetIOSend(library, give);
    end->ssl = wolfSSL_new(library);
    if (end->ssl == NULL) {
        return false;
    }
    wolfSSL_SetIOReadCtx(end->ssl, end);
    wolfSSL_SetIOWriteCtx(end->ssl, end);
    return true;
}

static void stop(struct end *end)
{
    wolfSSL_free(end->ssl);
    wolfSSL_CTX_free(end->library);
}

static WOLFSSL_CTX *server_library(struct text chain, struct text key)
{
    WOLFSSL_CTX *library = wolfSSL_CTX_new(wolfSSLv23_server_method());
    if (library == NULL) {
        return NULL;
    }
    if (wolfSSL_CTX_use_certificate_chain_buffer(library, (const unsigned char *)chain.at,
                                                 (long)chain.length) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_use_PrivateKey_buffer(library, (const unsigned char *)key.at, (long)key.length,
                                          WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS) {
        wolfSSL_CTX_free(library);
        return NULL;
    }
    return library;
}

static bool shake_hands(struct end *client, struct end *server)
{
    bool client_done = false, server_done = false;
    for (int turn = 0; turn < TURNS_MOST && !(client_done && server_done); turn++) {
        int result = client_done ? WOLFSSL_SUCCESS : wolfSSL_connect(client->ssl);
        if (result != WOLFSSL_SUCCESS && wolfSSL_get_error(client->ssl, result) != WOLFSSL_ERROR_WANT_READ) {
            return false;
        }
        client_done = result == WOLFSSL_SUCCESS;
        result = server_done ? WOLFSSL_SUCCESS : wolfSSL_accept(server->ssl);
        if (result != WOLFSSL_SUCCESS && wolfSSL_get_error(server->ssl, result) != WOLFSSL_ERROR_WANT_READ) {
            return false;
        }
        server_done = result == WOLFSSL_SUCCESS;
    }
    return client_done && server_done;
}

bool key_trial(struct text chain_pem, struct text key_pem)
{
    struct end *ends = calloc(2, sizeof *ends);
    if (ends == NULL) {
        return false;
    }
    bool good = start(&ends[0], wolfSSL_CTX_new(wolfSSLv23_client_method()), &ends[1]) &&
                start(&ends[1], server_library(chain_pem, key_pem), &ends[0]) &&
                shake_hands(&ends[0], &ends[1]);
    stop(&ends[0]);
    stop(&ends[1]);
    free(ends);
    return good;
}
