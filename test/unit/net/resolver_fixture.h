/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_NET_RESOLVER_FIXTURE_H
#define FEDGATE_TEST_NET_RESOLVER_FIXTURE_H

/* A resolver whose only server is the scripted one. */

#include "test/unit/net/dns_server.h"

#include "gateway/net/resolver.h"

#define TIMEOUT_MS 600u /* dns.timeout of the tests */

struct resolver_fixture {
    struct test_loop test;
    struct dns_server server;
    struct resolver *resolver;
    struct resolver_options options; /* change before begin_resolver */
    struct host_port address;
    void (*script)(struct resolver_fixture *fixture, struct dns_exchange *exchange);
    unsigned srv_answers, address_answers, closed;
    const struct srv_record_set *srv;                    /* the last answer, held */
    const struct address_set *addresses;                 /* the last answer, held */
    void (*on_answer)(struct resolver_fixture *fixture); /* in each callback; may be NULL */
    unsigned step;                                       /* for scripts */
};

int resolver_fixture_begin(void **state);
int resolver_fixture_end(void **state);
void begin_resolver(struct resolver_fixture *fixture,
                    void (*script)(struct resolver_fixture *fixture, struct dns_exchange *exchange));
void end_resolver(struct resolver_fixture *fixture);
void resolver_closed(void *context);

struct resolver_question *ask_srv(struct resolver_fixture *fixture, const char *domain);
struct resolver_question *ask_addresses(struct resolver_fixture *fixture, const char *host);
struct resolver_question *ask_tlsa(struct resolver_fixture *fixture, const char *domain); /* SRV and TLSA */
/* Asks and waits for the answer, which is also left in the fixture. */
const struct srv_record_set *get_srv(struct resolver_fixture *fixture, const char *domain);
const struct srv_record_set *get_tlsa(struct resolver_fixture *fixture, const char *domain);
const struct address_set *get_addresses(struct resolver_fixture *fixture, const char *host);
void assert_target(const struct srv_record_set *set, size_t index, const char *host, unsigned port);
void assert_address(const struct address_set *set, size_t index, const char *host);
bool begins_with(const char *name, const char *prefix);

/* Scripts that many tests need. */
void script_silence(struct resolver_fixture *fixture, struct dns_exchange *exchange);
void script_server_failure(struct resolver_fixture *fixture, struct dns_exchange *exchange);
void script_no_such_name(struct resolver_fixture *fixture, struct dns_exchange *exchange); /* SOA 60 */
void script_good(struct resolver_fixture *fixture, struct dns_exchange *exchange); /* TTL 60; one record */
void set_rcode(struct dns_exchange *exchange, unsigned rcode);

#endif
