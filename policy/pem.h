/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_PEM_H
#define FEDGATE_POLICY_PEM_H

/* PEM text (RFC 7468) -> its blocks, one after another. What stands between blocks is ignored. */

#include "policy/text.h"

#define PEM_LABEL_LONGEST 64u

struct pem_block {
    struct text label; /* "CERTIFICATE", "EC PRIVATE KEY", ...; a view into the PEM text */
    struct text body;  /* what stands between the BEGIN and END lines; a view */
    size_t line;       /* of BEGIN, from 1 */
};

enum pem_outcome { PEM_BLOCK, PEM_END, PEM_BROKEN };

/* The next block of *rest, which moves on; *line counts the lines passed and starts at 1. PEM_BROKEN: a BEGIN
 * without its END. */
enum pem_outcome pem_next(struct text *rest, size_t *line, struct pem_block *block);
bool pem_is_certificate(const struct pem_block *block);
bool pem_is_private_key(const struct pem_block *block);
/* The octets of the body; the caller frees. NULL: not base64, or no memory. */
unsigned char *pem_decode(const struct pem_block *block, size_t *length);

/* Strict base64 (RFC 4648 4) with padding; white space is skipped where `spaces`. Returns the octets, or
 * SIZE_MAX when `from` is no base64 or `to` is too small. */
size_t base64_decode(struct text from, bool spaces, unsigned char *to, size_t size);
/* With padding, NUL-terminated; `to` has room for BASE64_LENGTH(length). */
#define BASE64_LENGTH(octets) (((octets) + 2) / 3 * 4 + 1)
void base64_encode(const unsigned char *from, size_t length, char *to);

#endif
