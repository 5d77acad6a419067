/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NAMED_FILES_H
#define FEDGATE_NAMED_FILES_H

/* The files that partner files name and that lie outside of the partner folder: roots and CRLs, there or not.
 */

#include "policy/partner.h"

struct named_files {
    char *folder; /* owned; of the partner files; NULL: not known, as when gateway.yaml is broken */
    char **path;  /* owned */
    size_t count, room;
    bool incomplete; /* memory ran out: some are not in the list */
};

void named_files_set_folder(struct named_files *files, const char *folder);
/* What `partner` names, but for what lies in the folder itself. */
void named_files_add(struct named_files *files, const struct partner *partner);
/* Sorts them, and drops what is named more than once: when all are there. */
void named_files_sort(struct named_files *files);
void named_files_deinit(struct named_files *files); /* leaves an empty list */

#endif
