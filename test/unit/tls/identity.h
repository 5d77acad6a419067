/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_TLS_IDENTITY_H
#define FEDGATE_TEST_TLS_IDENTITY_H

/* Certificates made to order, by OpenSSL: the other opinion. */

#include "policy/text.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

enum key_kind { KEY_P256, KEY_P384, KEY_RSA, KEY_ED25519, KEY_ED448, KEY_RSA_1024 };

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
    char *chain_pem; /* leaf first, then what `chain` of the order named */
    char *key_pem;
};

struct identity_order {
    const char *name; /* CN and SAN DNS */
    enum key_kind kind;
    const struct identity *issuer;    /* NULL: signs itself */
    const struct identity *chain[16]; /* what is presented after the leaf; ends with NULL */
    bool ca;
    bool no_key_usage;
    bool expired;
    bool critical_unknown;            /* an extension nobody knows, critical */
    int names;                        /* further SAN DNS */
    const char *extended_key_usage;   /* NULL: serverAuth,clientAuth; "" : none */
    const struct identity *key_id_of; /* of a CA: whose subjectKeyIdentifier it claims; NULL: its own */
    const char *points_at;            /* URL of its CRL and of its OCSP responder; NULL: none */
};

struct identity *identity_create(const struct identity_order *order);
void identity_destroy(struct identity *identity);
/* The certificate of `of` with the key of another, its signature left as it was (CVE-2026-93302). */
struct identity *identity_forge(const struct identity *of);

/* The key in PKCS #8, encrypted with a password; free it. */
char *identity_locked_key(const struct identity *identity);
struct text identity_der(const struct identity *identity); /* allocated; free .at */

#endif
