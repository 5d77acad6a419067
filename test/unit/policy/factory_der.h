/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_FACTORY_DER_H
#define FEDGATE_TEST_FACTORY_DER_H

/* Writes DER into buffers of a fixed size, and signs. Whatever does not fit ends the test. */

#include "policy/text.h"

#define BYTES_ROOM 8192u

struct bytes {
    size_t length;
    uint8_t octets[BYTES_ROOM];
};

void bytes_put(struct bytes *to, const void *octets, size_t length);
void bytes_append(struct bytes *to, const struct bytes *from);
void bytes_wrap(struct bytes *to, uint8_t tag, const struct bytes *content); /* appends one value */
void bytes_wrap_string(struct bytes *to, uint8_t tag, const char *content);
struct text bytes_text(const struct bytes *from); /* a copy that the caller frees */

void factory_key_id(int key, uint8_t id[20]);
void factory_put_public_key(struct bytes *to, int key, bool compressed);
/* Appends SEQUENCE { to_be_signed, algorithm, signature } with ECDSA over SHA-256. */
void factory_sign(struct bytes *to, const struct bytes *to_be_signed, const struct bytes *algorithm, int key,
                  bool spoil);

#endif
