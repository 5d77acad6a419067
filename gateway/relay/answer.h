/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_ANSWER_H
#define FEDGATE_RELAY_ANSWER_H

/* What the gateway says itself: answers to requests, and the audit lines of requests and sessions. */

#include "gateway/relay/session.h"

/* Which way a request from this session goes. */
enum direction session_direction(const struct session *session);

/* One answer of our own, without a transaction. `extra_lines`: whole header lines, or none. Returns the
 * status that was sent; 0 when none could be (an ACK, or no octet of the request to answer to). */
int answer(struct session *session, const struct sip_message *request, int status, struct text extra_lines);
/* The refusal of a request: status and, towards our servers (or a partner with diagnostics), the Reason
 * header. */
int answer_refusal(struct session *session, const struct sip_message *request, enum reason reason,
                   const struct partner *partner, struct text extra_lines);
/* Is this the ACK for a final answer of our own? Known by the tag that we gave, without any state. */
bool answer_is_acknowledged(const struct worker *worker, const struct sip_message *ack);

/* The same from what a transaction remembers. Does nothing when the upstream session is gone. */
int answer_transaction(struct transaction *transaction, int status, enum reason reason);

/* One audit line for a request that was refused at once. `message` may be only partly read. */
void audit_refusal(const struct session *session, const struct sip_message *message, enum reason reason,
                   int status, const struct partner *partner, const char *detail);
/* The line of a transaction that ends. */
void audit_transaction(const struct transaction *transaction, enum reason reason, int status,
                       const char *detail);
/* session-accepted, session-refused or session-closed, with all that is known of the peer. */
void audit_session(const struct session *session, enum audit_event event, enum reason reason,
                   const char *detail);

#endif
