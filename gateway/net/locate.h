/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_LOCATE_H
#define FEDGATE_NET_LOCATE_H

/* In which order the servers of a domain are tried (RFC 3263 4, RFC 2782): pure. What addresses a target has
 * is then asked of the resolver, one target after the other. */

#include "policy/identity.h"

struct located_target {
    struct text
        host; /* borrowed from the answer or the list; an address literal is possible in a list only */
    uint16_t port;
};

/* A number below `bound` (which is at least 1), all equally likely. */
struct locate_random {
    uint32_t (*below)(void *context, uint32_t bound);
    void *context;
};

/* From the kernel's generator; without context. */
extern const struct locate_random locate_random_system;

/* By priority, and within one by weighted chance. Returns how many were written to `to`, at most
 * SRV_TARGETS_MOST: 0 unless the outcome is REASON_OK. */
size_t locate_srv(const struct srv_answer *answer, const struct locate_random *random,
                  struct located_target to[SRV_TARGETS_MOST]);
/* In the order of the list; the first SRV_TARGETS_MOST. */
size_t locate_fixed(const struct host_port *list, size_t count, struct located_target to[SRV_TARGETS_MOST]);

#endif
