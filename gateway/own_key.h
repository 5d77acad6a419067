/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_OWN_KEY_H
#define FEDGATE_OWN_KEY_H

/* Does a private key belong to a certificate? The public half is computed from the private one and compared.
 */

#include "policy/text.h"

enum own_key_verdict {
    OWN_KEY_MATCHES,
    OWN_KEY_OF_OTHER,   /* a key, but another */
    OWN_KEY_UNREADABLE, /* neither RSA, nor EC, nor Ed25519 */
};

/* `key`: DER, PKCS#8 or the traditional forms; `public_key`: a SubjectPublicKeyInfo. */
enum own_key_verdict own_key_check(struct text key, struct text public_key);

#endif
