/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TLS_CHANNEL_H
#define FEDGATE_TLS_CHANNEL_H

/* One TLS session as a transform over memory: ciphertext in, plaintext out, and back. It knows no socket,
 * timer or loop. Mutual authentication always: both roles present a chain, and the owner's judge decides on
 * the peer's.
 *
 * A session's story: create; client: start; feed what the stream reads. judge is asked once, in the middle of
 * the handshake; established comes once; then data. A refusal or failure ends in TLS_FAILED, the peer's
 * close_notify in TLS_CLOSED. Alerts due to the peer have gone to `output` by the time a call returns: flush,
 * close, then destroy.
 *
 * What a callback may do. established, data: write and shutdown on this channel, everything on others; not
 * feed, not destroy. judge, output: nothing on this channel. Breaking this is asserted. */

#include "gateway/tls/context.h"
#include "policy/reason.h"
#include "policy/text.h"

#define TLS_SCRATCH_OCTETS 16384u         /* the plaintext of the largest record */
#define TLS_HANDSHAKE_OCTETS_MOST 131072u /* from the peer, before the handshake ends (tls-failed) */
#define TLS_HANDSHAKE_RECORDS_MOST 512u   /* the same, in records */
#define TLS_RECORDS_WITHOUT_DATA_MOST 32u /* in a row after it: KeyUpdates, empty records (tls-failed) */
#define TLS_CHAIN_MOST 16u                /* certificates of the peer that are shown to the judge */

enum tls_state {
    TLS_HANDSHAKE,   /* also before start */
    TLS_ESTABLISHED, /* data may flow; a TLS 1.3 client: see tls_channel_proven */
    TLS_CLOSED,      /* the peer sent close_notify, or we did; nothing more is delivered */
    TLS_FAILED       /* refused, broken or cut off: see tls_channel_reason */
};

struct tls_channel_events {
    /* The complete presented chain, leaf first; called exactly once in a handshake that gets that far; not
     * when the peer presents none (REASON_NO_CERTIFICATE) or one that the library cannot read at all
     * (REASON_MALFORMED_CERTIFICATE). The peer has not yet proven possession of the leaf's key. The texts
     * live only during the call. REASON_OK lets the handshake go on; anything else ends it, and is what
     * tls_channel_reason says from then on. */
    enum reason (*judge)(void *owner, const struct text *ders, size_t count);
    /* Ciphertext for the stream; must take all of it (back-pressure is above: see tls_channel_write). */
    void (*output)(void *owner, struct text octets);
    /* The handshake is complete: the peer holds the key of the chain that was judged. */
    void (*established)(void *owner);
    /* Plaintext, in the scratch memory lent to tls_channel_feed. */
    void (*data)(void *owner, struct text octets);
};

struct tls_channel;

/* `server_name`: SNI, client only; TEXT_NONE (or an IP address) sends none. `events` must outlive the
 * channel. NULL: no memory. An idle established channel holds about 10 kB with the bundled library. */
struct tls_channel *tls_channel_create(const struct tls_context *context, struct text server_name,
                                       const struct tls_channel_events *events, void *owner)
    __attribute__((warn_unused_result));
/* Sends nothing. Not from a callback of this channel. NULL is fine. */
void tls_channel_destroy(struct tls_channel *channel);

/* Client only, once: sends the hello. A server waits for feed. */
enum tls_state tls_channel_start(struct tls_channel *channel);

/* What the stream read, in any fragments. `scratch` is lent during the call and shared by all channels of a
 * thread: at least TLS_SCRATCH_OCTETS. Once closed or failed, octets are dropped. */
enum tls_state tls_channel_feed(struct tls_channel *channel, struct text ciphertext, char *scratch,
                                size_t scratch_size);

/* The stream ended. After close_notify nothing changes; without it the channel fails: REASON_TLS_FAILED in
 * the handshake, REASON_PEER_CLOSED (truncated) after it. */
enum tls_state tls_channel_end(struct tls_channel *channel);

/* TLS_ESTABLISHED only (asserted). All octets are taken, in as few records as possible: give many messages at
 * once. False: the channel has failed. */
bool tls_channel_write(struct tls_channel *channel, struct text octets) __attribute__((warn_unused_result));

/* Sends close_notify, once; in a handshake or after failure nothing. Then TLS_CLOSED, except where it has
 * failed. */
void tls_channel_shutdown(struct tls_channel *channel);

enum tls_state tls_channel_state(const struct tls_channel *channel);
/* Has the peer shown that it accepts us? A TLS 1.3 client is established before the server has looked at our
 * certificate; a refusal comes later, as an alert. True from the first data on (at once for servers and
 * TLS 1.2). */
bool tls_channel_proven(const struct tls_channel *channel);
/* Did the peer say close_notify? */
bool tls_channel_peer_closed(const struct tls_channel *channel);

/* Why it failed: REASON_TLS_FAILED, REASON_NO_CERTIFICATE, REASON_MALFORMED_CERTIFICATE (the library could
 * not read one, the judge was not asked), REASON_PEER_CLOSED, or the judge's own; REASON_OK while it has not.
 */
enum reason tls_channel_reason(const struct tls_channel *channel);
/* More on it, printable ASCII: "the peer's alert: bad certificate", "plain SIP on a TLS port", "unsupported
 * cipher suite". Empty when there is nothing to say. Returns the length as snprintf. */
int tls_channel_detail(const struct tls_channel *channel, char *to, size_t size);
/* Established: "TLSv1.3 TLS_AES_128_GCM_SHA256", static. Otherwise "". */
const char *tls_channel_protocol(const struct tls_channel *channel);

#endif
