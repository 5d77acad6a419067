/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/hop_parts.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#define KEY_MOST 512u

static void free_hop(struct hop *hop)
{
    free(hop->key);
    free(hop->host);
    free(hop->partner);
    free(hop);
}

/* A name has no blank, so it ends at the first. */
static size_t write_key(char *to, struct text name, struct text host, uint16_t port)
{
    char *at = to;

    if (name.length > 0)
        memcpy(at, name.at, name.length);
    at += name.length;
    *at++ = ' ';
    if (host.length > 0)
        memcpy(at, host.at, host.length);
    at += host.length;
    *at++ = (char)(port >> 8);
    *at++ = (char)(port & 0xff);
    return (size_t)(at - to);
}

static struct hop *make(struct worker *worker, const struct partner *partner, struct text host, uint16_t port,
                        struct text key)
{
    struct hop *hop = calloc(1, sizeof(*hop));

    if (hop == NULL)
        return NULL;
    hop->worker = worker;
    hop->port = port;
    hop->key = text_copy(key);
    hop->host = text_copy_lower(host);
    hop->partner = partner == NULL ? NULL : strdup(partner->name);
    if (hop->key != NULL && hop->host != NULL && (partner == NULL || hop->partner != NULL))
        HASH_ADD_KEYPTR(hh, worker->hops, hop->key, (unsigned)key.length, hop);
    if (hop->hh.tbl != NULL)
        return hop;
    free_hop(hop);
    return NULL;
}

struct hop *hop_find(struct worker *worker, const struct partner *partner, struct text host, uint16_t port)
{
    struct text name = partner == NULL ? TEXT_NONE : text_of(partner->name);
    char key[KEY_MOST];
    struct hop *hop;

    if (name.length + host.length + 3 > sizeof(key))
        return NULL;
    struct text whole = {key, write_key(key, name, host, port)};
    HASH_FIND(hh, worker->hops, whole.at, (unsigned)whole.length, hop);
    return hop != NULL ? hop : make(worker, partner, host, port, whole);
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

/* ---- waiting ---- */

void hop_wait(struct hop *hop, struct transaction *transaction)
{
    transaction->hop = hop;
    hop->waiting_count++;
    DL_APPEND2(hop->waiting, transaction, hop_previous, hop_next);
    if (!hop->has_begun && (hop->failures == 0 || worker_now(hop->worker) >= hop->next_attempt_ms))
        hop_begin(hop, transaction);
}

void hop_leave(struct transaction *transaction)
{
    struct hop *hop = transaction->hop;

    if (hop == NULL)
        return;
    transaction->hop = NULL;
    hop->waiting_count--;
    if (hop->waiting_next == transaction)
        hop->waiting_next = transaction->hop_next;
    DL_DELETE2(hop->waiting, transaction, hop_previous, hop_next);
}

struct transaction *hop_waiting_first(struct hop *hop)
{
    hop->waiting_next = hop->waiting;
    return hop_waiting_next(hop);
}

struct transaction *hop_waiting_next(struct hop *hop)
{
    struct transaction *transaction = hop->waiting_next;

    if (transaction != NULL)
        hop->waiting_next = transaction->hop_next;
    return transaction;
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
            hop_begin(hop, hop->waiting);
        bool idle =
            hop->sessions == NULL && hop->waiting == NULL && !hop->has_begun && hop->rest_until_ms <= now;
        if (idle || end)
            destroy(hop);
    }
}
