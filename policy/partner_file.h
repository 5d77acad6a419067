/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_PARTNER_FILE_H
#define FEDGATE_POLICY_PARTNER_FILE_H

/* Partner files -> partners. The only file of policy/ that opens files, and the place where PEM files are
 * read for all of fedgate. Blocking: for start, check and the reload thread, never on a loop. */

#include "policy/files_digest.h"
#include "policy/partner_set.h"
#include "policy/problem.h"

#define PARTNER_FILE_LARGEST (1024u * 1024u) /* octets of YAML */
#define PEM_FILE_LARGEST (1024u * 1024u)

struct partner_file_context {
    struct partner_set *set;
    int64_t now; /* for expired roots and for the sixty days of warning */
    /* Is it one of our own domains? Then a partner may not claim it. */
    bool (*is_own_domain)(void *context, struct text domain);
    bool (*is_blocked)(void *context, struct text domain); /* blocked by gateway.yaml: a warning */
    void *context;
    bool expired_roots_allowed;  /* explain --at: an expired root is a warning only */
    struct files_digest *digest; /* gets every file that is read; NULL: nobody asks */
};

/* Reads every *.yaml of the folder, in the order of names. Adds to `problems` all that is wrong; partners
 * without errors are in the set. A folder that cannot be read is an error; an empty one is not. */
void partner_folder_load(const char *folder, struct partner_file_context *context, struct problems *problems);

/* The certificates of a PEM file, in its order. On failure adds one problem at `place` and returns false:
 * the file is missing or too large, holds no certificate, holds a private key, cannot be read.
 * The list and what it holds are the caller's. */
struct certificate_list {
    struct certificate **certificate; /* owned */
    size_t count;
};
bool pem_file_read_certificates(const char *path, struct place place, struct problems *problems,
                                struct certificate_list *out) __attribute__((warn_unused_result));
/* The same from text that was read already. `path` is for the messages. */
bool pem_read_certificates(struct text pem, const char *path, bool private_key_allowed, struct place place,
                           struct problems *problems, struct certificate_list *out)
    __attribute__((warn_unused_result));
void certificate_list_deinit(struct certificate_list *list);

/* A whole file, NUL added after its end; NULL with *why set to a literal. The caller frees. */
char *file_read(const char *path, size_t largest, size_t *length, const char **why);

/* How root files are read. */
struct trust_anchor_loading {
    struct trust_anchors *anchors; /* get every certificate that may be an anchor */
    int64_t now;
    bool expired_allowed; /* an expired root is a warning only */
    struct problems *problems;
    struct files_digest *digest; /* or NULL */
};

/* One root file: every certificate in it must be a CA in force; what is wrong is a problem at `place`, where
 * the file is named. The anchors are appended, each once, to *list (a malloc'ed array that the caller owns,
 * with *count). */
void trust_anchor_file_load(const struct trust_anchor_loading *loading, const char *path, struct place place,
                            const struct trust_anchor ***list, size_t *count);

/* `path` relative to the folder of `file`, unless absolute; owned by the caller. */
char *path_beside(const char *file, const char *path);

#endif
