/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_NET_ZONE_FIXTURE_H
#define FEDGATE_TEST_NET_ZONE_FIXTURE_H

/* A small zone as the script of a DNS server that validates. */

#include "test/unit/net/resolver_fixture.h"

#define DOMAIN "fabrikam.example"
#define SERVICE "_sipfederationtls._tcp." DOMAIN
#define EDGE "edge.cloud.example"
#define REAL "real.cloud.example"
#define OWNER "_5061._tcp."

enum state {
    SIGNED,     /* answered, with AD */
    UNSIGNED,   /* answered, without */
    BOGUS,      /* SERVFAIL, but with CD an answer */
    BOGUS_SAID, /* SERVFAIL with an extended error */
    FAILING,    /* SERVFAIL, whatever is asked */
    SILENT
};

struct line {
    const char *name;
    uint16_t type;
    enum state state;
    const char *value; /* target, address or data; "alias NAME"; NULL: no data */
    uint32_t ttl;      /* 0: 60 */
};

extern unsigned zone_unchecked; /* queries with CD */

/* A resolver that believes AD, with these lines. */
void begin_zone(struct resolver_fixture *fixture, const struct line *lines, size_t count);
void change_zone(const struct line *lines, size_t count);
void zone_script(struct resolver_fixture *fixture, struct dns_exchange *exchange);

#define BEGIN_ZONE(fixture, ...)                                                                             \
    static const struct line lines_of_test[] = {__VA_ARGS__};                                                \
    begin_zone(fixture, lines_of_test, sizeof lines_of_test / sizeof lines_of_test[0])

/* What is said of one target; the set must be a good one. */
const struct tlsa_answer *tlsa_of(const struct srv_record_set *set, size_t index);

#endif
