/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TLS_SUITE_H
#define FEDGATE_TLS_SUITE_H

/* The cipher suites that fedgate speaks: forward secret and AEAD only (RFC 9325 4.2). */

#include "policy/text.h"

struct tls_suite {
    uint16_t number; /* IANA */
    bool version_13;
    bool chacha;
    const char *library_name;
    const char *protocol; /* "TLSv1.3 TLS_AES_128_GCM_SHA256" */
};

#define TLS_SUITE_LIST_MOST 512u

/* All of them in order of preference, as the library's list. Without hardware for AES, ChaCha20 comes first:
 * it is faster there, and AES in tables shows its key to whoever shares the cache. */
void tls_suite_list(bool hardware_aes, char to[TLS_SUITE_LIST_MOST]);
/* The group of the key exchange, by the library's name: X25519, P-256 or P-384? A server of the library takes
 * any curve that it knows from a TLS 1.2 client. */
bool tls_group_is_ours(const char *library_name);
/* NULL: not one of ours. */
const struct tls_suite *tls_suite_find(uint16_t number, bool version_13);

#endif
