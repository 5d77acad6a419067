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

/* The first ADDRESSES_MOST of `first` and `second` by turns. No addresses are fine. */
struct address_set *address_set_join(enum reason outcome, const union address *first, size_t first_count,
                                     const union address *second, size_t second_count);

#endif
