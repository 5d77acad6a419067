/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_REVOCATION_INQUIRY_H
#define FEDGATE_POLICY_REVOCATION_INQUIRY_H

/* What is asked about one certificate of a path. Between revocation.c, revocation_crls.c and
 * revocation_ocsp.c; nobody else's. */

#include "policy/revocation.h"

enum revocation_status { STATUS_UNKNOWN, STATUS_GOOD, STATUS_REVOKED };

struct revocation_inquiry {
    const struct trust_path *path;
    size_t index; /* of the certificate; its issuer is the next */
    const struct revocation_question *question;
    int64_t until;            /* as in struct revocation_finding */
    uint64_t marks;           /* likewise */
    bool is_unasked;          /* a source of it was never asked */
    bool is_of_signer;        /* it is about one who signs CRLs: nobody signs for him in turn */
    unsigned signer_searches; /* so far */
    const char *why;          /* a literal: of the last status that was not good */
};

void inquiry_let_answer_end(struct revocation_inquiry *inquiry, int64_t last);
/* What was fetched from a source; one that was not, or that is due again, becomes a need. */
const struct evidence_entry *inquiry_look(struct revocation_inquiry *inquiry,
                                          const struct revocation_need *need);

/* What it went by told nothing: where none of what came from this source was ever found genuine, it was
 * slipped in on the way, or is a mistake, and is worth fetching anew before the time that it says itself. */
void inquiry_doubt(struct revocation_inquiry *inquiry, const struct revocation_need *need,
                   const struct evidence_entry *entry);

/* Who has signed a CRL of a file, if no CA of the path has: one whom the same anchor vouches for, among what
 * was presented (6.3.3 (f)). NULL: nobody. */
const struct certificate *inquiry_find_signer(struct revocation_inquiry *inquiry, const struct crl *crl);

enum revocation_status inquiry_ask_crls(struct revocation_inquiry *inquiry);
enum revocation_status inquiry_ask_ocsp(struct revocation_inquiry *inquiry);

#endif
