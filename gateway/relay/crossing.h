/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_CROSSING_H
#define FEDGATE_RELAY_CROSSING_H

/* A request that was let in, and how it is written for the other side: border and RFC 3261 16.6. */

#include "gateway/relay/lines.h"
#include "gateway/relay/route.h"
#include "gateway/relay/session.h"
#include "policy/message_judgement.h"

struct crossing {
    struct worker *worker;
    struct session *from;
    const struct sip_message *message;
    const struct route *route;
    enum direction direction;
    const struct partner *partner;
    struct text domain; /* the partner's, for the dialog mark */
};

/* The loop mark of a request: the same when it comes again unchanged in what routing uses (RFC 5393 4.2.1).
 */
uint64_t crossing_loop_mark(const struct worker *worker, const struct sip_message *message,
                            const struct route *route);
/* Has a request with this mark been here? Looks at our own Via values only. */
bool crossing_is_loop(const struct worker *worker, const struct sip_message *message, uint64_t mark);

/* Writes the request into transaction->request (owned by it), with the branch of the transaction. What stood
 * there before is not freed: the message may be a view into it. False: no memory, or the message cannot be
 * written; nothing may be sent then, and transaction->request is as it was. */
bool crossing_compose(const struct crossing *crossing, struct transaction *transaction, uint64_t loop_mark)
    __attribute__((warn_unused_result));

#endif
