/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_CONFINEMENT_PARTS_H
#define FEDGATE_CONFINEMENT_PARTS_H

/* What the files of the confinement have in common. Nobody else includes it. */

#include "gateway/confinement.h"

/* All that stays open to the process, found when it is confined: a folder with all below it, or one file. */
struct confined_paths {
    char **read; /* owned, each of them too; real paths, sorted, each once */
    size_t read_count, read_capacity;
    const char *write[2]; /* borrowed of the settings: folders in which files are made, renamed and removed */
    size_t write_count;
    bool is_short; /* memory ran out: some are missing */
};

/* Makes the folders that are written to where they are missing. */
void confined_paths_find(struct confined_paths *paths, const struct settings *settings);
void confined_paths_deinit(struct confined_paths *paths);

/* Landlock. 0: `why` says why not; else the version of its interface. */
unsigned confine_files(const struct confined_paths *paths, char *why, size_t size);
/* seccomp. False: `why` says why not. */
bool confine_calls(char *why, size_t size);

#endif
