/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_PROBE_SESSION_H
#define FEDGATE_PROBE_SESSION_H

/* One TLS session with a partner's server for a command that waits: each call runs the loop until it is done
 * or its time is over. In this order: open, handshake, ask; close in every case. */

#include "gateway/net/stream.h"
#include "gateway/tls/channel.h"

#define PROBE_ANSWER_LARGEST 65536u /* octets of answers that are kept */
#define PROBE_WHY 400u

struct probe_session;

struct probe_session *
probe_session_create(uv_loop_t *loop, const struct tls_context *context, struct text server_name,
                     enum reason (*judge)(void *owner, const struct text *ders, size_t count), void *owner)
    __attribute__((warn_unused_result)); /* NULL: no memory */
/* Each: REASON_OK, or why not, with words in `why`. */
enum reason probe_session_open(struct probe_session *session, const union address *address, uint64_t most_ms,
                               char why[PROBE_WHY]);
enum reason probe_session_handshake(struct probe_session *session, uint64_t most_ms, char why[PROBE_WHY]);
/* `octets` may be empty. Waits until `is_enough` says so of all that came in answer, which it gets again and
 * again. */
enum reason probe_session_ask(struct probe_session *session, struct text octets,
                              bool (*is_enough)(void *context, struct text received), void *context,
                              uint64_t most_ms, char why[PROBE_WHY]);
const char *probe_session_protocol(const struct probe_session *session); /* "" before the handshake */
void probe_session_close(struct probe_session *session);                 /* frees it; NULL is fine */

#endif
