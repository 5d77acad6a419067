/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_PROBE_MESSAGE_H
#define FEDGATE_PROBE_MESSAGE_H

/* The OPTIONS request of a probe, and what is answered to it. */

#include "gateway/settings.h"
#include "gateway/sip/framer.h"

#define PROBE_REQUEST_LARGEST 2048u
#define PROBE_CALL_ID 33u

struct probe_question {
    char octets[PROBE_REQUEST_LARGEST];
    size_t length;
    char call_id[PROBE_CALL_ID];
    size_t header_size, header_count; /* bounds of an answer */

    /* Of the answer. */
    size_t used; /* octets that were read already */
    struct sip_framer framer;
    int status; /* of the final one; 0: none yet */
    char phrase[80];
    char server[80];    /* who says it is; "" when it does not */
    enum reason reason; /* REASON_OK, or what is wrong with what came */
    const char *what;   /* a literal; NULL when nothing is */
};

/* With our From domain, to the domain itself. False: a name is too long, or no randomness. */
bool probe_question_write(struct probe_question *question, const struct settings *settings,
                          struct text domain) __attribute__((warn_unused_result));
/* For probe_session_ask: is the final answer there, or will none be? */
bool probe_question_is_answered(void *question, struct text received);

#endif
