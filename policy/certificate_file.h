/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_CERTIFICATE_FILE_H
#define FEDGATE_POLICY_CERTIFICATE_FILE_H

/* The certificates of PEM files. */

#include "policy/certificate.h"
#include "policy/problem.h"

#define PEM_FILE_LARGEST (1024u * 1024u)

struct certificate_list {
    struct certificate **certificate; /* owned */
    size_t count;
};

/* The certificates of a PEM file, in its order. On failure adds one problem at `place` and returns false: the
 * file is missing or too large, holds no certificate, holds a private key, cannot be read. The list and what
 * it holds are the caller's. */
bool pem_file_read_certificates(const char *path, struct place place, struct problems *problems,
                                struct certificate_list *out) __attribute__((warn_unused_result));
/* The same from text that was read already. `name` is what the messages call it. */
bool pem_read_certificates(struct text pem, const char *name, struct place place, struct problems *problems,
                           struct certificate_list *out) __attribute__((warn_unused_result));
void certificate_list_deinit(struct certificate_list *list);

#endif
