/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_PEER_DANE_H
#define FEDGATE_POLICY_PEER_DANE_H

/* The rule `dane`: a peer is proven by a DNSSEC-secure TLSA record of an SRV target of the domain (RFC 7673,
 * RFC 7671), for inbound peers too. Between peer_judgement.c and peer_inbound.c; nobody else's. */

#include "policy/peer_path.h"

/* As peer_may_speak_for, for a partner with IDENTITY_DANE. */
struct speak_result peer_dane_may_speak_for(struct peer *peer, const struct partner *partner,
                                            struct text domain, const struct srv_answer *answer, int64_t now,
                                            const struct check_log *log);

/* Inbound, where nothing else accepts the chain: may it be one that a TLSA record will prove at its first
 * request? Only where a partner with that rule is in force; and not where the leaf names other partners and
 * none of those. */
bool peer_may_be_dane(const struct policy *policy, const struct peer *peer, int64_t now);

/* The partner whose domain a name is, or lies in, not more than 16 labels below it; NULL: none. */
const struct partner *partner_owning_name(const struct policy *policy, struct text name);

#endif
