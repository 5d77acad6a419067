/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_RESOLVER_PARTS_H
#define FEDGATE_NET_RESOLVER_PARTS_H

/* What the files of the resolver share; nobody else includes it.
 *
 *   question  one asker's: a callback
 *   lookup    what a question needs to be found out, once for all that ask the same at the same time
 *   query     one packet's worth of it (dns_channel.h)
 *   part      what one query came to */

#include "gateway/net/dns_cache.h"
#include "gateway/net/dns_channel.h"
#include "gateway/net/record_set_build.h"
#include "gateway/net/resolver.h"
#include "policy/domain.h"

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(lookup) ((lookup)->linked = false)
#include <uthash.h>
#include <utlist.h>

enum question_kind {
    QUESTION_SRV,
    QUESTION_ADDRESSES,
    QUESTION_TLSA,  /* of one owner name */
    QUESTION_PROOF, /* SRV, and the TLSA records of the targets: asks the others */
    QUESTION_KINDS = RESOLVER_KINDS
};

struct resolver_question {
    struct resolver *resolver;
    enum question_kind kind;
    struct lookup *lookup; /* NULL: the answer is there, and waits to be delivered */
    union {
        void (*srv)(void *context, const struct srv_record_set *answer);
        void (*addresses)(void *context, const struct address_set *answer);
        void (*tlsa)(void *context, const struct tlsa_set *answer);
    } answered;
    void *context;
    const void *answer; /* owned: a reference */
    struct resolver_question *prev, *next;
};

#define PART_ADDRESSES_MOST (ADDRESSES_MOST / 2)

struct part {
    enum dns_answer_result result;
    uint32_t ttl; /* seconds */
    bool secure;
    bool bogus;   /* result is DNS_ANSWER_FAILED, because DNSSEC says that it is forged or broken */
    bool doubted; /* it failed, and is asked for again without validation, to tell whether that is why */
    const char *detail;            /* static; when result is DNS_ANSWER_FAILED */
    char canonical[DNS_NAME_SIZE]; /* where a secure chain of aliases leads; empty: none */
    size_t address_count, refused_count;
    union address address[PART_ADDRESSES_MOST]; /* that may be used */
};

enum { PART_AAAA, PART_A, PART_COUNT }; /* of QUESTION_ADDRESSES */

#define DNS_BOGUS_TTL_MS 5000u /* a bogus answer is remembered (RFC 4035 4.7) */

struct proof; /* resolver_proof.c: what a lookup of QUESTION_PROOF has found so far */

struct lookup {
    UT_hash_handle hh;
    struct resolver *resolver;
    enum question_kind kind;
    uint64_t deadline; /* uv_now milliseconds */
    struct resolver_question *questions;
    struct dns_query *query[PART_COUNT]; /* under way; NULL: none. QUESTION_SRV and _TLSA use the first */
    struct part part[PART_COUNT];
    unsigned service;           /* QUESTION_SRV: which service name is asked for */
    struct proof *proof;        /* owned; QUESTION_PROOF */
    struct lookup *prev, *next; /* by deadline */
    bool linked;
    size_t name_length;
    char name[DOMAIN_LONGEST + 1]; /* lower case, without trailing dot */
};

struct resolver {
    uv_loop_t *loop;
    struct dns_channel *channel; /* NULL once it is closed */
    uint32_t timeout_ms;
    bool allow_loopback, trust_ad, closing, ended;
    union address *own; /* owned */
    size_t own_count;
    struct dns_cache *hosts; /* dns.hosts: address sets that never expire */
    struct dns_cache *sets[QUESTION_KINDS];
    struct lookup *lookup_by_name[QUESTION_KINDS];
    struct lookup *lookups;             /* by deadline, the next one first */
    struct resolver_question *answered; /* to be delivered */
    uv_idle_t deliver;
    uv_timer_t deadline;
    unsigned open_handles;
    struct resolver_counts *counts; /* borrowed, or the next */
    struct resolver_counts own_counts;
    void (*on_closed)(void *context);
    void *context;
};

/* resolver_lookup.c: sends the first queries. The end of it comes to resolver_lookup_finish, but not from in
 * here. False: overloaded, and nothing was sent. */
bool lookup_start(struct lookup *lookup);
/* The time is over: what is not known now has failed. */
void lookup_give_up(struct lookup *lookup, const char *detail);
/* Takes back what is under way; nothing more comes of it. */
void lookup_abandon(struct lookup *lookup);

/* resolver_proof.c: the same for QUESTION_PROOF. */
bool proof_start(struct lookup *lookup);
void proof_give_up(struct lookup *lookup, const char *detail);
void proof_free(struct proof *proof); /* with its questions; NULL is fine */

/* resolver_reply.c: opens a reply to query[query] and notes in the part what it came to; the records are
 * still to be read. A failure that may be one of validation is asked about again, `again` being where the
 * answer goes: then false, and there is more to come. */
bool part_hear(struct lookup *lookup, size_t query, struct part *part, const struct dns_reply *reply,
               const char *name, uint16_t type, void (*again)(void *context, const struct dns_reply *reply),
               struct dns_answer *answer);
bool part_denies(const struct part *part);
/* What a part that failed means: REASON_DNS_BOGUS, REASON_DNS_FAILED. */
enum reason part_reason(const struct part *part);
uint64_t failure_ttl(enum reason reason);

/* resolver_kinds.c: what differs by kind. A set is a srv_record_set, address_set or tlsa_set. */
const void *set_hold(enum question_kind kind, const void *set);
void set_release(enum question_kind kind, const void *set);
const void *set_static(enum question_kind kind, enum reason outcome);
void set_note_times(enum question_kind kind, void *set, uint64_t expires, bool stale);
void question_answer(struct resolver_question *question); /* calls back */
/* What needs no query; borrowed until the cache is touched again. NULL: it has to be asked. */
const void *known_answer(struct resolver *resolver, enum question_kind kind, struct text name);

/* resolver.c: as resolver_federation_srv and its like, for any kind; NULL: no memory. */
struct resolver_question *question_create(struct resolver *resolver, enum question_kind kind, void *context);
/* Takes the question, and answers it or lets it wait for a lookup. */
struct resolver_question *question_ask(struct resolver_question *question, struct text name);
/* Caches the set (a reference that it takes, or NULL for no memory), answers all who asked, and frees the
 * lookup. ttl_ms: how long it is to be believed; stale_ms: how long it may help out after that. A set that
 * says REASON_DNS_FAILED gives way to an older one that may help out. */
void resolver_finish(struct lookup *lookup, void *take_set, enum reason outcome, uint64_t ttl_ms,
                     uint64_t stale_ms);

/* resolver_setup.c: when no handle is open any more. */
void resolver_free(struct resolver *resolver);
/* May an answer of the DNS lead to this address? */
bool resolver_allows(const struct resolver *resolver, const union address *address);

#endif
