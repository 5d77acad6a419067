/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_RESOLVER_H
#define FEDGATE_NET_RESOLVER_H

/* Asks the DNS, on a loop, for what federation needs: the SRV records of a SIP domain and the addresses of a
 * host. Everything is cached within its TTL; equal questions under way are joined; a question takes at most
 * dns.timeout, from the call to the callback. One resolver for each worker; all calls are for the loop's own
 * thread.
 *
 * SRV targets that are aliases: RFC 2782 forbids them, the Internet does not care. The addresses behind a
 * CNAME are followed, but a target keeps its own name: that alone is what a certificate is compared with, and
 * what SNI says; but for rule dane, where the aliases are proven, too. */

#include "gateway/net/dns_host.h"
#include "gateway/net/record_set.h"
#include "gateway/net/resolver_counts.h"
#include "policy/partner.h"

#include <uv.h>

#define RESOLVER_QUERIES_MOST 100u   /* in flight: more are lost in UDP buffers */
#define RESOLVER_WAITING_MOST 2000u  /* queries that wait for their turn (overloaded) */
#define RESOLVER_ENTRIES_MOST 10000u /* cached answers of each kind */
#define RESOLVER_ERROR_SIZE 160u

struct resolver;
struct resolver_question; /* one that was asked and not answered yet */

struct resolver_options {           /* all borrowed during resolver_create only */
    const struct host_port *server; /* none: those of /etc/resolv.conf */
    size_t server_count;
    uint32_t timeout_ms;
    const struct dns_host *host; /* answered from here before any query, and always believed */
    size_t host_count;
    /* Our listeners: answers that lead to one of these IP addresses are refused, whatever the port; an
     * unspecified one stands for every address that this machine has when the resolver is created. */
    const union address *own;
    size_t own_count;
    bool allow_loopback; /* nothing is refused */
    bool trust_ad;       /* the AD bit means DNS_SECURE, and why a server fails may mean DNS_BOGUS */
    struct resolver_counts *counts; /* lives as long as the loop; NULL: nobody asks */
};

/* NULL: `error` holds a sentence. */
struct resolver *resolver_create(uv_loop_t *loop, const struct resolver_options *options, char *error,
                                 size_t error_size) __attribute__((warn_unused_result));
/* Once. Open questions are answered with REASON_SHUTTING_DOWN, from the loop, then on_closed is called and
 * the memory is gone. Nothing may be asked any more; abandoning is still fine until a question's callback. */
void resolver_close(struct resolver *resolver, void (*on_closed)(void *context), void *context);

/* From the cache, without a query: false when it has to be asked. *answer is borrowed until the next call
 * here: hold it to keep it. */
bool resolver_peek_federation_srv(struct resolver *resolver, struct text domain,
                                  const struct srv_record_set **answer);
bool resolver_peek_federation_tlsa(struct resolver *resolver, struct text domain,
                                   const struct srv_record_set **answer);
bool resolver_peek_addresses(struct resolver *resolver, struct text host, const struct address_set **answer);

/* The answer always comes from the loop, never during the call, even when it is known already. The question
 * is gone when its callback has been called. The answer is borrowed during the callback: hold it to keep it.
 * The callback may do anything, resolver_close too. NULL: no memory, and no callback.
 *
 * Asks for _sipfederationtls._tcp.DOMAIN, and only when that is denied (never when it fails) for
 * _sips._tcp.DOMAIN. The answer is DNS_SECURE only when all that it is built from is. With a TTL of 0 it is
 * for those who asked, and for nobody after them: a peek will not find it. */
struct resolver_question *resolver_federation_srv(struct resolver *resolver, struct text domain,
                                                  void (*answered)(void *context,
                                                                   const struct srv_record_set *answer),
                                                  void *context) __attribute__((warn_unused_result));
/* The same, and the TLSA records of the first TLSA_TARGETS_MOST targets (RFC 7673 3), for rule dane: they are
 * asked for where the SRV answer is secure, and of each target where its addresses are (those of dns.hosts
 * are). Where an address is reached by aliases, at the name that they lead to, else at the target's own (RFC
 * 7671 7). The answer ends with the first of all that it is built from, and never helps out when it has
 * ended. */
struct resolver_question *resolver_federation_tlsa(struct resolver *resolver, struct text domain,
                                                   void (*answered)(void *context,
                                                                    const struct srv_record_set *answer),
                                                   void *context) __attribute__((warn_unused_result));
/* dns.hosts first; an IP address answers itself (it comes from a configuration: nothing is refused); else A
 * and AAAA, of which one suffices. */
struct resolver_question *resolver_addresses(struct resolver *resolver, struct text host,
                                             void (*answered)(void *context,
                                                              const struct address_set *answer),
                                             void *context) __attribute__((warn_unused_result));
/* The callback will not be called. The question is gone at once; the query goes on, for the cache. */
void resolver_question_abandon(struct resolver_question *question);

struct resolver_statistics {
    uint64_t queries, answers, failures, timeouts; /* of the wire */
    uint64_t overloaded;
    size_t in_flight, waiting;
};
void resolver_statistics(const struct resolver *resolver, struct resolver_statistics *statistics);

#endif
