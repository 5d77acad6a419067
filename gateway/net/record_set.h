/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_RECORD_SET_H
#define FEDGATE_NET_RECORD_SET_H

/* What a question to the resolver came to: immutable, counted by reference, for one thread. */

#include "gateway/net/address.h"
#include "gateway/net/dns_answer.h"

#define ADDRESSES_MOST 32u /* of one host that are looked at */

/* Where the federation servers of a SIP domain are. */
struct srv_record_set {
    struct srv_answer answer; /* outcome: REASON_OK, REASON_SRV_NOT_FOUND (none, or the target "."),
                                 REASON_DNS_FAILED, REASON_DNS_BOGUS, REASON_OVERLOADED, REASON_SHUTTING_DOWN.
                                 At most SRV_TARGETS_MOST targets, by priority; hosts in lower case */
    uint64_t expires;    /* uv_now milliseconds; moves only when a stale answer has to help out again, and
                            answer.stale with it: its TTL is over, but the DNS does not answer (RFC 8767) */
    const char *service; /* "_sipfederationtls._tcp" or "_sips._tcp", whichever answered; NULL: neither */
    const char *detail;  /* static: what went wrong in the DNS; NULL when nothing did */
    unsigned references;
};

/* The addresses of a host. */
struct address_set {
    enum reason outcome; /* REASON_OK, REASON_ADDRESS_NOT_FOUND, REASON_ADDRESS_REFUSED, REASON_DNS_FAILED,
                            REASON_DNS_BOGUS, REASON_OVERLOADED, REASON_SHUTTING_DOWN */
    enum dns_security security; /* secure: all that was answered; bogus: one half is, and not to be used where
                                   that matters (RFC 7673 3.2) */
    const char *canonical;      /* the name that a DNSSEC-secure chain of aliases leads to; NULL: no alias */
    union address *address;     /* port 0, see address_set_port; by turns (RFC 8305 4), IPv6 first */
    size_t address_count;
    uint64_t expires; /* as above */
    bool stale;
    const char *detail;
    unsigned references;
};

#define TLSA_TARGETS_MOST 16u /* of one domain that are asked for, by priority */

/* The TLSA records of one owner name. */
struct tlsa_set {
    struct tlsa_answer answer; /* base: empty */
    uint64_t expires;          /* as above; never stale */
    unsigned references;
};

/* hold returns its argument. They forget that it is const: the count is ours. */
const struct srv_record_set *srv_record_set_hold(const struct srv_record_set *set);
void srv_record_set_release(const struct srv_record_set *set); /* NULL is fine */
const struct address_set *address_set_hold(const struct address_set *set);
void address_set_release(const struct address_set *set); /* NULL is fine */
const struct tlsa_set *tlsa_set_hold(const struct tlsa_set *set);
void tlsa_set_release(const struct tlsa_set *set); /* NULL is fine */

/* A set that says no more than why. Never NULL, and needs no release. */
const struct srv_record_set *srv_record_set_static(enum reason outcome);
const struct address_set *address_set_static(enum reason outcome);
const struct tlsa_set *tlsa_set_static(enum reason outcome);

#endif
