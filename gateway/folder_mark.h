/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_FOLDER_MARK_H
#define FEDGATE_FOLDER_MARK_H

/* What the partner folder looks like, without reading a file: names, sizes, inodes and times of change. Equal
 * marks: nothing has been written in between. */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/named_files.h"

struct folder_mark {
    uint64_t hash;
    int64_t newest; /* the latest change of a file that is not in the future, seconds since 1970; INT64_MIN:
                       no file */
};

/* Looks at each entry of their folder that counts, and at the named files. Blocking: never on a worker's
 * loop. What cannot be looked at is part of the mark, too. */
struct folder_mark folder_mark_take(const struct named_files *named, int64_t now);

/* Editors, rsync and others put files of their own beside the one that they write; these come and go without
 * notice. */
bool folder_entry_counts(const char *name);

#endif
