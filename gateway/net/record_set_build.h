/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_RECORD_SET_BUILD_H
#define FEDGATE_NET_RECORD_SET_BUILD_H

/* How the resolver makes record sets. Each comes with one reference; expires and stale are left to the
 * caller; NULL: no memory. */

#include "gateway/net/record_set.h"

/* From an answer that was opened with DNS_ANSWER_RECORDS. REASON_SRV_NOT_FOUND when its only target is ".",
 * or none can be used. */
struct srv_record_set *srv_record_set_read(struct dns_answer *answer, const char *service);
struct srv_record_set *srv_record_set_empty(enum reason outcome, const char *detail);

/* What the answer says, with the first TLSA_TARGETS_MOST of its targets, and what is known of their TLSA
 * records: `tlsa` has one for each, or is NULL. */
struct srv_record_set *srv_record_set_with_tlsa(const struct srv_record_set *srv,
                                                const struct tlsa_answer *tlsa);

/* The first ADDRESSES_MOST of `first` and `second` by turns. No addresses are fine; nor is a canonical name.
 */
struct address_set *address_set_join(enum reason outcome, const char *canonical, const union address *first,
                                     size_t first_count, const union address *second, size_t second_count);

/* From an answer that was opened with DNS_ANSWER_RECORDS; those that are longer than TLSA_DATA_LONGEST, or
 * beyond TLSA_RECORDS_MOST, are left out. */
struct tlsa_set *tlsa_set_read(struct dns_answer *answer);
struct tlsa_set *tlsa_set_empty(enum reason outcome, const char *detail);

#endif
