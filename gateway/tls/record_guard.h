/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TLS_RECORD_GUARD_H
#define FEDGATE_TLS_RECORD_GUARD_H

/* Lets by only octets that form plausible TLS records (RFC 8446 5.1, RFC 5246 6.2.1), before the TLS library
 * sees them: a record whose fragment is shorter than its AEAD tag makes some versions of the library read out
 * of bounds (CVE-2024-0901). The records may come in any fragments. */

#include "policy/text.h"

#define RECORD_HEADER_OCTETS 5u
#define RECORD_FRAGMENT_MOST (16384u + 256u) /* RFC 8446 5.2 */
#define RECORD_DATA_LEAST 17u                /* a content type or one octet, and the tag */

struct record_guard {
    uint8_t header[RECORD_HEADER_OCTETS]; /* of the record that passes now */
    uint8_t header_length;                /* octets of it seen */
    uint16_t left;                        /* octets of its fragment still to come */
    uint32_t records;                     /* headers that passed; the owner may set it back */
    bool broken;                          /* nothing passes any more */
};

/* Zeroed memory is a guard at the start of a stream. False: `octets` hold a header that is none, now or
 * earlier; nothing of `octets` may go on. */
bool record_guard_pass(struct record_guard *guard, struct text octets) __attribute__((warn_unused_result));

/* After record_guard_pass said no: does the refused header look like the start of a SIP message in the clear?
 */
bool record_guard_saw_text(const struct record_guard *guard);

#endif
