/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LOOKUP_H
#define FEDGATE_LOOKUP_H

/* The gateway's own resolver for a command that waits: each question runs a loop until it is answered, the
 * latest after dns.timeout. */

#include "gateway/net/resolver.h"
#include "gateway/settings.h"

struct lookup;

/* NULL: `why` holds a sentence. */
struct lookup *lookup_create(const struct settings *settings, char *why, size_t size)
    __attribute__((warn_unused_result));
void lookup_destroy(struct lookup *lookup); /* NULL is fine. Nothing else may be open on its loop any more */
uv_loop_t *lookup_loop(struct lookup *lookup);

/* Never NULL. The caller releases. With the TLSA records where the partner's rule is dane; `partner` may be
 * NULL. */
const struct srv_record_set *lookup_srv(struct lookup *lookup, const struct partner *partner,
                                        struct text domain);
const struct address_set *lookup_addresses(struct lookup *lookup, struct text host);

#endif
