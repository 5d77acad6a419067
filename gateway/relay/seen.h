/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_SEEN_H
#define FEDGATE_RELAY_SEEN_H

/* The leaf certificates that peers have shown, so that their ends can be told in time. Of each name of a
 * partner (subject and subject alternative names together) the one that was shown last: what a peer has
 * replaced is nobody's concern any more. Bounded: when SEEN_MOST are known, the one that was shown longest
 * ago goes, among those of the same partner where it has any, else of who has most: who can make certificates
 * shows as many names as it likes, and is not to drive out others. Any thread; the lock is taken at
 * handshakes, never for a message. */

#include "policy/certificate.h"

#define SEEN_MOST 16384u
#define SEEN_NAMES 4u /* of a certificate, that are kept to be shown */

struct seen_leaf {
    bool is_internal;
    const char *partner; /* "" inside, and where nothing tells */
    const char *subject, *issuer;
    const char *name[SEEN_NAMES]; /* as certificate_name_print writes them; NULL behind the last */
    int64_t ends;                 /* seconds since 1970 */
    uint8_t sha256[32];
};

struct seen;
struct seen *seen_create(void); /* NULL: no memory */
void seen_destroy(struct seen *seen);

/* A session was accepted with this leaf. */
void seen_add(struct seen *seen, bool is_internal, const char *partner, const struct certificate *leaf);
/* Shows those that end before `before`, under the lock: the visitor must be quick. Those that ended before
 * `forget` are forgotten. */
void seen_ending(struct seen *seen, int64_t before, int64_t forget,
                 void (*visit)(void *context, const struct seen_leaf *leaf), void *context);
size_t seen_count(struct seen *seen);

#endif
