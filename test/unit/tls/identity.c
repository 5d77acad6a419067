/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/tls/identity.h"

#include <assert.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static EVP_PKEY *make_key(enum key_kind kind)
{
    EVP_PKEY *key = NULL;
    switch (kind) {
    case KEY_P256:
        key = EVP_EC_gen("P-256");
        break;
    case KEY_P384:
        key = EVP_EC_gen("P-384");
        break;
    case KEY_RSA:
        key = EVP_RSA_gen(2048);
        break;
    case KEY_RSA_1024:
        key = EVP_RSA_gen(1024);
        break;
    case KEY_ED25519:
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    case KEY_ED448:
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
        break;
    default:
        break;
    }
    assert(key != NULL);
    return key;
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void copy_key_id(X509 *certificate, const struct identity *of)
{
    int at = X509_get_ext_by_NID(of->certificate, NID_subject_key_identifier, -1);
    int added = X509_add_ext(certificate, X509_get_ext(of->certificate, at), -1);
    assert(at >= 0 && added == 1);
    (void)added;
}

static void add_key_ids(X509 *certificate, const struct identity_order *order)
{
    X509V3_CTX context;
    X509 *issuer = order->issuer == NULL ? certificate : order->issuer->certificate;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    if (order->key_id_of != NULL) {
        copy_key_id(certificate, order->key_id_of);
    } else {
        X509_EXTENSION *own = X509V3_EXT_conf_nid(NULL, &context, NID_subject_key_identifier, "hash");
        assert(own != NULL && X509_add_ext(certificate, own, -1) == 1);
        X509_EXTENSION_free(own);
    }
    if (order->issuer != NULL) {
        X509_EXTENSION *issuers =
            X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
        assert(issuers != NULL && X509_add_ext(certificate, issuers, -1) == 1);
        X509_EXTENSION_free(issuers);
    }
}

static void add_points(X509 *certificate, const char *url)
{
    char value[256];
    snprintf(value, sizeof value, "URI:%s", url);
    add_extension(certificate, NID_crl_distribution_points, value);
    snprintf(value, sizeof value, "OCSP;URI:%s", url);
    add_extension(certificate, NID_info_access, value);
}

static void add_names(X509 *certificate, const struct identity_order *order)
{
    size_t room = strlen(order->name) + 64 + (size_t)order->names * 64;
    char *value = malloc(room);
    assert(value != NULL);
    size_t length = (size_t)snprintf(value, room, "DNS:%s", order->name);
    for (int i = 0; i < order->names; i++) {
        length +=
            (size_t)snprintf(value + length, room - length, ",DNS:another-name-%04d.%s", i, order->name);
    }
    add_extension(certificate, NID_subject_alt_name, value);
    free(value);
}

static void add_extensions(X509 *certificate, const struct identity_order *order)
{
    add_extension(certificate, NID_basic_constraints, order->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_key_ids(certificate, order);
    if (order->points_at != NULL) {
        add_points(certificate, order->points_at);
    }
    if (!order->no_key_usage) {
        add_extension(certificate, NID_key_usage,
                      order->ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    }
    if (!order->ca) {
        const char *usage =
            order->extended_key_usage == NULL ? "serverAuth,clientAuth" : order->extended_key_usage;
        if (usage[0] != '\0') {
            add_extension(certificate, NID_ext_key_usage, usage);
        }
        add_names(certificate, order);
    }
    if (order->critical_unknown) {
        ASN1_OBJECT *unheard_of = OBJ_txt2obj("1.3.6.1.4.1.99999.7", 1);
        ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
        ASN1_OCTET_STRING_set(octets, (const unsigned char *)"\x05\x00", 2);
        X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, unheard_of, 1, octets);
        assert(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
        X509_EXTENSION_free(extension);
        ASN1_OCTET_STRING_free(octets);
        ASN1_OBJECT_free(unheard_of);
    }
}

static char *memory_of(BIO *bio)
{
    char *at = NULL;
    size_t length = (size_t)BIO_get_mem_data(bio, &at);
    char *copy = malloc(length + 1);
    assert(copy != NULL);
    memcpy(copy, at, length);
    copy[length] = '\0';
    BIO_free(bio);
    return copy;
}

static void write_pem(struct identity *identity, const struct identity *const *chain)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, identity->certificate);
    for (size_t i = 0; chain != NULL && chain[i] != NULL; i++) {
        PEM_write_bio_X509(bio, chain[i]->certificate);
    }
    identity->chain_pem = memory_of(bio);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, identity->key, NULL, NULL, 0, NULL, NULL);
    identity->key_pem = memory_of(bio);
}

struct identity *identity_create(const struct identity_order *order)
{
    static long serial = 1000;
    struct identity *identity = calloc(1, sizeof *identity);
    assert(identity != NULL);
    identity->key = make_key(order->kind);
    identity->certificate = X509_new();
    X509 *certificate = identity->certificate;
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -86400 * 30);
    X509_gmtime_adj(X509_getm_notAfter(certificate), order->expired ? -86400 : 86400 * 30);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)order->name, -1, -1, 0);
    X509_set_issuer_name(certificate,
                         order->issuer == NULL ? name : X509_get_subject_name(order->issuer->certificate));
    X509_set_pubkey(certificate, identity->key);
    add_extensions(certificate, order);
    EVP_PKEY *signer = order->issuer == NULL ? identity->key : order->issuer->key;
    bool edwards = EVP_PKEY_get_id(signer) == EVP_PKEY_ED25519 || EVP_PKEY_get_id(signer) == EVP_PKEY_ED448;
    int signed_length = X509_sign(certificate, signer, edwards ? NULL : EVP_sha256());
    assert(signed_length > 0);
    (void)signed_length;
    write_pem(identity, order->chain);
    return identity;
}

struct identity *identity_forge(const struct identity *of)
{
    struct identity *forged = calloc(1, sizeof *forged);
    assert(forged != NULL);
    forged->key = make_key(KEY_P256);
    unsigned char *der = NULL, *old_key = NULL, *new_key = NULL;
    int der_length = i2d_X509(of->certificate, &der);
    int old_length = i2d_PUBKEY(X509_get0_pubkey(of->certificate), &old_key);
    int new_length = i2d_PUBKEY(forged->key, &new_key);
    assert(old_length == new_length && der_length > old_length);
    int at = 0;
    while (memcmp(der + at, old_key, (size_t)old_length) != 0) {
        at++;
        assert(at + old_length <= der_length);
    }
    memcpy(der + at, new_key, (size_t)new_length);
    const unsigned char *from = der;
    forged->certificate = d2i_X509(NULL, &from, der_length);
    assert(forged->certificate != NULL);
    write_pem(forged, NULL);
    OPENSSL_free(der);
    OPENSSL_free(old_key);
    OPENSSL_free(new_key);
    return forged;
}

char *identity_locked_key(const struct identity *identity)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, identity->key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
    return memory_of(bio);
}

struct text identity_der(const struct identity *identity)
{
    unsigned char *der = NULL;
    int length = i2d_X509(identity->certificate, &der);
    assert(length > 0);
    char *copy = malloc((size_t)length);
    assert(copy != NULL);
    memcpy(copy, der, (size_t)length);
    OPENSSL_free(der);
    return (struct text){copy, (size_t)length};
}

void identity_destroy(struct identity *identity)
{
    if (identity == NULL) {
        return;
    }
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
    free(identity->chain_pem);
    free(identity->key_pem);
    free(identity);
}
