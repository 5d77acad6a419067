/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_REQUEST_H
#define FEDGATE_RELAY_REQUEST_H

/* One request on its way through the relay's files. Between them; nobody else's.
 *
 *   relay.c: what it is, and what any proxy checks -> judge.c: may it cross; parking -> crossing.c,
 * targets.c, forward.c
 *                                                     bounds.c: how much the sender may
 *                                                  -> cancel.c: CANCEL */

#include "gateway/relay/relay.h"
#include "policy/message_judgement.h"

struct request {
    struct worker *worker;
    struct session *session;
    const struct sip_message *message;
    struct transaction_key key;           /* of one that has just come */
    struct transaction *parked;           /* NULL when it has just come */
    const struct srv_record_set *records; /* what was parked for; NULL: look into the cache */
    struct route route;
    uint64_t loop_mark;
};

/* Answers, writes the audit line, and lets the parked transaction go, if there is one. */
void request_refuse(struct request *request, enum reason reason, const struct partner *partner,
                    struct text extra_lines, const char *detail);
/* From its route on: a new one, or one whose DNS answer has come. */
void request_begin(struct request *request);
void request_judge(struct request *request);
/* CANCEL is judged like any request, and then concerns its own session's INVITE alone; `invite` may be NULL.
 */
void request_cancel(struct request *request, struct transaction *invite);

/* What DNS says of a domain of the partner: from what was asked for, or the cache. False: it has to be asked.
 */
bool request_records(struct request *request, const struct partner *partner, struct text domain,
                     const struct srv_record_set **records);
/* Whom the session was let in as; NULL inside. */
const struct partner *request_sender(const struct session *session);
/* bounds.c, the rate of the sender, as far as it is known; and for a request that was believed as the
 * partner's, all bounds that were not looked at before: nobody else can use those up. False: it is refused.
 */
bool request_is_within_rate(struct request *request);
bool request_is_within_bounds(struct request *request, const struct partner *partner,
                              const struct message_facts *facts);

#endif
