/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "gateway/relay/session.h"

/* A session whose verdict hangs on a CRL or an OCSP answer that was never asked for: TLS stands, nothing
 * crosses, until the answer is there, or has failed to come. */

static void open_now(struct session *session)
{
    session_open(session);
    stream_resume(session->stream);
    if (session->in_length > 0 && session->state == SESSION_OPEN) /* what came meanwhile */
        session_input(session, TEXT_NONE);
}

void session_check_evidence(struct session *session, uint64_t now)
{
    struct peer_verdict verdict;

    if (session->state != SESSION_CHECKING)
        return;
    struct peer *peer = calloc(1, sizeof(*peer));
    if (peer == NULL) {
        session_close(session, REASON_OVERLOADED, "no memory to judge it again");
        return;
    }
    bool waits = session_judge_first(session, peer, &verdict);
    free(session->peer);
    session->peer = peer;
    session->verdict = verdict;
    if (waits && now < session->evidence_until_ms)
        return;
    session->awaits_evidence = false;
    if (verdict.reason == REASON_OK && session_admit(session))
        open_now(session);
    else
        session_close(session, session->verdict.reason, session->verdict.detail);
}
