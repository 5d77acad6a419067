/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_PARTNER_KEYS_H
#define FEDGATE_POLICY_PARTNER_KEYS_H

/* The keys of a partner file: its YAML tree -> a partner without anchors. Opens no file. Only partner_file
 * and discovery, which wants the defaults, use it. */

#include "policy/partner.h"
#include "policy/yaml_keys.h"

/* What stays open until the files that are named have been read. The nodes belong to the tree. */
struct partner_draft {
    struct partner *partner;                        /* owned by the caller; defaults are filled in */
    const struct yaml_node *name, *domains, *roots; /* NULL: missing or of the wrong kind */
    const struct yaml_node *identity, *message_size;
    /* Given: what gateway.yaml says, as in struct partner_file_context. */
    bool dnssec_believed;
    size_t message_size_most;
};

/* A partner with every default, or NULL: no memory. */
struct partner *partner_create(void);
void partner_keys_read(struct yaml_reading *reading, const struct yaml_node *root,
                       struct partner_draft *draft);

#endif
