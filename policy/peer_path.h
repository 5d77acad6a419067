/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_PEER_PATH_H
#define FEDGATE_POLICY_PEER_PATH_H

/* What the judgements of a peer share: the paths of its chain, what each may be used for, and how a verdict
 * is said. Between peer_judgement.c and peer_inbound.c; nobody else's. */

#include "policy/peer_judgement.h"

/* A verdict with its detail, told to the log as one check. */
struct peer_verdict peer_conclude(const struct check_log *log, const char *check, enum reason reason,
                                  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The names of the leaf, for a refusal that an administrator can act on. Returns `to`; size >= 16. */
const char *peer_print_names(const struct certificate *leaf, char *to, size_t size);

/* Keeps every path that holds, up to PEER_PATHS_MOST; `partner` NULL: to any anchor. As trust_path_search. */
enum reason peer_collect_paths(struct peer *peer, const struct trust_anchors *anchors,
                               const struct partner *partner, int64_t now, const struct trust_trace *trace);
/* The verdict on a chain without a path: searches once more, to tell which certificate broke it and how. */
struct peer_verdict peer_refuse_chain(const struct peer *peer, const struct trust_anchors *anchors,
                                      const struct partner *partner, enum reason reason, int64_t now,
                                      const char *names, const struct check_log *log);

bool peer_usage_allows(const struct trust_path *path, enum peer_role role, bool lenient);
/* For a verdict: what the first path lacks for its use. "" when the reason is not REASON_WRONG_KEY_USAGE. */
const char *peer_usage_lack(const struct peer *peer, enum reason reason);
struct revocation_terms partner_revocation_terms(const struct partner *partner);
bool reason_is_about_revocation(enum reason reason);
/* Do a partner's options accept one of the paths? */
enum reason peer_path_reason(struct peer *peer, size_t index, const struct partner *partner, int64_t now);
/* Is a key among these certificates pinned, or none demanded? */
bool peer_pins_match(const struct partner *partner, const struct certificate *const *certificate,
                     size_t count);
/* Looks for the paths to presented CAs, once. */
void peer_collect_presented(struct peer *peer, int64_t now);
/* The path that a partner's options accept; NULL with *reason set. REASON_UNTRUSTED_CHAIN: none leads to its
 * anchors. */
const struct trust_path *peer_path_for(struct peer *peer, const struct partner *partner, int64_t now,
                                       enum reason *reason);

#endif
