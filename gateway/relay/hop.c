/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/hop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "gateway/relay/relay.h"

static void begin(struct hop *hop, const struct transaction *for_transaction);

static void free_hop(struct hop *hop)
{
    free(hop->key);
    free(hop->host);
    free(hop->partner);
    free(hop);
}

struct hop *hop_find(struct worker *worker, const struct partner *partner, struct text host, uint16_t port)
{
    char key[512];
    struct hop *hop;

    int length = snprintf(key, sizeof(key), "%s %.*s %u", partner == NULL ? "" : partner->name,
                          TEXT_ARGUMENTS(host), port);
    if (length < 0 || (size_t)length >= sizeof(key))
        return NULL;
    HASH_FIND(hh, worker->hops, key, (unsigned)length, hop);
    if (hop != NULL)
        return hop;
    hop = calloc(1, sizeof(*hop));
    if (hop == NULL)
        return NULL;
    hop->worker = worker;
    hop->port = port;
    hop->key = strdup(key);
    hop->host = text_copy_lower(host);
    hop->partner = partner == NULL ? NULL : strdup(partner->name);
    if (hop->key != NULL && hop->host != NULL && (partner == NULL || hop->partner != NULL))
        HASH_ADD_KEYPTR(hh, worker->hops, hop->key, (unsigned)length, hop);
    if (hop->hh.tbl != NULL)
        return hop;
    free_hop(hop);
    return NULL;
}

/* What fails while a session stands (one more that was too many) is no reason to prefer other targets. */
bool hop_is_resting(const struct hop *hop, uint64_t now)
{
    const struct session *session;

    if (hop->rest_until_ms <= now)
        return false;
    DL_FOREACH2(hop->sessions, session, hop_next)
    {
        if (session_is_open(session))
            return false;
    }
    return true;
}

static const struct partner *partner_of(const struct hop *hop)
{
    return hop->partner == NULL
               ? NULL
               : partner_set_by_name(hop->worker->snapshot->settings->partners, text_of(hop->partner));
}

/* ---- open sessions ---- */

/* RFC 5923 9.3: a session proven for one domain serves another only where its certificate carries that one
 * too. */
static bool serves(struct hop *hop, struct session *session, struct text domain)
{
    const struct srv_record_set *records = NULL;

    if (session->snapshot != hop->worker->snapshot)
        session_judge_again(session);
    if (!session_is_open(session))
        return false;
    if (hop->partner == NULL || text_equal_ignoring_case(text_of(session->domain), domain))
        return true;
    const struct partner *partner = partner_of(hop);
    if (partner == NULL)
        return false;
    if (identity_rule_needs_dns(partner->identity) &&
        !resolver_peek_federation_srv(hop->worker->resolver, domain, &records))
        return false;
    struct speak_result speak =
        peer_may_speak_for(session->peer, partner, domain, records == NULL ? NULL : &records->answer,
                           worker_wall_clock(), NULL);
    worker_ask_needs(hop->worker);
    return speak.verdict == SPEAK_ALLOWED;
}

static size_t sessions_allowed(struct hop *hop)
{
    const struct partner *partner = partner_of(hop);

    if (hop->partner == NULL)
        return HOP_SESSIONS_INSIDE;
    return partner == NULL ? 0 : partner->limits.connections;
}

static uint64_t affinity_key(const struct hop *hop, struct text call_id)
{
    struct text piece[2] = {{(const char *)&hop, sizeof(hop)}, call_id};
    return keyed_hash_pieces(&hop->worker->branch_keys[0], piece, 2);
}

void hop_remember(struct session *session, struct text call_id)
{
    struct worker *worker = session->worker;

    if (session->hop == NULL)
        return;
    uint64_t key = affinity_key(session->hop, call_id);
    worker->affinity[key % HOP_AFFINITIES] = (struct affinity){.key = key, .session = session};
}

static void forget_affinities(const struct session *session)
{
    struct affinity *affinity = session->worker->affinity;

    for (size_t i = 0; i < HOP_AFFINITIES; i++) {
        if (affinity[i].session == session)
            affinity[i].session = NULL;
    }
}

static struct session *remembered(struct hop *hop, struct text domain, struct text call_id)
{
    uint64_t key = affinity_key(hop, call_id);
    const struct affinity *affinity = &hop->worker->affinity[key % HOP_AFFINITIES];

    if (affinity->session == NULL || affinity->key != key || !serves(hop, affinity->session, domain))
        return NULL;
    return affinity->session;
}

/* Rendezvous hashing: the same session for the same Call-ID as long as it lives, and an even share for each.
 */
static struct session *drawn(struct hop *hop, struct text domain, struct text call_id)
{
    uint64_t key = affinity_key(hop, call_id), highest = 0;
    struct session *best = NULL, *session, *next;

    DL_FOREACH_SAFE2(hop->sessions, session, next, hop_next)
    {
        uint64_t score = (key ^ session->id) * 0x9e3779b97f4a7c15u;
        score ^= score >> 32;
        if ((best == NULL || score > highest) && serves(hop, session, domain)) {
            best = session;
            highest = score;
        }
    }
    return best;
}

struct session *hop_session(struct hop *hop, struct text domain, struct text call_id)
{
    struct session *best = remembered(hop, domain, call_id);

    if (best == NULL)
        best = drawn(hop, domain, call_id);
    if (best != NULL && best->downstream_count >= HOP_SESSION_BUSY && !hop->has_begun &&
        hop->session_count < sessions_allowed(hop) && hop->rest_until_ms <= worker_now(hop->worker)) {
        snprintf(hop->domain, sizeof(hop->domain), "%.*s", hop->partner == NULL ? 0 : (int)domain.length,
                 domain.at);
        begin(hop, NULL);
    }
    return best;
}

/* ---- an attempt ---- */

static bool is_for(const struct transaction *transaction, const char *domain)
{
    return text_equal_ignoring_case((struct text){transaction->domain, transaction->domain_length},
                                    text_of(domain));
}

static void forget_attempt(struct hop *hop)
{
    hop->has_begun = false;
    srv_record_set_release(hop->records);
    hop->records = NULL;
}

static const struct transaction *first_waiting(const struct hop *hop)
{
    return hop->waiting;
}

/* What fails before the peer is judged fails for everyone; a refused identity fails for its domain alone. */
static bool fails_for_all(enum reason reason)
{
    return reason == REASON_CONNECT_FAILED || reason == REASON_HANDSHAKE_TIMEOUT ||
           reason == REASON_CONNECTION_LIMIT || reason == REASON_ADDRESS_NOT_FOUND ||
           reason == REASON_ADDRESS_REFUSED || reason == REASON_DNS_FAILED || reason == REASON_OVERLOADED;
}

static void rest(struct hop *hop, enum reason reason)
{
    uint64_t now = worker_now(hop->worker);
    uint64_t length = HOP_REST_LEAST_MS << (hop->failures < 7 ? hop->failures : 7);

    hop->failures++;
    hop->last_failure = reason;
    hop->next_attempt_ms = now + HOP_REST_LEAST_MS;
    hop->rest_until_ms = now + (length < HOP_REST_MOST_MS ? length : HOP_REST_MOST_MS);
}

static void attempt_failed(struct hop *hop, enum reason reason)
{
    struct transaction *transaction, *next;
    char domain[DOMAIN_LONGEST + 1];
    bool all = fails_for_all(reason) || hop->partner == NULL;

    memcpy(domain, hop->domain, sizeof(domain));
    forget_attempt(hop);
    rest(hop, reason);
    operation_log(hop->worker->shared->log, LOG_LEVEL_WARNING, "next-server-failed",
                  "partner=%s host=%s port=%u domain=%s reason=%s failures=%u",
                  hop->partner == NULL ? "" : hop->partner, hop->host, hop->port, domain,
                  reason_token(reason), hop->failures);
    do {
        DL_FOREACH_SAFE2(hop->waiting, transaction, next, hop_next)
        {
            if (all || is_for(transaction, domain))
                break;
        }
        if (transaction != NULL) {
            hop_leave(transaction);
            relay_hop_failed(transaction, reason);
        }
    } while (transaction != NULL);
}

static struct text server_name(const struct hop *hop)
{
    const struct partner *partner = partner_of(hop);

    /* RFC 5922 7.8, RFC 7673 4.1: the SIP domain, where that is what the certificate must name. */
    if (partner != NULL && (partner->identity == IDENTITY_DOMAIN || partner->identity == IDENTITY_SECURE_SRV))
        return text_of(hop->domain);
    return domain_is_address(text_of(hop->host)) ? TEXT_NONE : text_of(hop->host);
}

static void connect_next(struct hop *hop)
{
    enum reason why = REASON_CONNECT_FAILED;

    while (hop->address_tries < hop->address_count) {
        const union address *address = &hop->address[hop->address_next++ % hop->address_count];
        hop->address_tries++;
        hop->connecting = session_connect(hop->worker, hop, address, server_name(hop), &why);
        if (hop->connecting != NULL)
            return;
        if (why == REASON_CONNECTION_LIMIT)
            break;
    }
    attempt_failed(hop, why);
}

static void take_addresses(struct hop *hop, const struct address_set *set)
{
    if (set->outcome != REASON_OK) {
        attempt_failed(hop, set->outcome);
        return;
    }
    hop->address_count = set->address_count < HOP_ADDRESSES_MOST ? set->address_count : HOP_ADDRESSES_MOST;
    hop->address_tries = 0;
    for (size_t i = 0; i < hop->address_count; i++) {
        hop->address[i] = set->address[i];
        address_set_port(&hop->address[i], hop->port);
    }
    connect_next(hop);
}

static void addresses_answered(void *context, const struct address_set *set)
{
    struct hop *hop = context;

    hop->question = NULL;
    take_addresses(hop, set);
}

static void begin(struct hop *hop, const struct transaction *for_transaction)
{
    if (for_transaction != NULL) {
        snprintf(hop->domain, sizeof(hop->domain), "%.*s",
                 hop->partner == NULL ? 0 : (int)for_transaction->domain_length, for_transaction->domain);
        if (for_transaction->records != NULL)
            hop->records = srv_record_set_hold(for_transaction->records);
    }
    const struct partner *partner = partner_of(hop);
    const struct srv_record_set *records;
    if (hop->records == NULL && partner != NULL && identity_rule_needs_dns(partner->identity) &&
        resolver_peek_federation_srv(hop->worker->resolver, text_of(hop->domain), &records))
        hop->records = srv_record_set_hold(records);
    hop->has_begun = true;
    hop->next_attempt_ms = worker_now(hop->worker) + HOP_REST_LEAST_MS;
    /* Always asked, never peeked at: its callback comes from the loop, so nothing fails inside the caller's
     * stack. */
    hop->question = resolver_addresses(hop->worker->resolver, text_of(hop->host), addresses_answered, hop);
    if (hop->question == NULL)
        forget_attempt(hop);
}

/* ---- waiting ---- */

void hop_wait(struct hop *hop, struct transaction *transaction)
{
    transaction->hop = hop;
    hop->waiting_count++;
    DL_APPEND2(hop->waiting, transaction, hop_previous, hop_next);
    if (!hop->has_begun && (hop->failures == 0 || worker_now(hop->worker) >= hop->next_attempt_ms))
        begin(hop, transaction);
}

void hop_leave(struct transaction *transaction)
{
    struct hop *hop = transaction->hop;

    if (hop == NULL)
        return;
    transaction->hop = NULL;
    hop->waiting_count--;
    DL_DELETE2(hop->waiting, transaction, hop_previous, hop_next);
}

static void serve_waiting(struct hop *hop, struct session *session)
{
    struct transaction *transaction, *next;

    do {
        DL_FOREACH_SAFE2(hop->waiting, transaction, next, hop_next)
        {
            if (serves(hop, session, (struct text){transaction->domain, transaction->domain_length}))
                break;
        }
        if (transaction != NULL) {
            hop_leave(transaction);
            relay_hop_ready(transaction, session);
        }
    } while (transaction != NULL);
}

void hop_session_proven(struct session *session)
{
    session->hop->failures = 0;
}

void hop_session_opened(struct session *session)
{
    struct hop *hop = session->hop;

    hop->connecting = NULL;
    hop->rest_until_ms = 0;
    if (session->handed_over)
        hop_session_proven(session);
    forget_attempt(hop);
    serve_waiting(hop, session);
    if (hop->waiting != NULL && !hop->has_begun)
        begin(hop, first_waiting(hop));
}

void hop_session_ended(struct session *session, enum reason reason)
{
    struct hop *hop = session->hop;

    forget_affinities(session);
    session->hop = NULL;
    hop->session_count--;
    DL_DELETE2(hop->sessions, session, hop_previous, hop_next);
    if (hop->connecting == session) {
        hop->connecting = NULL;
        if (hop->address_tries < hop->address_count)
            connect_next(hop);
        else
            attempt_failed(hop, reason);
    } else if (!session->handed_over) {
        rest(hop, reason); /* it let us in and threw us out before a word: refused after all */
    }
}

static void destroy(struct hop *hop)
{
    HASH_DEL(hop->worker->hops, hop);
    if (hop->question != NULL)
        resolver_question_abandon(hop->question);
    srv_record_set_release(hop->records);
    free_hop(hop);
}

void hops_tick(struct worker *worker, bool end)
{
    uint64_t now = worker_now(worker);
    struct hop *hop, *next;

    HASH_ITER(hh, worker->hops, hop, next)
    {
        if (hop->waiting != NULL && !hop->has_begun && now >= hop->next_attempt_ms)
            begin(hop, first_waiting(hop));
        bool idle =
            hop->sessions == NULL && hop->waiting == NULL && !hop->has_begun && hop->rest_until_ms <= now;
        if (idle || end)
            destroy(hop);
    }
}
