/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_RECORDS_H
#define FEDGATE_RELAY_RECORDS_H

/* What the DNS says of a partner's domain, as its identity rule asks: with the TLSA records of the servers
 * for rule dane, the SRV records alone for all others. */

#include "gateway/relay/worker.h"

/* From the cache. `partner` NULL: nobody's domain; the SRV records. As resolver_peek_federation_srv. */
bool records_peek(const struct worker *worker, const struct partner *partner, struct text domain,
                  const struct srv_record_set **records);
/* As resolver_federation_srv. */
struct resolver_question *records_ask(struct worker *worker, const struct partner *partner,
                                      struct text domain,
                                      void (*answered)(void *context, const struct srv_record_set *records),
                                      void *context) __attribute__((warn_unused_result));

/* Why no server of the domain can be used, whoever is there; REASON_OK: one may. */
enum reason records_reason(const struct partner *partner, const struct srv_record_set *records);
/* Does the reason only say that the DNS could not tell? */
bool records_failed(enum reason reason);
/* May we connect to an address that the DNS gave for a host of the partner (NULL: our own side)? Whoever runs
 * a discovered domain's DNS chooses host and port, and is not to lead us into networks that only we reach: no
 * private address, unless dns.hosts says so, or nothing is refused (dns.allow-loopback). */
bool records_allow_address(const struct settings *settings, const struct partner *partner, struct text host,
                           const union address *address);

/* More on a refusal, for the audit line; "" when there is nothing to add. Returns `to`. */
#define RECORDS_DETAIL 300u
const char *records_detail(const struct srv_record_set *records, char to[RECORDS_DETAIL]);

#endif
