/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_FILES_DIGEST_H
#define FEDGATE_POLICY_FILES_DIGEST_H

/* One SHA-256 over many files in the order they are read: two loads of the same configuration give the same
 * digest. */

#include "policy/text.h"

struct files_digest;

struct files_digest *files_digest_create(void); /* NULL: no memory */
void files_digest_destroy(struct files_digest *digest);
void files_digest_add(struct files_digest *digest, struct text content); /* NULL digest: nothing happens */
/* 64 hex digits, NUL-terminated; the caller frees. Once, at the end. NULL: no memory, or an add failed. */
char *files_digest_finish(struct files_digest *digest);

#endif
