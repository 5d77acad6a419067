/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/hop_parts.h"

#include <stdio.h>

#include <utlist.h>

#include "gateway/relay/records.h"

/* Which open session a request goes on. */

const struct partner *hop_partner(const struct hop *hop)
{
    return hop->partner == NULL
               ? NULL
               : partner_set_by_name(hop->worker->snapshot->settings->partners, text_of(hop->partner));
}

/* A session stands as long as the records that prove it: what came in their place is what it is judged with
 * from now on, and where that proves another, it is drained. */
static bool still_proven(struct session *session, const struct speak_result *speak,
                         const struct srv_record_set *records)
{
    if (speak->verdict != SPEAK_ALLOWED) {
        if (speak->verdict == SPEAK_DENIED && !records_failed(speak->reason))
            session_drain(session, speak->reason, "the DNS says otherwise than when it was opened");
        return false;
    }
    srv_record_set_release(session->records);
    session->records = srv_record_set_hold(records);
    return true;
}

/* RFC 5923 9.3: a session proven for one domain serves another only where its certificate carries that one
 * too. */
bool hop_serves(struct hop *hop, struct session *session, const struct transaction *transaction)
{
    const struct srv_record_set *records = transaction->records;
    struct text domain = {transaction->domain, transaction->domain_length};

    if (session->snapshot != hop->worker->snapshot)
        session_judge_again(session);
    if (!session_is_open(session))
        return false;
    bool is_own = text_equal_ignoring_case(text_of(session->domain), domain);
    if (hop->partner == NULL || (is_own && records == session->records))
        return true;
    const struct partner *partner = hop_partner(hop);
    if (is_own && (partner == NULL || !identity_rule_needs_dnssec(partner->identity)))
        return true;
    if (partner == NULL)
        return false;
    if (identity_rule_needs_dns(partner->identity) && records == NULL &&
        !records_peek(hop->worker, partner, domain, &records))
        return false;
    struct srv_answer answer = {0};
    if (records != NULL)
        answer = identity_answer_of_server(partner, &records->answer, text_of(hop->host), hop->port);
    struct speak_result speak = peer_may_speak_for(
        session->peer, partner, domain, records == NULL ? NULL : &answer, worker_wall_clock(), NULL);
    worker_ask_needs(hop->worker);
    return is_own ? still_proven(session, &speak, records) : speak.verdict == SPEAK_ALLOWED;
}

static size_t sessions_allowed(struct hop *hop)
{
    const struct partner *partner = hop_partner(hop);

    if (hop->partner == NULL)
        return HOP_SESSIONS_INSIDE;
    if (partner == NULL || !partner->is_discovered)
        return partner == NULL ? 0 : partner->limits.connections;
    return HOP_SESSIONS_DISCOVERED;
}

/* The Call-ID is hashed once a request, with a secret; the hop need not be. */
static uint64_t affinity_key(const struct hop *hop, struct transaction *transaction)
{
    if (transaction->call_hash == 0)
        transaction->call_hash = keyed_hash(&hop->worker->branch_keys[0], transaction->call_id) | 1;
    return transaction->call_hash ^ (uint64_t)(uintptr_t)hop * 0x9e3779b97f4a7c15u;
}

static struct affinity *affinity_of(const struct worker *worker, uint64_t key)
{
    return &worker->affinity[(key >> 32) % HOP_AFFINITIES];
}

void hop_remember(struct session *session, struct transaction *transaction)
{
    struct worker *worker = session->worker;

    if (session->hop == NULL)
        return;
    uint64_t key = affinity_key(session->hop, transaction);
    struct affinity *affinity = affinity_of(worker, key);

    affinity->key = key;
    if (affinity->session == session)
        return;
    if (affinity->session != NULL)
        DL_DELETE2(affinity->session->affinities, affinity, session_previous, session_next);
    affinity->session = session;
    DL_APPEND2(session->affinities, affinity, session_previous, session_next);
}

void hop_forget_affinities(struct session *session)
{
    struct affinity *affinity;

    DL_FOREACH2(session->affinities, affinity, session_next)
    {
        affinity->session = NULL;
    }
    session->affinities = NULL;
}

static struct session *remembered(struct hop *hop, const struct transaction *transaction, uint64_t key)
{
    const struct affinity *affinity = affinity_of(hop->worker, key);

    if (affinity->session == NULL || affinity->key != key || !hop_serves(hop, affinity->session, transaction))
        return NULL;
    return affinity->session;
}

/* Rendezvous hashing: the same session for the same Call-ID as long as it lives, and an even share for each.
 */
static struct session *drawn(struct hop *hop, const struct transaction *transaction, uint64_t key)
{
    struct session *best = NULL, *session, *next;
    uint64_t highest = 0;

    DL_FOREACH_SAFE2(hop->sessions, session, next, hop_next)
    {
        uint64_t score = (key ^ session->id) * 0x9e3779b97f4a7c15u;
        score ^= score >> 32;
        if ((best == NULL || score > highest) && hop_serves(hop, session, transaction)) {
            best = session;
            highest = score;
        }
    }
    return best;
}

struct session *hop_session(struct hop *hop, struct transaction *transaction)
{
    struct text domain = {transaction->domain, transaction->domain_length};
    uint64_t key = affinity_key(hop, transaction);
    struct session *best = remembered(hop, transaction, key);

    if (best == NULL)
        best = drawn(hop, transaction, key);
    if (best != NULL && best->downstream_count >= HOP_SESSION_BUSY && !hop->has_begun &&
        hop->session_count < sessions_allowed(hop) && hop->rest_until_ms <= worker_now(hop->worker)) {
        snprintf(hop->domain, sizeof(hop->domain), "%.*s", hop->partner == NULL ? 0 : (int)domain.length,
                 domain.at);
        hop_begin(hop, NULL);
    }
    return best;
}
