/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_REVOCATION_EVIDENCE_H
#define FEDGATE_POLICY_REVOCATION_EVIDENCE_H

/* What was fetched of CRLs and OCSP answers, as one immutable snapshot: whoever fetches builds a new one
 * beside the old and hands it out. Nothing in it is believed before a judgement has checked its signature.
 * Any number of threads. */

#include <stdatomic.h>

#include "policy/crl.h"
#include "policy/ocsp_request.h"
#include "policy/ocsp_response.h"

enum evidence_kind { EVIDENCE_CRL, EVIDENCE_OCSP };

/* Of one URL: the newest that was found genuine, and some that nobody has checked yet, since anybody on the
 * way may forge a list that looks newer. */
#define EVIDENCE_CRLS_MOST 4u
#define EVIDENCE_RESPONSES_MOST 2u /* likewise */

/* What one source has given. Immutable once it is in a snapshot, but for the count. */
struct evidence_entry {
    atomic_uint references; /* evidence_entry_hold, evidence_entry_release */
    enum evidence_kind kind;
    struct text key;                     /* owned; what revocation_need_key says */
    struct crl *crl[EVIDENCE_CRLS_MOST]; /* held; newest first */
    size_t crl_count;
    struct ocsp_response *response[EVIDENCE_RESPONSES_MOST]; /* held; newest first */
    size_t response_count;
    int64_t ask_again;   /* seconds since 1970: from then on it is worth fetching anew */
    const char *failure; /* a literal: why the last attempt brought nothing; NULL: it did */
};

/* Copies the key. NULL: no memory. */
struct evidence_entry *evidence_entry_create(enum evidence_kind kind, struct text key);
struct evidence_entry *evidence_entry_hold(struct evidence_entry *entry);
void evidence_entry_release(struct evidence_entry *entry); /* NULL is fine */

/* Of an EVIDENCE_CRL: where it comes from; what else is in the key is left out. */
struct text evidence_entry_url(const struct evidence_entry *entry);

/* Before the entry is in a snapshot. Both take what they are given, put the newest first, and let go of what
 * nobody will look at again: a list that a newer genuine one of its issuer outlives. What was once found
 * genuine is never displaced by what was not. True: it was not known, and is now. */
bool evidence_entry_add_crl(struct evidence_entry *entry, struct crl *take);
bool evidence_entry_add_response(struct evidence_entry *entry, struct ocsp_response *take);

/* When what counts of it ends: the newest that was found genuine and lasts at `now`; where there is none, the
 * first of those that last, since nobody knows yet which of them is genuine; where none lasts, the last of
 * all. It holds something. */
int64_t evidence_entry_end(const struct evidence_entry *entry, int64_t now);
/* Was something of it that lasts at `now` found genuine? */
bool evidence_entry_is_proven(const struct evidence_entry *entry, int64_t now);

struct revocation_evidence {
    atomic_uint references;
    uint64_t generation;           /* one more than the snapshot before */
    uint64_t changed;              /* evidence_mark of every entry that differs from the snapshot before */
    struct evidence_entry **entry; /* owned array, held entries; sorted */
    size_t count;
};

/* Holds the entries, in any order; keys are unique. NULL: no memory. */
struct revocation_evidence *revocation_evidence_create(struct evidence_entry *const *entry, size_t count,
                                                       uint64_t generation, uint64_t changed);
struct revocation_evidence *revocation_evidence_hold(struct revocation_evidence *evidence);
void revocation_evidence_release(struct revocation_evidence *evidence); /* NULL is fine */

/* NULL: that source was never asked. `evidence` may be NULL. */
const struct evidence_entry *revocation_evidence_find(const struct revocation_evidence *evidence,
                                                      enum evidence_kind kind, struct text key);
/* One bit for a source: what was judged by it may be stale when `changed` has the bit. */
uint64_t evidence_mark(enum evidence_kind kind, struct text key);

#endif
