/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_PEER_JUDGEMENT_H
#define FEDGATE_POLICY_PEER_JUDGEMENT_H

/* The first of the two questions: who is this peer, and for which domains may it speak? Asked at the
 * handshake with the presented chain; possession of the key is the TLS library's to prove. Pure. */

#include "policy/identity.h"
#include "policy/peer_revocation.h"
#include "policy/policy.h"
#include "policy/trust_path.h"

enum peer_side { PEER_INTERNAL, PEER_EXTERNAL };
enum peer_role { PEER_AS_CLIENT, PEER_AS_SERVER }; /* what the peer is in TLS */

#define PEER_PATHS_MOST 8u     /* paths of one chain that are remembered, one for each anchor */
#define PEER_PRESENTED_MOST 4u /* and of those that end at a presented CA */
#define PEER_DETAIL 320u

/* A judged peer: what its chain proves. Lives with its session, and only as long as the chain and the policy
 * that it was judged under. */
struct peer {
    enum peer_side side;
    enum peer_role role;
    const struct presented_chain *chain; /* borrowed */
    /* Those to anchors; behind them, from PEER_PATHS_MOST on, those to presented CAs, which only a TLSA
     * record can make something of: looked for when one is first asked about. */
    struct trust_path path[PEER_PATHS_MOST + PEER_PRESENTED_MOST];
    size_t path_count, presented_count;
    bool presented_known;
    enum reason presented_reason; /* why there are none */
    const struct partner
        *partner; /* the first partner that it was found to be; NULL inside or when only DNS can tell */
    const struct partner
        *candidate;   /* inbound: whom the session is counted for. NULL when only DNS can tell and no name in
                         the certificate lies in a domain of any: then it may be anyone's, and shall be
                         counted for no one before a request of it was believed. Where discovered domains are
                         all that is left, it is counted for them at once */
    struct text name; /* the name in the certificate that was matched; borrowed from the chain */
    int64_t
        valid_until; /* the earliest end of a certificate of the first path; INT64_MAX where none is needed */
    struct peer_revocations revocations; /* of the paths */
    struct peer_evidence evidence;       /* the caller's, set before the judgement */
};

struct peer_verdict {
    enum reason reason; /* REASON_OK: the session may stand */
    char detail[PEER_DETAIL];
};

/* A session with one of our own servers, either role. */
struct peer_verdict peer_judge_internal(const struct policy *policy, const struct presented_chain *chain,
                                        enum peer_role role, int64_t now, const struct check_log *log,
                                        const struct trust_trace *trace, struct peer *peer);

/* A session that a partner opened: which partners can this be? */
struct peer_verdict peer_judge_inbound(const struct policy *policy, const struct presented_chain *chain,
                                       int64_t now, const struct check_log *log,
                                       const struct trust_trace *trace, struct peer *peer);

/* A session that we opened towards `domain` of `partner`. `answer` is what DNS said of the domain (NULL where
 * the identity rule needs none). */
struct peer_verdict peer_judge_outbound(const struct policy *policy, const struct partner *partner,
                                        struct text domain, const struct srv_answer *answer,
                                        const struct presented_chain *chain, int64_t now,
                                        const struct check_log *log, const struct trust_trace *trace,
                                        struct peer *peer);

/* May a peer that was let in speak for a domain of this partner? Of the peer it changes what is remembered of
 * revocation, nothing else. */
enum speak_verdict { SPEAK_ALLOWED, SPEAK_DENIED, SPEAK_NEEDS_SRV };
struct speak_result {
    enum speak_verdict verdict;
    enum reason reason;            /* when denied */
    const struct trust_path *path; /* when allowed: the path that it is believed through; NULL: a TLSA record
                                      of usage 3 needs none */
    struct text matched;           /* the name in the certificate; none where none is needed */
    const struct tlsa_record *record; /* rule dane: that matched; borrowed from the answer */
};
struct speak_result peer_may_speak_for(struct peer *peer, const struct partner *partner, struct text domain,
                                       const struct srv_answer *answer, int64_t now,
                                       const struct check_log *log);

#endif
