/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_WORKER_H
#define FEDGATE_RELAY_WORKER_H

/* One loop, and all that lives on it. Workers share the settings, the log queue, the counters of partners and
 * the gateway's few atomic counters; everything here belongs to one thread. */

#include <stdatomic.h>
#include <uv.h>

#include "gateway/log/audit.h"
#include "gateway/log/operation_log.h"
#include "gateway/net/handed_sockets.h"
#include "gateway/net/resolver.h"
#include "gateway/net/stream.h"
#include "gateway/relay/buffer_pool.h"
#include "gateway/relay/discovered_questions.h"
#include "gateway/relay/hash_key.h"
#include "gateway/relay/rate.h"
#include "gateway/relay/seen.h"
#include "gateway/relay/tally.h"
#include "gateway/relay/transaction.h"
#include "gateway/settings.h"
#include "gateway/sip/edit.h"
#include "gateway/tls/context.h"
#include "policy/domain.h"
#include "policy/revocation_needs.h"

struct session;
struct hop;
struct listener;

/* What all workers share. */
struct shared {
    atomic_ulong sessions, in_flight, parked; /* against settings->limits */
    uv_mutex_t address_lock;
    struct address_count
        *addresses; /* under the lock: external sessions before the end of their handshake, by address */
    atomic_ulong strangers; /* external sessions before the end of their handshake */
    atomic_ullong last_session_id;
    struct partner_registry *partners;
    struct discovered *discovered; /* what discovered peers took; see discovered.h */
    struct seen *seen;             /* peers' leaf certificates; NULL: nobody asks */
    struct log_file *audit_file;
    uint8_t audit_key[AUDIT_KEY_OCTETS]; /* for hashed users */
    struct operation_log *log;
    atomic_uint workers_running;
    void (*fetch)(void *context, const struct revocation_needs *needs); /* any thread; NULL: nobody fetches */
    void *fetch_context;
    struct handed_sockets handed; /* by the manager; only while workers are created */
    bool listeners_outlive_us;    /* the manager has them, too: who waits in their queues is not lost */
    uv_async_t worker_ended;      /* of the gateway's loop; sent by each worker at its end */
};

/* A settings snapshot as one worker sees it: counted without atomics. TLS contexts belong to it, since own
 * certificates change with a reload. */
struct snapshot {
    struct settings *settings; /* held */
    size_t references;
    struct tls_context *internal_server, *internal_client, *external_server, *external_client; /* owned */
    struct hash_key
        dialog_key[2]; /* from our external key: the same in a pool and after a restart; [1]: that of the
                          snapshot before, so that a new key does not break dialogs at once */
    struct hash_key loop_key; /* likewise: a loop through another worker or gateway of the pool is seen */
    struct partner_counters **counters; /* owned array, by partner index; entries fill as partners are met */
    struct tally **tallies;             /* likewise: this worker's own */
};

#define READ_BUFFER (64u * 1024u)
#define RETIRED_RESOLVERS_MOST 4u
#define LISTENERS_MOST 16u /* of one side */
#define LINES_BUFFER (16u * 1024u)

struct worker {
    struct shared *shared;
    unsigned index;
    uv_loop_t loop;
    uv_thread_t thread;
    struct snapshot *snapshot; /* in force; held */
    struct resolver *resolver;
    struct resolver_counts dns_counts; /* of all its resolvers */
    struct resolver
        *retired[RETIRED_RESOLVERS_MOST]; /* of settings before; their last questions are being answered */
    uint64_t retired_until_ms[RETIRED_RESOLVERS_MOST];
    size_t retired_next;
    struct listener *listener[2][LISTENERS_MOST]; /* by enum peer_side */
    bool listener_is_own[2][LISTENERS_MOST];      /* bound by this worker, not handed over */
    size_t listener_count[2];
    uint16_t entry_port[2][LISTENERS_MOST]; /* of each entry of `listen`, also where the kernel chose it */
    uint16_t port[2];                       /* of each side's first entry: what Record-Route says */
    struct {
        char text[DOMAIN_LONGEST + 8];
        size_t length;
    } own_name[2]; /* "host:port" of each side, as Via and Record-Route have it; see worker_name_sides */

    struct session *sessions;    /* past their handshake */
    struct session *handshaking; /* before: looked at each tick */
    struct session *dirty;
    struct session *postponed;  /* whose handshakes go on in a later turn */
    unsigned handshake_steps;   /* in this turn */
    struct buffer_pool buffers; /* of its sessions and transactions */
    size_t session_count;       /* all, those that close included */
    struct stream_home home;
    struct hop *hops;          /* by uthash */
    struct affinity *affinity; /* owned: HOP_AFFINITIES, by Call-ID; see hop.h */
    struct transaction_table *transactions;
    size_t in_flight;                                    /* of this worker */
    struct discovered_questions discovered_questions[2]; /* by enum direction */
    struct hash_key branch_keys[2];
    struct audit *audit; /* this thread's pen */

    uv_async_t wake;          /* the gateway has something for us: see below */
    uv_timer_t tick;          /* TICK_MS: all deadlines */
    uv_idle_t hurry_on;       /* active while some are postponed: the loop does not wait */
    uv_timer_t judging;       /* see judging.c */
    uv_prepare_t before_poll; /* both flush what was queued in this turn */
    uv_check_t after_poll;
    _Atomic(struct settings *) next_settings;            /* handed over with one reference */
    _Atomic(struct revocation_evidence *) next_evidence; /* likewise */
    struct revocation_evidence
        *evidence;                 /* what was fetched, as it is in force here; held; NULL: nothing yet */
    struct revocation_needs needs; /* of the judgement under way: see worker_ask_needs */
    atomic_bool stop, hurry;       /* drain and end; do not wait */
    bool has_loop, has_thread;
    bool is_stopping, is_hurried, is_closing; /* draining; at its end; with nothing left */
    bool
        is_judging; /* after a reload or new evidence: some sessions are still judged under what was before */
    struct session *judge_next; /* of `sessions`: the next to be looked at; NULL: none */
    uint64_t ticks;
    uint64_t stop_began_ms, stop_deadline_ms; /* loop time */
    _Atomic uint64_t alive_ms;                /* for the watchdog: when the tick last ran; WORKER_ENDED */

    char *read_buffer, *plain_buffer; /* owned; lent to streams and channels */
    struct sip_header *header;        /* owned; for the message that is being read */
    struct sip_header *stored_header; /* owned; for a stored request that is read meanwhile */
    struct sip_line_ends line_ends;   /* owned; of the message that is being read */
    size_t header_capacity;           /* of all three: the largest limits.header-count, and what we add */
    char *lines;                      /* owned; LINES_BUFFER: the header lines that are being made */
    struct sip_edit *edit;            /* owned; of the message that is being written */
};

#define TICK_MS 100u
#define WORKER_ENDED UINT64_MAX /* its loop has nothing left to do */
#define HEADERS_ADDED_MOST 16u

/* Binds its listeners too: the ports of `first` where the settings say 0. NULL: `why` says it in a sentence.
 */
struct worker *worker_create(struct shared *shared, unsigned index, struct settings *settings,
                             const struct worker *first, char *why, size_t why_size);
/* Once the logs are open: its thread runs until stopped. */
bool worker_start(struct worker *worker);
void worker_take_settings(struct worker *worker, struct settings *hold);            /* any thread */
void worker_take_evidence(struct worker *worker, struct revocation_evidence *hold); /* any thread */
void worker_stop(struct worker *worker);  /* any thread: drain and end */
void worker_hurry(struct worker *worker); /* any thread: end the drain now */
/* "internal 127.0.0.1:15061, external 0.0.0.0:5061" */
void worker_print_listeners(const struct worker *worker, char *to, size_t size);
void worker_join_and_destroy(struct worker *worker);

/* ---- between the files of the worker ---- */
/* On all that `listen` names. False: `why`. */
bool worker_listen(struct worker *worker, const struct worker *first, char *why, size_t size);
void worker_stop_listening(struct worker *worker);
void worker_begin_draining(struct worker *worker);
void worker_drain(struct worker *worker, uint64_t now);  /* each tick from then on */
bool worker_takes_requests(const struct worker *worker); /* that begin something: not when it ends */
/* judging.c: every session shall be judged again, or this one, which has come to the end of the list or is
 * stale; begun at once, or with the next tick. */
void worker_judge_all(struct worker *worker);
void worker_judge_later(struct worker *worker, struct session *session);
void worker_go_on_judging(struct worker *worker);
/* What the last judgements needed goes to the fetcher; before what they borrowed it from may end. */
void worker_ask_needs(struct worker *worker);
void worker_woken(uv_async_t *async);
struct resolver *worker_resolver_create(struct worker *worker, char *why, size_t size);
void worker_resolver_follow(struct worker *worker, const struct settings *before); /* after a reload */
void worker_resolver_tick(struct worker *worker, uint64_t now, bool end);
void worker_name_sides(struct worker *worker); /* after a change of its snapshot */
bool worker_fit_headers(struct worker *worker,
                        const struct snapshot *snapshot); /* to its limits.header-count */

struct snapshot *snapshot_hold(struct snapshot *snapshot);
void snapshot_release(struct snapshot *snapshot);
struct partner_counters *snapshot_counters(struct worker *worker, struct snapshot *snapshot,
                                           const struct partner *partner);
int64_t worker_wall_clock(void);                  /* seconds since 1970 */
uint64_t worker_now(const struct worker *worker); /* loop milliseconds */

#endif
