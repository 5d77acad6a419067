/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_TRANSACTION_H
#define FEDGATE_RELAY_TRANSACTION_H

/* What is remembered of a request on its way: where it came from, where it went, and what was sent (RFC 3261
 * 17 and 16, on reliable transports: nothing is ever sent twice on one session).
 *
 *   PARKED ----> SEEKING ----> CALLING ----> PROCEEDING        waiting for a final answer
 *   (DNS for     (a session    (sent)        (INVITE: after a
 *    judgement)   to send on)                 provisional one)
 *        any of these ----> COMPLETED   INVITE refused: the ACK is absorbed, then it ends (17.2.1)
 *                     ----> ACCEPTED    INVITE accepted: further 2xx pass for a while (RFC 6026 7)
 *                     ----> gone
 */

#include "gateway/net/locate.h"
#include "gateway/net/resolver.h"
#include "gateway/relay/hash_key.h"
#include "gateway/relay/transaction_index.h"
#include "gateway/sip/message.h"
#include "policy/reason.h"

struct session;
struct snapshot;
struct hop;
struct worker;

enum transaction_state {
    TRANSACTION_FREE,
    TRANSACTION_PARKED,
    TRANSACTION_SEEKING,
    TRANSACTION_CALLING,
    TRANSACTION_PROCEEDING,
    TRANSACTION_COMPLETED,
    TRANSACTION_ACCEPTED
};

/* How long each kind of waiting may last; a transaction is in one queue at a time, in the order of its end.
 */
enum transaction_timer {
    TIMER_NONE,
    TIMER_PARK,   /* limits.park-timeout */
    TIMER_B,      /* 32 s without an answer; timer F is the same */
    TIMER_C,      /* 185 s since the last provisional answer to an INVITE */
    TIMER_LINGER, /* 32 s: timer H for the ACK, timer L and M of RFC 6026 */
    TIMER_COUNT
};

#define TRANSACTION_TARGETS_MOST 20u /* next hops that one request is tried on */
#define TRANSACTION_WORDS 1024u

struct transaction_key {
    uint64_t sender; /* who sent it: the same certificate is the same sender, whatever session it came on */
    uint64_t branch[2]; /* a keyed hash of branch, sent-by and method (RFC 3261 17.2.3) */
};

struct transaction {
    struct transaction_key key;
    struct transaction *index_next, **index_link; /* see transaction_index.h; index_link: NULL: not entered */
    uint32_t slot;                                /* its place in the table, part of our branch */
    uint64_t nonce; /* random; part of our branch, so that no one else can make it */
    enum transaction_state state;
    enum transaction_timer timer;
    uint64_t timer_end; /* loop milliseconds */
    struct transaction *timer_previous, *timer_next;

    struct session *upstream, *downstream; /* borrowed; NULL once closed or not yet found */
    struct worker *worker;                 /* borrowed */
    struct transaction *upstream_previous, *upstream_next;
    struct transaction *downstream_previous, *downstream_next;
    uint64_t call_hash; /* of the Call-ID, see hop_session.c; 0: not hashed yet */
    struct hop *hop;    /* the next hop that it waits for, or was sent through; NULL otherwise */
    struct transaction *hop_previous, *hop_next;

    struct snapshot *snapshot;     /* held: the policy that let it in */
    const struct partner *partner; /* of that snapshot; NULL when not known */
    struct partner_counters
        *counters; /* of that partner, while counted as in flight for it; NULL otherwise */
    enum direction direction;
    enum sip_method method;
    uint64_t session_id; /* of the session that it came on */
    bool is_in_flight;   /* counted against limits.in-flight */
    bool is_parked;      /* counted against limits.parked */
    bool wants_answer;   /* false for an ACK that only waits for a session */
    bool cancelled;      /* upstream sent CANCEL, or went away */
    bool cancel_sent;
    bool provisional; /* a provisional answer came from the current target */
    bool is_sips;     /* Request-URI or top Route is sips: our Record-Route must be too */

    char *request; /* owned: PARKED: the request as it came; later: as it is sent, our branch for the current
                      target */
    size_t request_length, header_length;
    size_t branch_at; /* where our branch begins in request */
    size_t domain_length;
    const struct srv_record_set *records; /* held; NULL where neither targets nor identity need them */
    uint8_t target_count, target_next;
    enum reason failure; /* why the last target failed; REASON_RELAYED: it answered 503 */

    struct resolver_question *question;         /* under way while PARKED; NULL otherwise */
    unsigned discovered_place;                  /* of that question; see discovered_questions.h */
    uint64_t started;                           /* loop milliseconds */
    struct text method_word, from, to, call_id; /* for the audit line; views into words, cut where too long */

    /* From here on nothing is cleared for a new transaction. */
    char domain[256]; /* of the partner: whom the session to send on must be proven for */
    struct located_target
        target[TRANSACTION_TARGETS_MOST]; /* in the order to try; texts of records or snapshot */
    char words[TRANSACTION_WORDS];
};

struct transaction_table;

struct transaction_table *transaction_table_create(void); /* NULL: no memory */
/* For timers that start from now on. */
void transaction_table_set_timeout(struct transaction_table *table, enum transaction_timer timer,
                                   uint64_t ms);
void transaction_table_destroy(struct transaction_table *table); /* all transactions must be gone */

/* A new one in state PARKED, in no list and without timer. NULL: no memory. */
struct transaction *transaction_create(struct transaction_table *table);
/* Takes it out of the table and its timer. The caller has unlinked it from sessions and hop and let go what
 * it holds. */
void transaction_free(struct transaction_table *table, struct transaction *transaction);
size_t transaction_table_count(const struct transaction_table *table);

/* The server side: found by what the upstream sent. A transaction is entered once. */
void transaction_enter(struct transaction_table *table, struct transaction *transaction,
                       const struct transaction_key *key);
struct transaction *transaction_find(struct transaction_table *table, const struct transaction_key *key);
/* Also for CANCEL and ACK, which carry what their INVITE carried. A branch without the cookie (RFC 2543) is
 * no key alone. */
void transaction_key_make(struct transaction_key *key, const struct hash_key *secret, uint64_t sender,
                          const struct sip_message *message);

/* The client side: our branch is "z9hG4bK" and 40 hex digits: slot, nonce, loop mark. */
#define BRANCH_LENGTH (7 + 8 + 16 + 16)
void transaction_write_branch(const struct transaction *transaction, uint64_t loop_mark,
                              char to[BRANCH_LENGTH]);
struct transaction *transaction_by_branch(const struct transaction_table *table, struct text branch);
/* The loop mark of a branch that looks like ours (RFC 5393 4.2). */
bool branch_read_loop_mark(struct text branch, uint64_t *loop_mark);
/* A fresh nonce, so that answers to the branch before are strangers: for the next target. */
void transaction_renew(struct transaction_table *table, struct transaction *transaction);

void transaction_start_timer(struct transaction_table *table, struct transaction *transaction,
                             enum transaction_timer timer, uint64_t now);
void transaction_stop_timer(struct transaction_table *table, struct transaction *transaction);
/* The next one whose time is over, its timer stopped; NULL: none. */
struct transaction *transaction_next_expired(struct transaction_table *table, uint64_t now);

/* Keeps the words of the audit line; each is cut to a bound. */
void transaction_keep_words(struct transaction *transaction, const struct sip_message *message);

#endif
