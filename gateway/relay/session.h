/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_SESSION_H
#define FEDGATE_RELAY_SESSION_H

/* One mutual TLS connection that carries SIP:
 *     stream (octets) -> record_guard, tls_channel (plaintext) -> framer (messages) -> relay
 *
 *   CONNECTING --> HANDSHAKING --> OPEN --> DRAINING --> CLOSING --> freed
 *   (outbound)        |             ^       (no new requests)     (TLS end said, last octets on their way)
 *                     +--> CHECKING-+   (a CRL or OCSP answer is being fetched; nothing crosses)
 * Any state may fall to CLOSING. Nothing is freed but in the stream's close callback, so a session may be
 * ended from anywhere, its own callbacks included. */

#include "gateway/net/stream.h"
#include "gateway/relay/transaction.h"
#include "gateway/relay/worker.h"
#include "gateway/sip/framer.h"
#include "gateway/tls/channel.h"
#include "policy/domain.h"
#include "policy/peer_judgement.h"

enum session_state {
    SESSION_CONNECTING,
    SESSION_HANDSHAKING,
    SESSION_CHECKING,
    SESSION_OPEN,
    SESSION_DRAINING,
    SESSION_CLOSING
};

struct session {
    uint64_t id; /* unique in the process; in logs as 16 hex digits */
    struct worker *worker;
    struct session *prev, *next; /* worker->sessions or worker->handshaking */
    enum session_state state;
    enum peer_side side;
    bool we_connected;
    bool accepted_logged; /* a session-accepted line was written, so a session-closed line will be */
    bool is_broken; /* its stream failed while it was being written; closed as soon as nothing is on the stack
                     */
    bool is_connected;                   /* the stream is open */
    bool is_drained;                     /* draining, and nothing is in flight any more */
    struct address_count *address_entry; /* where it is counted as a stranger's; NULL: nowhere. Until the end
                                            of its handshake, or, where that did not tell whose it is, until a
                                            request of it is believed */
    unsigned unbelieved;                 /* requests of such a stranger */
    bool handed_over;                    /* the first octets came: the peer has accepted us too */
    int64_t unasked_passes_until;        /* as in struct revocation_question; 0: no such time is running */
    bool awaits_evidence;       /* its verdict may change by what is being fetched: see SESSION_CHECKING */
    uint64_t evidence_until_ms; /* SESSION_CHECKING: then it is judged by what there is; loop time */

    struct stream *stream;         /* owned */
    struct tls_channel *channel;   /* owned */
    struct snapshot *snapshot;     /* held: what it was judged under last */
    struct presented_chain *chain; /* owned */
    struct peer *peer;             /* owned; NULL before the judgement */
    uint64_t
        sender; /* a hash of the peer's certificate: RFC 3261 17.2.3 matches by branch, not by connection */
    struct peer_verdict verdict;       /* of the handshake */
    struct partner_counters *counters; /* of the partner it is counted for, or NULL */

    struct hop *hop; /* we_connected: where it leads; NULL once that is gone */
    struct session *hop_previous, *hop_next;
    struct affinity *affinities;     /* the Call-IDs that were last sent on it; see hop.h */
    char domain[DOMAIN_LONGEST + 1]; /* we_connected to a partner: the domain it was opened for */
    const struct srv_record_set
        *records; /* held; what DNS said of that domain; NULL where no rule needs it */

    struct sip_framer framer;
    char *in; /* owned; the part of a message that has come; NULL when there is none. Is_postponed: what has
                 come for TLS */
    size_t in_length, in_capacity;
    uint64_t message_started_ms; /* when the message in `in` began; 0: none */

    bool is_postponed; /* in worker->postponed: see session_handshake.c */
    struct session *postponed_previous, *postponed_next;

    char *out; /* owned; messages waiting for the end of this loop turn */
    size_t out_length, out_capacity;
    bool is_dirty; /* in worker->dirty */
    struct session *dirty_previous, *dirty_next;

    struct transaction *upstream_transactions;   /* whose requests came from here */
    struct transaction *downstream_transactions; /* whose requests went here */
    size_t downstream_count;
    size_t in_flight;                                /* of both, those without a final answer */
    struct session *waiting_previous, *waiting_next; /* paused sessions that wait for the one below */
    struct session *waits_for;                       /* whose full output paused us */
    struct session *waiting;                         /* sessions that are paused because of our output */

    uint64_t started_ms, active_ms; /* loop time */
    unsigned refusals;              /* for its rate, since the time was last looked at */
    uint64_t full_since_ms;         /* its output has been over the high-water mark since; 0: it is not */
    enum reason end_reason;
};

#define SESSION_HIGH_WATER                                                                                   \
    (256u * 1024u) /* octets of output at which the sessions that feed it are paused                         \
                    */
#define SESSION_STALL_MS                                                                                     \
    30000u /* with octets waiting and none taken, or over the high-water mark (overloaded) */
#define SESSION_FINISH_MS 1500u        /* for the last octets of a session that ends */
#define SESSION_HANDSHAKE_STEPS 4u     /* of a worker in one loop turn: about a millisecond */
#define SESSION_POSTPONED_MOST 8192u   /* octets read at a time in a handshake: what may wait for a step */
#define SESSION_UNBELIEVED_MOST 256u   /* requests of a stranger before one is believed */
#define SESSION_FINISH_HURRIED_MS 200u /* the same when nothing but that is waited for */
#define SESSION_REFUSALS_MOST 50u
#define SESSION_EVIDENCE_GRACE_MS 500u  /* beyond fetch.timeout: for the queue, and for reading what came */
#define SESSION_OUT_LEAST (32u * 1024u) /* octets that its output has room for, once it has any */

/* An accepted connection. Takes the socket in every case; a bound that is reached closes it at once. */
void session_accept(struct worker *worker, enum peer_side side, int socket, const union address *peer);
/* A connection that we begin for a hop (its domain, its records); the hop hears of its success or failure.
 * NULL: no memory, or a bound: *why says which. */
struct session *session_connect(struct worker *worker, struct hop *hop, const union address *address,
                                struct text server_name, enum reason *why);

/* Queues one message; it leaves with all others at the end of the loop turn. False: over
 * limits.waiting-bytes, or the session is ending. */
bool session_send(struct session *session, struct text octets) __attribute__((warn_unused_result));
/* Room for a message of at most `most` octets, to be written in place and then kept with session_commit. NULL
 * as above. */
char *session_reserve(struct session *session, size_t most);
void session_commit(struct session *session, size_t length);
void session_flush_dirty(struct worker *worker);
/* Once each loop turn, before it waits: handshakes that were put off go on, as many as may. */
void session_serve_postponed(struct worker *worker);

bool session_has_in_flight(const struct session *session); /* of what came from it, or went to it */
bool session_is_open(const struct session *session);
bool session_is_congested(const struct session *session); /* over the high-water mark of its output */
/* Stop reading from `feeder` until `full` has room again. */
void session_wait_for(struct session *feeder, struct session *full);

/* Say the end of TLS, write what waits, close. Its transactions are told. Any state, any number of times. */
void session_close(struct session *session, enum reason reason, const char *detail);
/* No new requests go out on it; it closes when its transactions have ended. */
void session_drain(struct session *session, enum reason reason, const char *detail);
void session_check_drained(struct session *session);
/* One more request was refused for its rate: after SESSION_REFUSALS_MOST between two looks at the time it is
 * not read from until the next, or a flood would fill the disk with refusals. */
void session_rest_after_refusals(struct session *session);

/* ---- between the files of the session ---- */
void session_open(struct session *session); /* session.c: the handshake is over, and it was judged */
/* Evidence has come, or time has passed: one that is CHECKING is judged again, and opens or ends. Does
 * nothing to others. */
void session_check_evidence(struct session *session, uint64_t now); /* session_evidence.c */
/* The first judgement, in one of these: what it needs is being fetched, and it shall be asked again. */
bool session_judge_first(struct session *session, struct peer *peer, struct peer_verdict *verdict);
/* It may stand: is there room for one more of its partner? Changes session->verdict if not. */
bool session_admit(struct session *session);
bool session_is_judged(const struct session *session); /* under what is in force */
extern const struct tls_channel_events session_channel_events;
extern const struct stream_events session_stream_events;
void session_input(void *owner, struct text octets); /* session_input.c: plaintext */
enum reason session_judge(void *owner, const struct text *ders, size_t count); /* session_judge.c */
/* A request of it was believed as the partner's: now it is known whom it is counted for. False: the partner
 * has too many. */
bool session_believe(struct session *session, const struct partner *partner);
/* Is it a partner's with a file? Those of discovered peers go on counting by address: no agreement bounds
 * them. */
bool session_is_agreed(const struct session *session);
void session_remember_leaf(const struct session *session); /* session.c: once it is known whose it is */
void session_stop_counting(struct session *session);
void session_hear(struct session *session, struct text octets); /* session.c: what the stream read */
/* session_handshake.c: true: it has taken the octets for a later turn. */
bool session_postpone(struct session *session, struct text octets);
void session_leave_postponed(struct session *session);
void session_release_waiting(struct session *session); /* session_output.c: who waits for it goes on */

/* Judge again under the worker's snapshot, or because a CRL has ended or begun; one that no longer passes is
 * drained. Nothing happens where neither is so. */
void session_judge_again(struct session *session);
/* Time passes: handshake, idle, half a message, stalled output. */
void session_check_time(struct session *session, uint64_t now);

#endif
