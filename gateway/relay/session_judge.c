/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/relay/address_count.h"
#include "gateway/relay/answer.h"
#include "gateway/relay/hop.h"
#include "gateway/relay/records.h"

/* The first question, asked at the handshake and again whenever the policy changes. */

static struct peer_verdict judge(struct session *session, struct snapshot *snapshot, struct peer *peer)
{
    const struct policy *policy = &snapshot->settings->policy;
    int64_t now = worker_wall_clock();

    if (session->side == PEER_INTERNAL)
        return peer_judge_internal(policy, session->chain,
                                   session->we_connected ? PEER_AS_SERVER : PEER_AS_CLIENT, now, NULL, NULL,
                                   peer);
    if (!session->we_connected)
        return peer_judge_inbound(policy, session->chain, now, NULL, NULL, peer);

    const struct partner *partner = policy_partner_of(&snapshot->settings->policy, text_of(session->domain));
    /* A reload may have given the domain to nobody, or to another partner than the one that we went to. */
    bool moved = partner != NULL && session->hop != NULL && session->hop->partner != NULL &&
                 strcmp(partner->name, session->hop->partner) != 0;
    if (partner == NULL || moved) {
        struct peer_verdict verdict = {.reason = REASON_UNKNOWN_DOMAIN};
        snprintf(verdict.detail, sizeof(verdict.detail), "%s does not belong to that partner any more",
                 session->domain);
        return verdict;
    }
    struct srv_answer answer = {0};
    if (session->records != NULL)
        answer = identity_answer_of_server(partner, &session->records->answer,
                                           text_of(session->hop == NULL ? "" : session->hop->host),
                                           session->hop == NULL ? 0 : session->hop->port);
    if (!snapshot->settings->dns.trust_ad && answer.security == DNS_SECURE)
        answer.security = DNS_INSECURE; /* believed when it came, and not any more */
    return peer_judge_outbound(policy, partner, text_of(session->domain),
                               session->records == NULL ? NULL : &answer, session->chain, now, NULL, NULL,
                               peer);
}

void session_stop_counting(struct session *session)
{
    if (session->counters == NULL)
        return;
    atomic_fetch_sub(
        session->we_connected ? &session->counters->sessions_out : &session->counters->sessions_in, 1);
    session->counters = NULL;
}

/* A partner's inbound sessions are counted once it is known whose they are. */
static bool count_inbound(struct session *session, const struct partner *partner)
{
    if (partner == NULL || session->counters != NULL || session->we_connected)
        return true;
    struct partner_counters *counters = snapshot_counters(session->worker, session->snapshot, partner);
    if (counters == NULL || atomic_fetch_add(&counters->sessions_in, 1) >= partner->limits.connections) {
        if (counters != NULL)
            atomic_fetch_sub(&counters->sessions_in, 1);
        return false;
    }
    session->counters = counters;
    return true;
}

bool session_is_agreed(const struct session *session)
{
    return session->peer->candidate != NULL && !session->peer->candidate->is_discovered;
}

/* From those that it was counted for until now, if any. */
static bool count_instead(struct session *session, const struct partner *partner)
{
    struct partner_counters *before = session->counters;

    if (before == NULL || before != snapshot_counters(session->worker, session->snapshot, partner)) {
        session->counters = NULL;
        if (!count_inbound(session, partner)) {
            session->counters = before;
            return false;
        }
        if (before != NULL)
            atomic_fetch_sub(&before->sessions_in, 1);
    }
    session->peer->candidate = partner;
    return true;
}

bool session_believe(struct session *session, const struct partner *partner)
{
    if (session->we_connected)
        return true;
    bool was_agreed = session_is_agreed(session);
    if (!was_agreed && !count_instead(session, partner))
        return false;
    if (session_is_agreed(session) && (!was_agreed || session->address_entry != NULL)) {
        address_count_release(session->worker, session);
        session_remember_leaf(session);
    }
    return true;
}

static struct peer_evidence evidence_of(struct worker *worker)
{
    return (struct peer_evidence){.fetched = worker->evidence, .needs = &worker->needs};
}

bool session_judge_first(struct session *session, struct peer *peer, struct peer_verdict *verdict)
{
    struct worker *worker = session->worker;

    worker->needs = (struct revocation_needs){.count = 0};
    peer->evidence = evidence_of(worker);
    *verdict = judge(session, session->snapshot, peer);
    bool may_change = verdict->reason == REASON_OK || verdict->reason == REASON_REVOCATION_UNKNOWN;
    bool waits = worker->needs.must_wait && may_change && worker->shared->fetch != NULL;
    worker_ask_needs(worker);
    return waits;
}

bool session_admit(struct session *session)
{
    const struct partner *candidate = session->peer->candidate;

    if (session->side == PEER_INTERNAL || count_inbound(session, candidate))
        return true;
    session->verdict.reason = REASON_CONNECTION_LIMIT;
    snprintf(session->verdict.detail, sizeof(session->verdict.detail), "partner %s: limits.connections",
             candidate->name);
    return false;
}

enum reason session_judge(void *owner, const struct text *ders, size_t count)
{
    struct session *session = owner;

    session->chain = presented_chain_read(ders, count);
    session->peer = calloc(1, sizeof(*session->peer)); /* whole even where no judgement fills it in */
    if (session->chain == NULL || session->peer == NULL) {
        session->verdict.reason = REASON_OVERLOADED;
        return REASON_OVERLOADED;
    }
    if (session->chain->count > 0)
        session->sender = keyed_hash(&session->worker->branch_keys[0],
                                     (struct text){(const char *)session->chain->certificate[0]->sha256, 32});
    session->awaits_evidence = session_judge_first(session, session->peer, &session->verdict);
    if (session->awaits_evidence)
        return REASON_OK; /* of TLS: nothing crosses before it is judged again */
    if (session->verdict.reason == REASON_OK)
        (void)session_admit(session);
    return session->verdict.reason;
}

/* A CRL may end while the policy stays. */
bool session_is_judged(const struct session *session)
{
    return session->snapshot == session->worker->snapshot &&
           !peer_revocation_is_stale(session->peer, worker_wall_clock());
}

/* A reload may bring a source of revocation that was never asked: no reason to cut off who was let in, for as
 * long as a first answer takes. Once, until all were asked. */
static int64_t grace(struct session *session)
{
    if (session->worker->shared->fetch == NULL)
        return 0;
    if (session->unasked_passes_until == 0)
        session->unasked_passes_until =
            worker_wall_clock() + session->worker->snapshot->settings->fetch.timeout_ms / 1000 + 2;
    return session->unasked_passes_until;
}

/* Where the DNS has been asked lately, and could tell, that is what counts; else what it said when the
 * session was opened. */
static void renew_records(struct session *session)
{
    const struct worker *worker = session->worker;
    const struct srv_record_set *records;
    const struct partner *partner =
        session->we_connected
            ? policy_partner_of(&worker->snapshot->settings->policy, text_of(session->domain))
            : NULL;

    if (partner == NULL || !identity_rule_needs_dns(partner->identity) ||
        !records_peek(worker, partner, text_of(session->domain), &records) ||
        records_failed(records_reason(partner, records)))
        return;
    srv_record_set_hold(records);
    srv_record_set_release(session->records);
    session->records = records;
}

void session_judge_again(struct session *session)
{
    struct worker *worker = session->worker;

    if (session->state != SESSION_OPEN || session_is_judged(session))
        return;
    struct peer *peer = calloc(1, sizeof(*peer));
    if (peer == NULL) {
        session_drain(session, REASON_OVERLOADED, "no memory to judge it again");
        return;
    }
    peer->evidence = evidence_of(worker);
    peer->evidence.unasked_passes_until = grace(session);
    renew_records(session);
    struct peer_verdict verdict = judge(session, worker->snapshot, peer);
    if (!worker->needs.must_wait)
        session->unasked_passes_until = 0;
    worker_ask_needs(worker);
    if (verdict.reason != REASON_OK) {
        free(peer);
        session_drain(session, verdict.reason, verdict.detail);
        return;
    }
    free(session->peer);
    session->peer = peer;
    session->verdict = verdict;
    snapshot_release(session->snapshot);
    session->snapshot = snapshot_hold(worker->snapshot);
}
