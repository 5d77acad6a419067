/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_IDENTITY_H
#define FEDGATE_POLICY_IDENTITY_H

/* The five identity rules: may a peer with this certificate speak for domain D of partner P? The same rule
 * both ways. Pure: what DNS said comes in as an answer, and a missing answer comes out as a need. */

#include "policy/dane.h"
#include "policy/partner.h"

#define SRV_TARGETS_MOST 100u /* targets of one SRV answer that are looked at */

struct srv_target {
    struct text host; /* without trailing dot */
    uint16_t port, priority, weight;
    const struct tlsa_answer *tlsa; /* borrowed; NULL: not asked for */
};

/* What is known of the federation SRV records of a domain (the first of _sipfederationtls._tcp and _sips._tcp
 * that answers). All texts are borrowed and live as long as the judgement. */
struct srv_answer {
    enum reason outcome; /* REASON_OK, REASON_SRV_NOT_FOUND, REASON_DNS_FAILED, REASON_DNS_BOGUS */
    enum dns_security security;
    bool stale; /* its TTL is over, and the DNS does not answer: no proof of anything any more */
    const struct srv_target *target;
    size_t target_count;
    bool tlsa_known; /* the TLSA records of the targets were asked for; IDENTITY_DANE needs them */
};

enum identity_verdict { IDENTITY_PROVEN, IDENTITY_REFUSED, IDENTITY_NEEDS_SRV };

struct identity_result {
    enum identity_verdict verdict;
    enum reason reason;  /* REASON_OK when proven; why when refused */
    struct text matched; /* the name in the certificate that proved it; borrowed from the certificate */
    const struct srv_target *target; /* the SRV target that took part, or NULL */
};

/* The rules that look at names: all but IDENTITY_DANE, which is peer_dane.h's.
 * `answer` NULL: DNS was not asked yet. `leaf` is the presented leaf; whether its path holds is judged
 * elsewhere. */
struct identity_result identity_check(const struct partner *partner, const struct certificate *leaf,
                                      struct text domain, const struct srv_answer *answer);

/* What is wrong with an answer whoever the peer is, for the rule of the partner; REASON_OK: nothing, or not
 * known yet. Only for rules that need DNS. */
enum reason identity_answer_reason(const struct partner *partner, const struct srv_answer *answer);

/* The answer as far as it speaks of the server that we are connected to: under IDENTITY_DANE with LOCATE_SRV
 * that target alone, or none. Everything else as it is. */
struct srv_answer identity_answer_of_server(const struct partner *partner, const struct srv_answer *answer,
                                            struct text host, uint16_t port);

/* May the server that an SRV record of the domain names be proven at all? Where not, it is not connected to:
 * under IDENTITY_DANE without TLSA records (RFC 7673 3.2, 3.3), and under IDENTITY_SRV_TARGET outside of the
 * domain, whose records could lead us to anybody's servers, and keep those of others busy with our attempts.
 */
bool identity_may_prove_target(const struct partner *partner, struct text domain,
                               const struct srv_target *target);

/* What a server of the partner is asked for by SNI: the domain, where that is what its certificate must name
 * (RFC 5922 7.8, RFC 7673 4.1); under IDENTITY_DANE its TLSA base domain (RFC 7671 10.2); else its own name.
 * TEXT_NONE where that is an address. `answer` may be NULL. A view into the arguments. */
struct text identity_server_name(const struct partner *partner, const struct srv_answer *answer,
                                 struct text domain, struct text host, uint16_t port);

/* Does the certificate carry `name` as a host name: SAN DNS, or CN where there is no SAN? (Internal servers.)
 */
bool identity_names_host(const struct certificate *leaf, struct text name);
/* Does it carry the SIP domain by RFC 5922 7.1 and 7.2? Sets *matched. */
bool identity_names_domain(const struct certificate *leaf, struct text domain, struct text *matched);
/* Does it carry the host name of an SRV target: SAN DNS or sip URI, or CN where there is no SAN? */
bool identity_names_target(const struct certificate *leaf, struct text host, struct text *matched);
/* Does it carry `name` in SAN DNS, exactly? */
bool identity_names_dns(const struct certificate *leaf, struct text name, struct text *matched);

#endif
