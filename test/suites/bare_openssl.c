/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What OpenSSL believes by itself, as a TLS client does that sets what it is told to set: anchors, purpose,
 * name, time, depth, CRLs, and the security level that its TLS has here. With the argument `strict` also
 * X509_V_FLAG_X509_STRICT, which no TLS program sets by default. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "test/suites/question.h"

static bool strict;

static X509 *certificate_of(struct text der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    return d2i_X509(NULL, &at, (long)der.length);
}

static void add_anchors(X509_STORE *store, const struct question *question)
{
    for (size_t i = 0; i < question->anchors.count; i++) {
        X509 *anchor = certificate_of(question->anchors.at[i]);
        if (anchor != NULL)
            X509_STORE_add_cert(store, anchor);
        X509_free(anchor);
    }
}

static bool add_crls(X509_STORE *store, const struct question *question)
{
    for (size_t i = 0; i < question->crls.count; i++) {
        const unsigned char *at = (const unsigned char *)question->crls.at[i].at;
        X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)question->crls.at[i].length);
        bool added = crl != NULL && X509_STORE_add_crl(store, crl) == 1;
        X509_CRL_free(crl);
        if (!added)
            return false;
    }
    return true;
}

static void set_parameters(X509_VERIFY_PARAM *parameters, const struct question *question)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

    X509_VERIFY_PARAM_set_auth_level(parameters, SSL_CTX_get_security_level(tls));
    SSL_CTX_free(tls);
    X509_VERIFY_PARAM_set_time(parameters, (time_t)question->time);
    if (!question->any_usage)
        X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
    if (question->host[0] != '\0')
        X509_VERIFY_PARAM_set1_host(parameters, question->host, 0);
    if (question->address.length > 0)
        X509_VERIFY_PARAM_set1_ip(parameters, (const unsigned char *)question->address.at,
                                  question->address.length);
    if (question->depth >= 0)
        X509_VERIFY_PARAM_set_depth(parameters, (int)question->depth);
    if (question->check_crls)
        X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |
                                                    X509_V_FLAG_EXTENDED_CRL_SUPPORT |
                                                    X509_V_FLAG_USE_DELTAS);
    if (strict)
        X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
}

static bool verify(X509_STORE *store, X509 *leaf, STACK_OF(X509) * others, const struct question *question,
                   char *detail, size_t size)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();

    if (context == NULL || X509_STORE_CTX_init(context, store, leaf, others) != 1)
        abort();
    set_parameters(X509_STORE_CTX_get0_param(context), question);
    bool good = X509_verify_cert(context) == 1;
    if (!good)
        snprintf(detail, size, "%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    X509_STORE_CTX_free(context);
    return good;
}

static bool believes(const struct question *question, char *detail, size_t size)
{
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    X509 *leaf = certificate_of(question->presented.at[0]);
    bool good = false, read = leaf != NULL;

    if (store == NULL || others == NULL)
        abort();
    add_anchors(store, question);
    for (size_t i = 1; i < question->presented.count; i++) {
        X509 *other = certificate_of(question->presented.at[i]);
        read = read && other != NULL; /* its TLS refuses a chain that holds what it cannot read */
        if (other != NULL)
            sk_X509_push(others, other);
    }
    if (!read)
        snprintf(detail, size, "a certificate cannot be read");
    else if (!add_crls(store, question))
        snprintf(detail, size, "a CRL cannot be read");
    else
        good = verify(store, leaf, others, question, detail, size);
    sk_X509_pop_free(others, X509_free);
    X509_free(leaf);
    X509_STORE_free(store);
    return good;
}

static const char *judge(const struct question *question, char *detail, size_t size)
{
    return question->presented.count > 0 && believes(question, detail, size) ? "ok" : "refused";
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "version") == 0) {
        printf("%s\n", OpenSSL_version(OPENSSL_VERSION_STRING));
        return 0;
    }
    strict = argc > 1 && strcmp(argv[1], "strict") == 0;
    return answer_questions(judge);
}
