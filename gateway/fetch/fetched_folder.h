/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_FETCH_FETCHED_FOLDER_H
#define FEDGATE_FETCH_FETCHED_FOLDER_H

/* The folder in which fetched CRLs and OCSP answers outlive a restart: one file for each source, its name a
 * SHA-256 of the source, its content what was fetched, its time of change when. Nothing in it is trusted:
 * signatures are checked as if it had just come. Blocking: for a thread of the pool. */

#include "policy/revocation_evidence.h"

#define FETCHED_KEPT_SECONDS (30 * 24 * 3600) /* files not written for so long are swept away */

/* Octets, one source's; the caller frees. NULL: nothing is kept of it, or it is larger than `most`. */
char *fetched_folder_read(const char *folder, enum evidence_kind kind, struct text key, size_t most,
                          size_t *length, int64_t *fetched);
/* Writes the pieces one after another, whole or not at all, and makes the folder where it is missing. False:
 * *why is a sentence without a subject, static. */
bool fetched_folder_write(const char *folder, enum evidence_kind kind, struct text key,
                          const struct text *piece, size_t count, const char **why);
void fetched_folder_sweep(const char *folder, int64_t now);

#endif
