/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_PARTNER_FILE_H
#define FEDGATE_POLICY_PARTNER_FILE_H

/* Partner files -> partners. The only file of policy/ that opens files, and the place where PEM files are
 * read for all of fedgate. Blocking: for start, check and the reload thread, never on a loop. */

#include "policy/certificate_file.h"
#include "policy/files_digest.h"
#include "policy/partner_set.h"
#include "policy/problem.h"
#include "policy/root_file.h"

#define PARTNER_FILE_LARGEST (1024u * 1024u) /* octets of YAML */

struct partner_file_context {
    struct partner_set *set;
    int64_t now; /* for expired roots and for the sixty days of warning */
    /* Is it one of our own domains? Then a partner may not claim it. NULL: none is. */
    bool (*is_own_domain)(void *context, struct text domain);
    bool (*is_blocked)(void *context,
                       struct text domain); /* blocked by gateway.yaml: a warning. NULL: none is */
    void *context;
    bool dnssec_believed;       /* dns.trust-ad: without it, a rule that asks for DNSSEC is warned of */
    size_t message_size_most;   /* limits.message-size: a partner's that is over it is warned of; 0: none */
    bool expired_roots_allowed; /* explain --at: an expired root is a warning only */
    /* Gets each partner whose file was read, also one with errors; borrowed. NULL: nobody asks. */
    void (*seen)(void *context, const struct partner *partner);
    void *seen_context;
    struct files_digest *digest; /* gets every file that is read; NULL: nobody asks */
};

/* Reads every *.yaml of the folder, in the order of names. Adds to `problems` all that is wrong; partners
 * without errors are in the set. A folder that cannot be read is an error; an empty one is not. */
void partner_folder_load(const char *folder, struct partner_file_context *context, struct problems *problems);

/* A whole regular file, NUL added after its end; NULL with *why set to a literal. The caller frees. */
char *file_read(const char *path, size_t largest, size_t *length, const char **why);
/* The same; what is wrong is an error at `place`: file-missing, file-unreadable, file-too-large. */
char *file_read_or_report(const char *path, size_t largest, size_t *length, struct place place,
                          struct problems *problems);

/* `path` relative to the folder of `file`, unless absolute; owned by the caller. NULL: no memory. */
char *path_beside(const char *file, const char *path);
/* A path as a sentence about `place` calls it: without the folder that the place's own file is in. */
const char *path_shown(struct place place, const char *path);

#endif
