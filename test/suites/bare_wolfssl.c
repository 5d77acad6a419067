/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What wolfSSL believes by itself, as a TLS client does that loads the anchors, asks for a verified peer and
 * checks its name. The server's part of a TLS 1.2 handshake up to its Certificate message is written by hand,
 * so that no key is needed: a client that then waits for the next message has believed the chain. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>

#include <wolfssl/options.h>
/* after the options */
#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>

#include "test/suites/question.h"

#define FLIGHT_OCTETS (1u << 20)
#define RECORD_OCTETS 16384u
#define HELLO_OCTETS 42u /* ServerHello without session id or extensions, with its header */

static time_t now;

/* The library asks for the time by this name. */
time_t time(time_t *to)
{
    if (to != NULL)
        *to = now;
    return now;
}

struct flight {
    unsigned char octets[FLIGHT_OCTETS];
    size_t length, taken;
};

/* ---- what the server says ---- */

static void put_number(struct flight *flight, size_t number, unsigned octets)
{
    while (octets-- > 0) {
        if (flight->length >= FLIGHT_OCTETS)
            abort();
        flight->octets[flight->length++] = (unsigned char)(number >> (8 * octets));
    }
}

static void put_octets(struct flight *flight, const void *octets, size_t length)
{
    if (length > FLIGHT_OCTETS - flight->length)
        abort();
    memcpy(flight->octets + flight->length, octets, length);
    flight->length += length;
}

static bool holds(struct text text, struct text part)
{
    for (size_t i = 0; i + part.length <= text.length; i++) {
        if (memcmp(text.at + i, part.at, part.length) == 0)
            return true;
    }
    return false;
}

static void put_hello(struct flight *messages, struct text leaf)
{
    bool is_rsa = holds(leaf, TEXT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")); /* rsaEncryption, the key's */

    put_number(messages, 2, 1);
    put_number(messages, HELLO_OCTETS - 4, 3);
    put_number(messages, 0x0303, 2);
    for (unsigned i = 0; i < 32; i++)
        put_number(messages, 0x40 + i, 1);
    put_number(messages, 0, 1);
    put_number(messages, is_rsa ? 0xc02f : 0xc02b, 2); /* ECDHE, AES-128-GCM */
    put_number(messages, 0, 1);
}

static void put_certificates(struct flight *messages, const struct octet_list *presented)
{
    size_t length = 0;

    for (size_t i = 0; i < presented->count; i++)
        length += 3 + presented->at[i].length;
    put_number(messages, 11, 1);
    put_number(messages, 3 + length, 3);
    put_number(messages, length, 3);
    for (size_t i = 0; i < presented->count; i++) {
        put_number(messages, presented->at[i].length, 3);
        put_octets(messages, presented->at[i].at, presented->at[i].length);
    }
}

static void put_records(struct flight *flight, const struct flight *messages)
{
    for (size_t at = 0; at < messages->length;) {
        size_t length = messages->length - at < RECORD_OCTETS ? messages->length - at : RECORD_OCTETS;
        put_number(flight, 0x160303, 3);
        put_number(flight, length, 2);
        put_octets(flight, messages->octets + at, length);
        at += length;
    }
}

static struct flight *server_flight(const struct question *question)
{
    struct flight *flight = calloc(1, sizeof(*flight)), *messages = calloc(1, sizeof(*messages));

    if (flight == NULL || messages == NULL)
        abort();
    put_hello(messages, question->presented.at[0]);
    put_certificates(messages, &question->presented);
    put_records(flight, messages);
    free(messages);
    return flight;
}

/* ---- the client ---- */

static int take(WOLFSSL *ssl, char *to, int size, void *context)
{
    struct flight *flight = context;
    size_t left = flight->length - flight->taken;
    size_t taken = left < (size_t)size ? left : (size_t)size;

    (void)ssl;
    if (taken == 0)
        return WOLFSSL_CBIO_ERR_WANT_READ;
    memcpy(to, flight->octets + flight->taken, taken);
    flight->taken += taken;
    return (int)taken;
}

static int give(WOLFSSL *ssl, char *from, int size, void *context)
{
    (void)ssl, (void)from, (void)context;
    return size;
}

static WOLFSSL_CTX *client_library(const struct question *question, char *detail, size_t size)
{
    WOLFSSL_CTX *library = wolfSSL_CTX_new(wolfTLSv1_2_client_method());

    if (library == NULL)
        abort();
    wolfSSL_CTX_set_verify(library, WOLFSSL_VERIFY_PEER, NULL);
    wolfSSL_CTX_SetIORecv(library, take);
    wolfSSL_CTX_SetIOSend(library, give);
    for (size_t i = 0; i < question->anchors.count; i++) {
        int result =
            wolfSSL_CTX_load_verify_buffer(library, (const unsigned char *)question->anchors.at[i].at,
                                           (long)question->anchors.at[i].length, WOLFSSL_FILETYPE_ASN1);
        if (result != WOLFSSL_SUCCESS)
            snprintf(detail, size, "an anchor is refused: %d", result);
    }
    return library;
}

static void expect_name(WOLFSSL *ssl, const struct question *question)
{
    char address[INET6_ADDRSTRLEN] = "";
    const char *name = question->host;

    if (question->address.length > 0)
        name = inet_ntop(question->address.length == 4 ? AF_INET : AF_INET6, question->address.at, address,
                         sizeof(address));
    if (name != NULL && name[0] != '\0' && wolfSSL_check_domain_name(ssl, name) != WOLFSSL_SUCCESS)
        abort();
}

/* It takes a CRL only from a CA that it knows, and knows the intermediates only once they have been
 * presented: hence after a first handshake. Our own build reads no CRLs, and believes what they revoke. */
static bool add_crls(WOLFSSL_CTX *library, const struct question *question)
{
    bool good = true;
#ifdef HAVE_CRL
    WOLFSSL_CERT_MANAGER *manager = wolfSSL_CTX_GetCertManager(library);
    if (wolfSSL_CTX_EnableCRL(library, WOLFSSL_CRL_CHECKALL) != WOLFSSL_SUCCESS ||
        wolfSSL_CertManagerSetCRL_IOCb(manager, NULL) != WOLFSSL_SUCCESS) /* or it would fetch by HTTP */
        abort();
    for (size_t i = 0; i < question->crls.count; i++) {
        struct text crl = question->crls.at[i];
        good = wolfSSL_CTX_LoadCRLBuffer(library, (const unsigned char *)crl.at, (long)crl.length,
                                         WOLFSSL_FILETYPE_ASN1) == WOLFSSL_SUCCESS &&
               good;
    }
#else
    (void)library, (void)question;
#endif
    return good;
}

static bool shake_hands(WOLFSSL_CTX *library, const struct question *question, char *detail, size_t size)
{
    WOLFSSL *ssl = wolfSSL_new(library);
    struct flight *flight = server_flight(question);

    if (ssl == NULL)
        abort();
    wolfSSL_SetIOReadCtx(ssl, flight);
    wolfSSL_SetIOWriteCtx(ssl, flight);
    expect_name(ssl, question);
    int error = wolfSSL_get_error(ssl, wolfSSL_connect(ssl));
    bool good = error == WOLFSSL_ERROR_WANT_READ && flight->taken == flight->length;
    if (!good && detail[0] == '\0')
        snprintf(detail, size, "%d %s", error, wolfSSL_ERR_reason_error_string((unsigned long)error));
    wolfSSL_free(ssl);
    free(flight);
    return good;
}

static bool believes(const struct question *question, char *detail, size_t size)
{
    now = (time_t)question->time;
    WOLFSSL_CTX *library = client_library(question, detail, size);
    bool good = shake_hands(library, question, detail, size);

    if (good && question->check_crls) {
        if (!add_crls(library, question))
            snprintf(detail, size, "a CRL is refused");
        good = shake_hands(library, question, detail, size);
    }
    wolfSSL_CTX_free(library);
    return good;
}

static const char *judge(const struct question *question, char *detail, size_t size)
{
    return question->presented.count > 0 && believes(question, detail, size) ? "ok" : "refused";
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "version") == 0) {
        printf("%s\n", wolfSSL_lib_version());
        return 0;
    }
    if (wolfSSL_Init() != WOLFSSL_SUCCESS)
        return 1;
    int status = answer_questions(judge);
    wolfSSL_Cleanup();
    return status;
}
