/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_IDENTITY_H
#define FEDGATE_POLICY_IDENTITY_H

/* The five identity rules: may a peer with this certificate speak for domain D of partner P? The same rule
 * both ways. Pure: what DNS said comes in as an answer, and a missing answer comes out as a need. */

#include "policy/partner.h"

#define SRV_TARGETS_MOST 100u /* targets of one SRV answer that are looked at */

enum dns_security { DNS_INSECURE, DNS_SECURE, DNS_BOGUS };

struct srv_target {
    struct text host; /* without trailing dot */
    uint16_t port, priority, weight;
};

struct tlsa_record {
    uint8_t usage, selector, matching;
    struct text data;
};

/* What is known of the federation SRV records of a domain (the first of _sipfederationtls._tcp and _sips._tcp
 * that answers). All texts are borrowed and live as long as the judgement. */
struct srv_answer {
    enum reason outcome; /* REASON_OK, REASON_SRV_NOT_FOUND, REASON_DNS_FAILED, REASON_DNS_BOGUS */
    enum dns_security security;
    const struct srv_target *target;
    size_t target_count;
    const struct tlsa_record *tlsa; /* of all targets; for IDENTITY_DANE */
    size_t tlsa_count;
    bool tlsa_known; /* false: TLSA was not asked yet */
    enum dns_security tlsa_security;
};

enum identity_verdict { IDENTITY_PROVEN, IDENTITY_REFUSED, IDENTITY_NEEDS_SRV, IDENTITY_NEEDS_TLSA };

struct identity_result {
    enum identity_verdict verdict;
    enum reason reason;  /* REASON_OK when proven; why when refused */
    struct text matched; /* the name in the certificate that proved it; borrowed from the certificate */
    const struct srv_target *target; /* the SRV target that took part, or NULL */
};

/* `answer` NULL: DNS was not asked yet. `leaf` is the presented leaf; whether its path holds is judged
 * elsewhere. */
struct identity_result identity_check(const struct partner *partner, const struct certificate *leaf,
                                      struct text domain, const struct srv_answer *answer);

/* Does the certificate carry `name` as a host name: SAN DNS, or CN where there is no SAN? (Internal servers.)
 */
bool identity_names_host(const struct certificate *leaf, struct text name);
/* Does it carry the SIP domain by RFC 5922 7.1 and 7.2? Sets *matched. */
bool identity_names_domain(const struct certificate *leaf, struct text domain, struct text *matched);
/* Does it carry `name` in SAN DNS, exactly? */
bool identity_names_dns(const struct certificate *leaf, struct text name, struct text *matched);

#endif
