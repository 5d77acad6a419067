/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_DNS_ANSWER_H
#define FEDGATE_NET_DNS_ANSWER_H

/* Reads a DNS answer (RFC 1035) from octets that anybody may have sent: pure, nothing allocated, nothing read
 * past the end, every name and every walk bounded. First open, then one record after another:
 *
 *     struct dns_answer answer;
 *     struct dns_record record;
 *     if (dns_answer_open(octets, name, DNS_TYPE_SRV, &answer) == DNS_ANSWER_RECORDS)
 *         while (dns_answer_next(&answer, &record)) ... */

#include "policy/identity.h"

#define DNS_TYPE_A 1u
#define DNS_TYPE_CNAME 5u
#define DNS_TYPE_SOA 6u
#define DNS_TYPE_AAAA 28u
#define DNS_TYPE_SRV 33u
#define DNS_TYPE_OPT 41u
#define DNS_TYPE_TLSA 52u

#define DNS_RCODE_OK 0u
#define DNS_RCODE_FORMAT_ERROR 1u
#define DNS_RCODE_SERVER_FAILURE 2u
#define DNS_RCODE_NO_SUCH_NAME 3u

#define DNS_NAME_SIZE 256u   /* a name as text, NUL included */
#define DNS_ALIASES_MOST 12u /* CNAMEs from the name that was asked for to the records */

enum dns_answer_result {
    DNS_ANSWER_RECORDS,   /* at least one record of the type that was asked for */
    DNS_ANSWER_NO_DATA,   /* the name is there, the type is not */
    DNS_ANSWER_NO_NAME,   /* NXDOMAIN */
    DNS_ANSWER_FAILED,    /* any other rcode, or a referral: the server does not know */
    DNS_ANSWER_TRUNCATED, /* TC: ask again over TCP */
    DNS_ANSWER_MALFORMED  /* not an answer to this question, broken, or aliases without end */
};

struct dns_answer {
    uint32_t rcode;     /* with the upper bits of EDNS (RFC 6891 6.1.3) */
    bool authenticated; /* the AD bit, worth what the server and the way to it are worth */
    const char *bogus; /* static: what the resolver says is wrong with the signatures (RFC 8914), of an answer
                          with DNS_RCODE_SERVER_FAILURE; NULL: nothing. As much worth as the AD bit */
    bool aliased;      /* a CNAME leads from the name asked for to the records */
    uint32_t ttl;      /* seconds: RECORDS: the least of the records and their aliases;
                          NO_DATA, NO_NAME: of the denial (RFC 2308 5), of its aliases; 0 without SOA */

    struct text octets; /* borrowed: the whole message */
    uint16_t type;
    size_t at;                 /* dns_answer_next: where to go on */
    uint32_t left;             /* dns_answer_next: records of the answer section to come */
    char owner[DNS_NAME_SIZE]; /* of the records: the name asked for, or where its aliases end; lower case */
};

struct dns_record {
    uint32_t ttl;                    /* seconds, as sent */
    uint16_t priority, weight, port; /* SRV */
    struct text host;        /* SRV: lower case, without trailing dot, empty for "."; in `name` below */
    uint8_t address[16];     /* A: the first 4 octets; AAAA */
    struct tlsa_record tlsa; /* TLSA: data borrowed from the message */
    char name[DNS_NAME_SIZE];
};

/* `name` and `type` are what was asked. `answer` is filled as far as the result allows: rcode, authenticated,
 * bogus and ttl for all but MALFORMED. */
enum dns_answer_result dns_answer_open(struct text octets, struct text name, uint16_t type,
                                       struct dns_answer *answer) __attribute__((warn_unused_result));
/* The next record of the type asked for. False: no more. A record whose content does not fit its type, or an
 * SRV record with a target that is no host name, is passed over. */
bool dns_answer_next(struct dns_answer *answer, struct dns_record *record);

#endif
