/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_PATH_FIXTURE_H
#define FEDGATE_TEST_PATH_FIXTURE_H

/* A root, an intermediate and a leaf that hold together, and searches over what becomes of them. */

#include "certificate_factory.h"

/* Keys of the factory. */
enum { ROOT, INTER, LEAF, OTHER_ROOT, SECOND, ATTACKER, ATTACKER_LEAF, THIRD };

#define SIGNS CERTIFICATE_KU_KEY_CERT_SIGN

extern const struct factory_order root, inter, leaf;

struct outcome {
    enum reason reason;
    size_t paths;
    struct trust_path first, last;
    size_t broken; /* calls of the trace */
};

bool keep_path(void *context, const struct trust_path *path); /* context: an outcome */
struct outcome search_in(const struct presented_chain *chain, const struct trust_anchors *anchors,
                         int64_t now);
/* One anchor, and a chain. The paths in the answer are gone with the chain: only counts may be read. */
struct outcome search_with(const struct factory_order *anchor, const struct factory_order *const *orders,
                           size_t count);
/* One anchor, and a chain of a leaf and an intermediate (or NULL). */
enum reason judge(const struct factory_order *anchor, const struct factory_order *ca,
                  const struct factory_order *end);
struct factory_order changed(const struct factory_order *order, unsigned flags); /* a copy with more flags */

#endif
