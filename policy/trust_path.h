/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_TRUST_PATH_H
#define FEDGATE_POLICY_TRUST_PATH_H

/* The ways from a presented leaf to trust anchors (RFC 5280 section 6). Every path that holds is shown to the
 * caller, who knows which anchors it wants; nothing here knows partners.
 *
 * Checked on each path: signatures; validity of each certificate, the anchor's too; basicConstraints,
 * keyUsage of CAs (keyCertSign), path length (self-issued not counted); extended key usage nested through
 * the CAs; name constraints of every CA and of the anchor; critical extensions; strength of keys and
 * signatures. What the leaf must be good for is the caller's (client or server, strict or lenient): see
 * trust_path.extended_key_usage and leaf_may_sign. Revocation is judged on the
 * finished path, see revocation.h. */

#include "policy/certificate.h"
#include "policy/trust_anchor.h"

/* Bounds of one search. Beyond them it ends with what it has found until then. */
#define TRUST_PATH_LONGEST 10u /* certificates from the leaf to the anchor, both counted */
#define TRUST_PATH_SIGNATURE_BUDGET                                                                          \
    20u /* signature checks a search: peers reach this before they prove a key */
#define TRUST_PATH_STEP_BUDGET                                                                               \
    2000u /* certificates looked at as a possible issuer, twice: to find and to explain */

struct trust_path {
    const struct certificate *certificate[TRUST_PATH_LONGEST]; /* leaf first, the anchor's own last */
    size_t count;
    const struct trust_anchor *anchor; /* NULL: it ends at a presented CA, see trust_search */
    /* What the leaf may be used for after nesting: CERTIFICATE_EKU_* of the leaf and of every CA that has the
     * extension, where a certificate without the extension, or with anyExtendedKeyUsage, allows all (~0u). */
    uint32_t extended_key_usage;
    bool leaf_may_sign; /* its keyUsage, where it has one, has digitalSignature: what a peer in TLS needs (RFC
                           8446 4.4.2.2; RFC 5280 6.1.5 asks nothing of it) */
    int64_t valid_until; /* the earliest end of its certificates */
};

/* What a search saw, for explain: called for each path that breaks. `so_far` ends before `at`, or is whole
 * and ends at an anchor; `detail` is a literal. */
struct trust_trace {
    void (*broke)(void *context, const struct trust_path *so_far, const struct certificate *at,
                  enum reason why, const char *detail);
    void *context;
};

struct trust_search {
    const struct presented_chain *chain;
    const struct trust_anchors *anchors; /* NULL: none */
    /* Every presented CA may end a path as well, its own issuer being of no concern (RFC 7671 5.2); the
     * anchor of such a path is NULL. */
    bool ends_at_presented;
    int64_t now; /* seconds since 1970 */
    /* May this anchor end a path? NULL: every one may. Asked before any signature is checked. */
    bool (*accepts)(void *context, const struct trust_anchor *anchor);
    /* A path that holds. Return true to go on looking for others. The path lives only during the call. */
    bool (*found)(void *context, const struct trust_path *path);
    void *context;
    const struct trust_trace *trace; /* NULL: none */
};

/* REASON_OK when at least one path was found; otherwise the reason of the path that got furthest
 * (REASON_UNTRUSTED_CHAIN when none came near an anchor). A chain with a defect gives that defect. Allocates
 * nothing, does not recurse. A leaf that is itself an anchor ends no path: it is not vouched for by anyone.
 */
enum reason trust_path_search(const struct trust_search *search);

#endif
