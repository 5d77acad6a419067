/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_PEER_REVOCATION_H
#define FEDGATE_POLICY_PEER_REVOCATION_H

/* Revocation of the paths of a judged peer. It is asked for with every message, and a CRL costs a signature
 * check: so the answers stay with the peer until a CRL of theirs ends or begins. */

#include "policy/policy.h"
#include "policy/revocation.h"

struct peer;

#define PEER_REVOCATIONS_MOST 8u /* answers that a peer keeps; beyond them the oldest is asked for anew */

/* What is known of a path under some terms. */
struct peer_revocation {
    size_t path; /* in peer->path */
    struct revocation_terms terms;
    enum reason reason;
    struct revocation_finding finding;
};

struct peer_revocations {
    struct peer_revocation kept[PEER_REVOCATIONS_MOST];
    size_t asked;   /* so far; the first PEER_REVOCATIONS_MOST of them have a place of their own */
    int64_t until;  /* when the first of the answers ends; 0: there is none */
    uint64_t marks; /* evidence_mark of every fetched source that an answer went by */
};

/* What was fetched, and the ear for what should be: set by the caller before the peer is judged, kept by
 * every judgement, and valid whenever one is asked for. All NULL: nothing is fetched. */
struct peer_evidence {
    const struct revocation_evidence *fetched; /* borrowed */
    struct revocation_needs *needs;            /* borrowed */
    int64_t unasked_passes_until;              /* as in struct revocation_question */
};

/* As revocation_check. */
enum reason peer_revocation_check(struct peer *peer, size_t path, struct revocation_terms terms, int64_t now);
/* Has an answer ended or begun since the peer was judged, so that it shall be judged again? */
bool peer_revocation_is_stale(const struct peer *peer, int64_t now);
/* New evidence takes the place of the old; where the peer was judged by a source that has changed, it is
 * stale from now on. `changed` as in struct revocation_evidence. */
void peer_revocation_renew(struct peer *peer, const struct revocation_evidence *fetched, uint64_t changed);

/* ---- for people; each returns `to` ---- */

#define PEER_REVOCATION_SHOWN 180u
/* Why a path was refused for REASON_CERTIFICATE_REVOKED or REASON_REVOCATION_UNKNOWN: ": CN=x: a CRL of its
 * issuer lists it". Empty for other reasons. `partner` NULL: inside. */
const char *peer_revocation_refusal(struct peer *peer, const struct partner *partner,
                                    struct revocation_terms terms, enum reason reason, int64_t now,
                                    char to[PEER_REVOCATION_SHOWN]);
/* What `if-available` let pass although CRLs are listed: "; revocation unknown: CN=x: the CRL of its issuer
 * has ended". Empty where all is known. */
const char *peer_revocation_note(struct peer *peer, size_t path, struct revocation_terms terms, int64_t now,
                                 char to[PEER_REVOCATION_SHOWN]);
/* The check "revocation" of a path that was accepted. */
void peer_revocation_log(const struct check_log *log, struct peer *peer, size_t path,
                         struct revocation_terms terms, int64_t now);

#endif
