/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_ROOT_FILE_H
#define FEDGATE_POLICY_ROOT_FILE_H

/* Root files -> trust anchors. */

#include "policy/files_digest.h"
#include "policy/trust_anchor.h"
#include "policy/yaml_keys.h"

#define ANCHORS_MOST 1000u         /* of one list of roots */
#define ENDS_SOON_DAYS INT64_C(60) /* a certificate that ends within them is worth a warning */

/* How root files are read. */
struct trust_anchor_loading {
    struct trust_anchors *anchors; /* get every certificate that may be an anchor */
    int64_t now;
    bool expired_allowed; /* an expired root is a warning only */
    const char *owner;    /* whom to ask for another one: "fabrikam"; NULL: nobody by name */
    struct problems *problems;
    struct files_digest *digest; /* or NULL */
};

/* A growing list of anchors, each once. The array is the caller's to free, the anchors are those of the
 * loading. */
struct trust_anchor_list {
    const struct trust_anchor **anchor;
    size_t count;
};

/* One root file: every certificate in it must be a CA in force; what is wrong is a problem at `place`, where
 * the file is named. */
void trust_anchor_file_load(const struct trust_anchor_loading *loading, const char *path, struct place place,
                            struct trust_anchor_list *list);
/* All files of a YAML list, named beside the file that is read. */
void trust_anchor_files_load(const struct trust_anchor_loading *loading, struct yaml_reading *reading,
                             const struct yaml_node *paths, struct trust_anchor_list *list);

#endif
