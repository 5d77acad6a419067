/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TLS_CHANNEL_STATE_H
#define FEDGATE_TLS_CHANNEL_STATE_H

/* What the three files of a channel share: channel.c moves octets, channel_judge.c asks who the peer is,
 * channel_report.c tells what became of it. */

#include "gateway/tls/channel.h"
#include "gateway/tls/context_library.h"
#include "gateway/tls/record_guard.h"
#include "gateway/tls/suite.h"

/* Why a channel failed, where the reason alone says too little. */
enum channel_fault {
    FAULT_NONE,
    FAULT_LIBRARY, /* channel.error says more, or the peer's alert */
    FAULT_REFUSED, /* the judge said no */
    FAULT_BAD_RECORD,
    FAULT_PLAIN_TEXT,
    FAULT_HANDSHAKE_TOO_LONG,
    FAULT_NO_DATA,
    FAULT_NOT_JUDGED,
    FAULT_SUITE,
    FAULT_ENDED_IN_HANDSHAKE,
    FAULT_ENDED_UNPROVEN,
    FAULT_TRUNCATED
};

struct tls_channel {
    WOLFSSL *ssl;         /* owned */
    WOLFSSL_CTX *library; /* alive as long as ssl */
    const struct tls_channel_events *events;
    void *owner;
    struct text input; /* the rest of what feed was given */
    struct record_guard guard;
    uint32_t handshake_octets; /* from the peer */
    const struct tls_suite *suite;
    int error; /* the library's, for FAULT_LIBRARY */
    enum tls_role role;
    enum tls_state state;
    enum channel_fault fault;
    enum reason reason;  /* why it failed */
    enum reason verdict; /* the judge's; meaningful once judged */
    bool judged;
    bool chain_seen;  /* the library has looked at certificates since the last clean-up */
    bool proven;      /* the peer has shown that it accepts us */
    bool peer_closed; /* close_notify came */
    bool closing;     /* close_notify was sent */
    bool feeding;     /* re-entrancy: in start or feed */
    bool silent;      /* re-entrancy: in judge or output, where nothing may be called */
};

void channel_fail(struct tls_channel *channel, enum reason reason, enum channel_fault fault, int error);

/* The library's verify callback: true lets the handshake go on. */
int channel_judge(int preverified, WOLFSSL_X509_STORE_CTX *store);
/* What the reason of a handshake is that the library ended with this error. */
enum reason channel_reason_of(int error);

#endif
