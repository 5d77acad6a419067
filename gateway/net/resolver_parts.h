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

enum question_kind { QUESTION_SRV, QUESTION_ADDRESSES };

struct resolver_question {
    struct resolver *resolver;
    enum question_kind kind;
    struct lookup *lookup; /* NULL: the answer is there, and waits to be delivered */
    union {
        void (*srv)(void *context, const struct srv_record_set *answer);
        void (*addresses)(void *context, const struct address_set *answer);
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
    const char *detail; /* static; when result is DNS_ANSWER_FAILED */
    size_t address_count, refused_count;
    union address address[PART_ADDRESSES_MOST]; /* that may be used */
};

enum { PART_AAAA, PART_A, PART_COUNT }; /* of QUESTION_ADDRESSES */

struct lookup {
    UT_hash_handle hh;
    struct resolver *resolver;
    enum question_kind kind;
    uint64_t deadline; /* uv_now milliseconds */
    struct resolver_question *questions;
    struct dns_query *query[PART_COUNT]; /* under way; NULL: none. QUESTION_SRV uses the first */
    struct part part[PART_COUNT];
    unsigned service;           /* QUESTION_SRV: which service name is asked for */
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
    struct dns_cache *srv_sets, *address_sets;
    struct lookup *lookup_by_name[2];   /* by kind */
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

/* resolver.c: caches the set (a reference that it takes, or NULL for no memory), answers all who asked, and
 * frees the lookup. ttl_ms: how long it is to be believed; stale_ms: how long it may help out after that. A
 * set that says REASON_DNS_FAILED gives way to an older one that may help out. */
void resolver_finish(struct lookup *lookup, void *take_set, enum reason outcome, uint64_t ttl_ms,
                     uint64_t stale_ms);

/* resolver_setup.c: when no handle is open any more. */
void resolver_free(struct resolver *resolver);
/* May an answer of the DNS lead to this address? */
bool resolver_allows(const struct resolver *resolver, const union address *address);

#endif
