/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_TRUST_PATH_RULES_H
#define FEDGATE_POLICY_TRUST_PATH_RULES_H

/* The rules of RFC 5280 section 6.1 that trust_path.c holds certificates and paths to; of no use to others.
 * Whoever refuses sets *why to a literal. */

#include "policy/trust_path.h"

enum path_place { PATH_LEAF, PATH_INTERMEDIATE, PATH_ANCHOR };

/* What one certificate must be by itself. */
enum reason path_check_certificate(const struct certificate *certificate, enum path_place place, int64_t now,
                                   const char **why);
/* May `issuer` have signed `child`, as far as this can be told without the signature? */
enum reason path_check_issuer(const struct certificate *child, const struct certificate *issuer,
                              const char **why);
/* Is the key identifier that the child names certainly not the issuer's? */
bool path_key_ids_differ(const struct certificate *child, const struct certificate *issuer);

/* Signature checks of a search: each pair is checked once. */
struct signature_log {
    const struct presented_chain *chain; /* what it remembers is not checked again */
    struct {
        const struct certificate *child, *issuer;
        bool good;
    } checked[TRUST_PATH_SIGNATURE_BUDGET];
    size_t count;
    bool exhausted; /* one more would have been needed */
};

/* Do all names of a whole path obey the constraints of the CAs above them? */
enum reason path_check_names(const struct trust_path *path, const bool *self_issued, uint32_t *budget,
                             const char **why);
/* From the anchor down, so that no key is used before it is vouched for. */
enum reason path_check_signatures(const struct trust_path *path, struct signature_log *log, const char **why);
/* Fills extended_key_usage and valid_until of a whole path. */
void path_sum_up(struct trust_path *path);

#endif
