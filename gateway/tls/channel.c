/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The happy path is: start (client) or the first feed (server) -> drive_handshake, several times -> settle ->
 * established
 * -> deliver, for ever -> shutdown or the peer's close_notify. Everything else ends in channel_fail, which
 * may be called twice: the first cause stands. */
#include "gateway/tls/channel_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void channel_fail(struct tls_channel *channel, enum reason reason, enum channel_fault fault, int error)
{
    if (channel->state == TLS_FAILED) {
        return;
    }
    channel->state = TLS_FAILED;
    channel->reason = reason;
    channel->fault = fault;
    channel->error = error;
}

/* Is there too much of what brings no data? Also the reason why the library stops reading then. */
static bool within_bounds(struct tls_channel *channel, size_t octets)
{
    if (channel->state == TLS_HANDSHAKE) {
        channel->handshake_octets += (uint32_t)octets; /* a call takes at most a record */
        if (channel->handshake_octets > TLS_HANDSHAKE_OCTETS_MOST ||
            channel->guard.records > TLS_HANDSHAKE_RECORDS_MOST) {
            channel_fail(channel, REASON_TLS_FAILED, FAULT_HANDSHAKE_TOO_LONG, 0);
        }
    } else if (channel->guard.records > TLS_RECORDS_WITHOUT_DATA_MOST) {
        channel_fail(channel, REASON_TLS_FAILED, FAULT_NO_DATA, 0);
    }
    return channel->state != TLS_FAILED;
}

/* The library reads a header, then exactly its fragment: no header reaches it that the guard has not let by.
 */
static int take_input(WOLFSSL *ssl, char *buffer, int size, void *context)
{
    struct tls_channel *channel = context;
    (void)ssl;
    if (channel->input.length == 0 || size <= 0) {
        return WOLFSSL_CBIO_ERR_WANT_READ;
    }
    size_t taken = channel->input.length < (size_t)size ? channel->input.length : (size_t)size;
    if (!record_guard_pass(&channel->guard, (struct text){channel->input.at, taken})) {
        bool text = record_guard_saw_text(&channel->guard);
        channel_fail(channel, REASON_TLS_FAILED, text ? FAULT_PLAIN_TEXT : FAULT_BAD_RECORD, 0);
        return WOLFSSL_CBIO_ERR_GENERAL;
    }
    if (!within_bounds(channel, taken)) {
        return WOLFSSL_CBIO_ERR_GENERAL;
    }
    memcpy(buffer, channel->input.at, taken);
    channel->input = text_skip(channel->input, taken);
    return (int)taken;
}

static int give_output(WOLFSSL *ssl, char *buffer, int size, void *context)
{
    struct tls_channel *channel = context;
    (void)ssl;
    bool outer = channel->silent;
    channel->silent = true;
    channel->events->output(channel->owner, (struct text){buffer, (size_t)size});
    channel->silent = outer;
    return size;
}

void channel_attach(WOLFSSL_CTX *library)
{
    wolfSSL_CTX_SetIORecv(library, take_input);
    wolfSSL_CTX_SetIOSend(library, give_output);
    wolfSSL_CTX_set_verify(library, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, channel_judge);
}

/* RFC 6066 3: host names only, no address. */
static bool name_server(struct tls_channel *channel, struct text name)
{
    bool address = text_find(name, ':') != NULL ||
                   (name.length > 0 && name.at[name.length - 1] >= '0' && name.at[name.length - 1] <= '9');
    if (name.length == 0 || name.length > 253 || address) {
        return true;
    }
    return wolfSSL_UseSNI(channel->ssl, WOLFSSL_SNI_HOST_NAME, name.at, (unsigned short)name.length) ==
           WOLFSSL_SUCCESS;
}

struct tls_channel *tls_channel_create(const struct tls_context *context, struct text server_name,
                                       const struct tls_channel_events *events, void *owner)
{
    struct tls_channel *channel = calloc(1, sizeof *channel);
    if (channel == NULL) {
        return NULL;
    }
    channel->library = context->library;
    channel->role = context->role;
    channel->events = events;
    channel->owner = owner;
    channel->ssl = wolfSSL_new(context->library);
    if (channel->ssl == NULL) {
        goto failed;
    }
    wolfSSL_SetIOReadCtx(channel->ssl, channel);
    wolfSSL_SetIOWriteCtx(channel->ssl, channel);
    wolfSSL_SetCertCbCtx(channel->ssl, channel);
    if (channel->role == TLS_CLIENT &&
        (wolfSSL_UseKeyShare(channel->ssl, WOLFSSL_ECC_X25519) != WOLFSSL_SUCCESS ||
         !name_server(channel, server_name))) {
        goto failed;
    }
    return channel;
failed:
    tls_channel_destroy(channel);
    return NULL;
}

void tls_channel_destroy(struct tls_channel *channel)
{
    if (channel == NULL) {
        return;
    }
    assert(!channel->feeding && !channel->silent);
    wolfSSL_free(channel->ssl);
    free(channel);
}

/* The handshake is through by the library's account; now by ours. */
static void settle(struct tls_channel *channel)
{
    bool version_13 = strcmp(wolfSSL_get_version(channel->ssl), "TLSv1.3") == 0;
    int number = wolfSSL_get_current_cipher_suite(channel->ssl);
    channel->suite = tls_suite_find((uint16_t)number, version_13);
    if (!channel->judged || channel->verdict != REASON_OK) {
        channel_fail(channel, REASON_TLS_FAILED, FAULT_NOT_JUDGED, 0);
    } else if (channel->suite == NULL || !tls_group_is_ours(wolfSSL_get_curve_name(channel->ssl))) {
        channel_fail(channel, REASON_TLS_FAILED, FAULT_SUITE, 0);
    } else {
        channel->state = TLS_ESTABLISHED;
        channel->proven = channel->role == TLS_SERVER || !version_13;
        channel->guard.records = 0;
        channel->events->established(channel->owner);
    }
}

static void drive_handshake(struct tls_channel *channel)
{
    int result = channel->role == TLS_SERVER ? wolfSSL_accept(channel->ssl) : wolfSSL_connect(channel->ssl);
    if (channel->chain_seen) {
        /* Built without alternative chains, the library keeps CAs of the peer as anchors when overruled. */
        wolfSSL_CTX_UnloadCAs(channel->library);
        channel->chain_seen = false;
    }
    if (result == WOLFSSL_SUCCESS) {
        settle(channel);
        return;
    }
    int error = wolfSSL_get_error(channel->ssl, result);
    if (error != WOLFSSL_ERROR_WANT_READ) {
        channel_fail(channel, channel_reason_of(error), FAULT_LIBRARY, error);
    }
}

/* Until the library wants more: it may hold whole records when its own count of pending octets is 0. */
static void deliver(struct tls_channel *channel, char *scratch, size_t size)
{
    while (channel->state == TLS_ESTABLISHED) {
        int result = wolfSSL_read(channel->ssl, scratch, (int)size);
        if (result > 0) {
            channel->guard.records = 0;
            channel->proven = true;
            channel->events->data(channel->owner, (struct text){scratch, (size_t)result});
            continue;
        }
        int error = wolfSSL_get_error(channel->ssl, result);
        if (error == WOLFSSL_ERROR_ZERO_RETURN) {
            channel->peer_closed = true;
            channel->state = TLS_CLOSED;
        } else if (error != WOLFSSL_ERROR_WANT_READ) {
            channel_fail(channel, REASON_TLS_FAILED, FAULT_LIBRARY, error);
        }
        return;
    }
}

enum tls_state tls_channel_start(struct tls_channel *channel)
{
    assert(channel->role == TLS_CLIENT && !channel->feeding && !channel->silent);
    channel->feeding = true;
    if (channel->state == TLS_HANDSHAKE) {
        drive_handshake(channel);
    }
    channel->feeding = false;
    return channel->state;
}

enum tls_state tls_channel_feed(struct tls_channel *channel, struct text ciphertext, char *scratch,
                                size_t scratch_size)
{
    assert(!channel->feeding && !channel->silent && scratch_size >= TLS_SCRATCH_OCTETS);
    channel->feeding = true;
    channel->input = ciphertext;
    if (channel->state == TLS_HANDSHAKE) {
        drive_handshake(channel);
    }
    deliver(channel, scratch, scratch_size < INT32_MAX ? scratch_size : INT32_MAX);
    channel->input = TEXT_NONE;
    channel->feeding = false;
    return channel->state;
}

enum tls_state tls_channel_end(struct tls_channel *channel)
{
    assert(!channel->feeding && !channel->silent);
    if (channel->state == TLS_HANDSHAKE) {
        channel_fail(channel, REASON_TLS_FAILED, FAULT_ENDED_IN_HANDSHAKE, 0);
    } else if (channel->state == TLS_ESTABLISHED && !channel->proven) {
        /* A TLS 1.3 server that refuses our certificate may just drop the connection. */
        channel_fail(channel, REASON_TLS_FAILED, FAULT_ENDED_UNPROVEN, 0);
    } else if (channel->state == TLS_ESTABLISHED) {
        channel_fail(channel, REASON_PEER_CLOSED, FAULT_TRUNCATED, 0);
    }
    return channel->state;
}

bool tls_channel_write(struct tls_channel *channel, struct text octets)
{
    assert(!channel->silent);
    while (octets.length > 0 && channel->state == TLS_ESTABLISHED) {
        int chunk = octets.length < INT32_MAX ? (int)octets.length : INT32_MAX;
        int result = wolfSSL_write(channel->ssl, octets.at, chunk);
        if (result <= 0) {
            channel_fail(channel, REASON_TLS_FAILED, FAULT_LIBRARY, wolfSSL_get_error(channel->ssl, result));
            break;
        }
        octets = text_skip(octets, (size_t)result);
    }
    return channel->state == TLS_ESTABLISHED;
}

void tls_channel_shutdown(struct tls_channel *channel)
{
    assert(!channel->silent);
    if (channel->closing || (channel->state != TLS_ESTABLISHED && channel->state != TLS_CLOSED)) {
        return;
    }
    channel->closing = true;
    channel->state = TLS_CLOSED;
    /* Once: a second call would read. What it answers is of no use any more. */
    (void)wolfSSL_shutdown(channel->ssl);
}
