/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_RELAY_EXCHANGE_H
#define FEDGATE_TEST_RELAY_EXCHANGE_H

/* One request from inside to fabrikam's edge, and the answers to it. */

#include "relay_fixture.h"

#include <stdio.h>

#define REQUEST(method, more)                                                                                \
    method " sip:bob@fabrikam.example SIP/2.0\nVia: SIP/2.0/TLS fe1.corp.example;branch=z9hG4bKa\n"          \
           "From: <sip:alice@corp.example>;tag=1\nTo: <sip:bob@fabrikam.example>\nCall-ID: a\n"              \
           "CSeq: 1 " method "\n" more "Content-Length: 0\n\n"

static char branch[BRANCH_LENGTH + 1];

static inline void send_on(const char *method)
{
    char text[1024];
    snprintf(text, sizeof(text), REQUEST("%s", ""), method, method);
    lab_hear(lab.inside, text);
    lab_said(lab.inside); /* a 100 */
    assert_int_equal(strncmp(lab_said(lab.edge), method, strlen(method)), 0);
    strcpy(branch, lab_branch());
}

/* An answer of the partner's edge to what was sent on. */
static inline void reply_by(struct session *session, int status, const char *method, const char *more)
{
    char text[2048];
    snprintf(text, sizeof(text),
             "SIP/2.0 %d Whatever\nVia: SIP/2.0/TLS sip.corp.example:5061;branch=%s\n"
             "Via: SIP/2.0/TLS fe1.corp.example;branch=z9hG4bKa;received=10.0.0.5\n"
             "From: <sip:alice@corp.example>;tag=1\nTo: <sip:bob@fabrikam.example>;tag=2\nCall-ID: a\n"
             "CSeq: 1 %s\n%sContent-Length: 0\n\n",
             status, branch, method, more);
    lab_hear(session, text);
}

static inline void reply(int status, const char *method)
{
    reply_by(lab.edge, status, method, "");
}

#define count_of_transactions() transaction_table_count(lab.worker->transactions)

static inline struct session *second_edge(void)
{
    struct session *edge2 = lab_session(PEER_EXTERNAL, true, 0);
    lab_join(edge2, lab.fabrikam, "edge2.fabrikam.example", 5061);
    return edge2;
}

#endif
