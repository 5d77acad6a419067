/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_RELAY_H
#define FEDGATE_RELAY_RELAY_H

/* The story of a message.
 *
 * A request: read (relay.c) -> CANCEL, ACK, one that is for us -> route_read -> judged -> composed -> a
 * target is chosen and it is sent (forward.c). It parks where DNS has to be asked first. A response: its
 * transaction is found by our branch, and it goes up (response.c). "No" at any point is an answer and an
 * audit line. */

#include "gateway/relay/route.h"
#include "gateway/relay/session.h"

/* From the session's framer; `line_ends` as it gave them. `octets` live only during the call. */
void relay_message(struct session *session, struct text octets, size_t header_length,
                   const struct sip_line_ends *line_ends);
/* A message that could not be framed: answers it where that can be done. The caller skips or closes. */
void relay_unframed(struct session *session, struct text octets, size_t header_length, enum reason reason,
                    const char *what);

/* ---- between the files of the relay ---- */

/* admission.c: a transaction for a request that has just come, linked to its session. NULL: *bound names what
 * is full. */
struct transaction *relay_admit(struct session *session, const struct sip_message *message,
                                const struct transaction_key *key, const struct partner *partner,
                                bool is_parked, const char **bound);

/* targets.c: our own servers; or those of transaction->partner, where `records` is what DNS said (NULL with
 * fixed ones). */
void relay_target_servers(struct transaction *transaction, const struct route *route);
void relay_target_partner(struct transaction *transaction, const struct route *route,
                          const struct srv_record_set *records);

/* response.c */
void relay_response(struct session *session, const struct sip_message *message);
/* Cancels what was sent downstream (RFC 3261 9.1), now or as soon as a provisional answer is there. */
void relay_cancel_downstream(struct transaction *transaction);

/* forward.c */
/* Starts on the first target: transaction composed, targets set. */
void relay_forward(struct transaction *transaction);
/* The target failed: on to the next, or up with the failure. */
void relay_try_next(struct transaction *transaction, enum reason reason);
/* From hop.c, out of a clean stack. */
void relay_hop_ready(struct transaction *transaction, struct session *session);
void relay_hop_failed(struct transaction *transaction, enum reason reason);

/* finish.c */
/* The end of a transaction that needs no more answer: audit line, all that it holds let go. */
void relay_end(struct transaction *transaction, enum reason reason, int status, const char *detail);
/* Answers upstream with the reason's status (timed-out only to INVITE, RFC 4320 4.2) and ends. */
void relay_refuse(struct transaction *transaction, enum reason reason, const char *detail);
/* The audit line only: an INVITE that waits for its ACK, or for more 2xx. Not counted as in flight any more.
 */
void relay_settle(struct transaction *transaction, enum transaction_state state, enum reason reason,
                  int status);
void relay_free(struct transaction *transaction);
/* Its question was answered or abandoned. */
void relay_forget_question(struct transaction *transaction);
/* A session has ended. */
void relay_session_ended(struct session *session);
/* Time passes. */
void relay_expire(struct worker *worker);
void relay_link_upstream(struct transaction *transaction, struct session *session);
void relay_link_downstream(struct transaction *transaction, struct session *session);
void relay_unlink_downstream(struct transaction *transaction);

#endif
