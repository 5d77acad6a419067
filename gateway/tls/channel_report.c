/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of a channel, in words. */
#include "gateway/tls/channel_state.h"

#include <stdio.h>

/* RFC 8446 6 and RFC 5246 7.2. */
static const char *alert_words(int alert)
{
    static const struct {
        int number;
        const char *words;
    } alerts[] = {
        {0, "close notify"},
        {10, "unexpected message"},
        {20, "bad record MAC"},
        {22, "record overflow"},
        {40, "handshake failure"},
        {41, "no certificate"},
        {42, "bad certificate"},
        {43, "unsupported certificate"},
        {44, "certificate revoked"},
        {45, "certificate expired"},
        {46, "certificate unknown"},
        {47, "illegal parameter"},
        {48, "unknown CA"},
        {49, "access denied"},
        {50, "decode error"},
        {51, "decrypt error"},
        {70, "protocol version"},
        {71, "insufficient security"},
        {80, "internal error"},
        {86, "inappropriate fallback"},
        {90, "user canceled"},
        {100, "no renegotiation"},
        {109, "missing extension"},
        {110, "unsupported extension"},
        {112, "unrecognized name"},
        {113, "bad certificate status response"},
        {116, "certificate required"},
        {120, "no application protocol"},
    };
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++) {
        if (alerts[i].number == alert) {
            return alerts[i].words;
        }
    }
    return "unknown";
}

static int library_detail(const struct tls_channel *channel, char *to, size_t size)
{
    WOLFSSL_ALERT_HISTORY history = {.last_rx = {-1, -1}, .last_tx = {-1, -1}};
    if (channel->error == FATAL_ERROR &&
        wolfSSL_get_alert_history(channel->ssl, &history) == WOLFSSL_SUCCESS && history.last_rx.code >= 0) {
        return snprintf(to, size, "the peer's alert: %s (%d)", alert_words(history.last_rx.code),
                        history.last_rx.code);
    }
    return snprintf(to, size, "%s (%d)", wolfSSL_ERR_reason_error_string((unsigned long)channel->error),
                    channel->error);
}

static const char *fault_words(enum channel_fault fault)
{
    switch (fault) {
    case FAULT_BAD_RECORD:
        return "what came is no TLS record";
    case FAULT_PLAIN_TEXT:
        return "plain text, perhaps SIP over TCP, on a TLS port";
    case FAULT_HANDSHAKE_TOO_LONG:
        return "the handshake is longer than allowed";
    case FAULT_NO_DATA:
        return "too many records without data";
    case FAULT_NOT_JUDGED:
        return "the handshake ended without a certificate to judge";
    case FAULT_SUITE:
        return "the handshake ended with a suite or group that is not one of ours";
    case FAULT_ENDED_IN_HANDSHAKE:
        return "the peer closed in the handshake";
    case FAULT_ENDED_UNPROVEN:
        return "the peer closed before it had accepted our certificate";
    case FAULT_TRUNCATED:
        return "the peer closed without close_notify";
    case FAULT_NONE:
    case FAULT_LIBRARY:
    case FAULT_REFUSED:
    default:
        return "";
    }
}

int tls_channel_detail(const struct tls_channel *channel, char *to, size_t size)
{
    if (channel->fault == FAULT_LIBRARY) {
        return library_detail(channel, to, size);
    }
    return snprintf(to, size, "%s", fault_words(channel->fault));
}

enum tls_state tls_channel_state(const struct tls_channel *channel)
{
    return channel->state;
}

bool tls_channel_proven(const struct tls_channel *channel)
{
    return channel->proven;
}

bool tls_channel_peer_closed(const struct tls_channel *channel)
{
    return channel->peer_closed;
}

enum reason tls_channel_reason(const struct tls_channel *channel)
{
    return channel->state == TLS_FAILED ? channel->reason : REASON_OK;
}

const char *tls_channel_protocol(const struct tls_channel *channel)
{
    return channel->suite == NULL || channel->state == TLS_HANDSHAKE ? "" : channel->suite->protocol;
}
