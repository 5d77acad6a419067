/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/hop_parts.h"

#include <stdio.h>
#include <string.h>

#include <utlist.h>

#include "gateway/relay/records.h"
#include "gateway/relay/relay.h"

/* An attempt to open a session, its end, and the end of sessions. */

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
    struct transaction *transaction;
    char domain[DOMAIN_LONGEST + 1];
    bool all = fails_for_all(reason) || hop->partner == NULL;

    memcpy(domain, hop->domain, sizeof(domain));
    forget_attempt(hop);
    rest(hop, reason);
    operation_log(hop->worker->shared->log, LOG_LEVEL_WARNING, "next-server-failed",
                  "partner=%s host=%s port=%u domain=%s reason=%s failures=%u",
                  hop->partner == NULL ? "" : hop->partner, hop->host, hop->port, domain,
                  reason_token(reason), hop->failures);
    for (transaction = hop_waiting_first(hop); transaction != NULL; transaction = hop_waiting_next(hop)) {
        if (!all && !is_for(transaction, domain))
            continue;
        hop_leave(transaction);
        relay_hop_failed(transaction, reason);
    }
}

static struct text server_name(const struct hop *hop)
{
    const struct partner *partner = hop_partner(hop);
    struct text host = text_of(hop->host);

    if (partner != NULL)
        return identity_server_name(partner, hop->records == NULL ? NULL : &hop->records->answer,
                                    text_of(hop->domain), host, hop->port);
    return domain_is_address(host) ? TEXT_NONE : host;
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
    const struct settings *settings = hop->worker->snapshot->settings;
    const struct partner *partner = hop_partner(hop);

    if (set->outcome != REASON_OK) {
        attempt_failed(hop, set->outcome);
        return;
    }
    hop->address_count = hop->address_tries = 0;
    for (size_t i = 0; i < set->address_count && hop->address_count < HOP_ADDRESSES_MOST; i++) {
        if (!records_allow_address(settings, partner, text_of(hop->host), &set->address[i]))
            continue;
        union address *address = &hop->address[hop->address_count++];
        *address = set->address[i];
        address_set_port(address, hop->port);
    }
    if (hop->address_count == 0)
        attempt_failed(hop, REASON_ADDRESS_REFUSED);
    else
        connect_next(hop);
}

static void addresses_answered(void *context, const struct address_set *set)
{
    struct hop *hop = context;

    hop->question = NULL;
    take_addresses(hop, set);
}

void hop_begin(struct hop *hop, const struct transaction *for_transaction)
{
    if (for_transaction != NULL) {
        snprintf(hop->domain, sizeof(hop->domain), "%.*s",
                 hop->partner == NULL ? 0 : (int)for_transaction->domain_length, for_transaction->domain);
        if (for_transaction->records != NULL)
            hop->records = srv_record_set_hold(for_transaction->records);
    }
    const struct partner *partner = hop_partner(hop);
    const struct srv_record_set *records;
    if (hop->records == NULL && partner != NULL && identity_rule_needs_dns(partner->identity) &&
        records_peek(hop->worker, partner, text_of(hop->domain), &records))
        hop->records = srv_record_set_hold(records);
    hop->has_begun = true;
    hop->next_attempt_ms = worker_now(hop->worker) + HOP_REST_LEAST_MS;
    /* Always asked, never peeked at: its callback comes from the loop, so nothing fails inside the caller's
     * stack. */
    hop->question = resolver_addresses(hop->worker->resolver, text_of(hop->host), addresses_answered, hop);
    if (hop->question == NULL)
        forget_attempt(hop);
}

void hop_session_proven(struct session *session)
{
    session->hop->failures = 0;
}

static void serve_waiting(struct hop *hop, struct session *session)
{
    struct transaction *transaction;

    for (transaction = hop_waiting_first(hop); transaction != NULL; transaction = hop_waiting_next(hop)) {
        if (!hop_serves(hop, session, transaction))
            continue;
        hop_leave(transaction);
        relay_hop_ready(transaction, session);
    }
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
        hop_begin(hop, hop->waiting);
}

void hop_session_ended(struct session *session, enum reason reason)
{
    struct hop *hop = session->hop;

    hop_forget_affinities(session);
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
