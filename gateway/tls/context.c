/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/tls/context_library.h"

#include "gateway/tls/key_trial.h"
#include "gateway/tls/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#ifdef FEDGATE_WOLFSSL_SYSTEM
#define BUILD_WORD "packaged"
#else
#define BUILD_WORD "bundled"
#endif

static char version_text[64];

/* Does the library run AES in hardware here? The packaged build has no assembly at all. */
static bool hardware_aes(void)
{
#if defined(FEDGATE_WOLFSSL_SYSTEM)
    return false;
#elif defined(__x86_64__)
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
#elif defined(__aarch64__)
    return (getauxval(AT_HWCAP) & (1ul << 3)) != 0;
#else
    return false;
#endif
}

bool tls_library_start(void)
{
    if (wolfSSL_Init() != WOLFSSL_SUCCESS) {
        return false;
    }
    snprintf(version_text, sizeof version_text, "%s (%s, AES in %s)", wolfSSL_lib_version(), BUILD_WORD,
             hardware_aes() ? "hardware" : "software");
    return true;
}

void tls_library_stop(void)
{
    wolfSSL_Cleanup();
}

void tls_thread_end(void)
{
#ifdef FP_ECC
    wc_ecc_fp_free(); /* tables of up to 12 MB a thread */
#endif
}

const char *tls_library_version(void)
{
    return version_text;
}

static bool say(char *trouble, size_t size, const char *what, int error)
{
    if (error == 0) {
        snprintf(trouble, size, "%s", what);
    } else {
        snprintf(trouble, size, "%s: %s", what, wolfSSL_ERR_reason_error_string((unsigned long)error));
    }
    return false;
}

static bool set_versions_and_suites(WOLFSSL_CTX *library, char *trouble, size_t size)
{
    int groups[] = {WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_SECP384R1};
    char list[TLS_SUITE_LIST_MOST];
    tls_suite_list(hardware_aes(), list);
    /* RFC 8996: nothing before TLS 1.2. */
    if (wolfSSL_CTX_SetMinVersion(library, WOLFSSL_TLSV1_2) != WOLFSSL_SUCCESS) {
        return say(trouble, size, "the TLS library refuses to require TLS 1.2", 0);
    }
    if (wolfSSL_CTX_set_cipher_list(library, list) != WOLFSSL_SUCCESS) {
        return say(trouble, size, "the TLS library lacks the cipher suites", 0);
    }
    /* Rules key shares; of TLS 1.2 see the check after the handshake. */
    if (wolfSSL_CTX_set_groups(library, groups, sizeof groups / sizeof *groups) != WOLFSSL_SUCCESS) {
        return say(trouble, size, "the TLS library lacks the key exchange groups", 0);
    }
    return true;
}

/* A resumed session carries an identity that nobody judged: neither cache nor tickets, and before the first
 * use. */
static bool forbid_resumption(WOLFSSL_CTX *library, char *trouble, size_t size)
{
    bool done = true;
    (void)library; /* the bundled build has neither */
#ifndef NO_SESSION_CACHE
    done = wolfSSL_CTX_set_session_cache_mode(library, WOLFSSL_SESS_CACHE_OFF) == WOLFSSL_SUCCESS && done;
#endif
#ifdef HAVE_SESSION_TICKET
    done = wolfSSL_CTX_NoTicketTLSv12(library) == WOLFSSL_SUCCESS && done;
    wolfSSL_CTX_no_ticket_TLSv13(library); /* fails for a client, which has none to give */
#endif
    return done || say(trouble, size, "the TLS library refuses to forbid resumption", 0);
}

static bool load_own(WOLFSSL_CTX *library, struct text chain, struct text key, char *trouble, size_t size)
{
    if (chain.length == 0 || chain.length > INT32_MAX || key.length == 0 || key.length > INT32_MAX) {
        return say(trouble, size, "the certificate chain or the key is empty", 0);
    }
    int result = wolfSSL_CTX_use_certificate_chain_buffer(library, (const unsigned char *)chain.at,
                                                          (long)chain.length);
    if (result != WOLFSSL_SUCCESS) {
        return say(trouble, size, "the certificate chain cannot be used", result);
    }
    result = wolfSSL_CTX_use_PrivateKey_buffer(library, (const unsigned char *)key.at, (long)key.length,
                                               WOLFSSL_FILETYPE_PEM);
    if (result != WOLFSSL_SUCCESS) {
        return say(trouble, size, "the private key cannot be used", result);
    }
    if (!key_trial(chain, key)) {
        return say(trouble, size, "the private key does not belong to the first certificate of the chain", 0);
    }
    return true;
}

struct tls_context *tls_context_create(enum tls_role role, struct text chain_pem, struct text key_pem,
                                       char *trouble, size_t trouble_size)
{
    struct tls_context *context = calloc(1, sizeof *context);
    WOLFSSL_METHOD *method = role == TLS_SERVER ? wolfSSLv23_server_method() : wolfSSLv23_client_method();
    WOLFSSL_CTX *library =
        method == NULL ? NULL : wolfSSL_CTX_new(method); /* takes the method in every case */
    if (context == NULL || library == NULL) {
        say(trouble, trouble_size, "no memory for a TLS context", 0);
        goto failed;
    }
    context->library = library;
    context->role = role;
    if (!set_versions_and_suites(library, trouble, trouble_size) ||
        !forbid_resumption(library, trouble, trouble_size) ||
        !load_own(library, chain_pem, key_pem, trouble, trouble_size)) {
        goto failed;
    }
    if (role == TLS_SERVER) {
        wolfSSL_CTX_mutual_auth(library, 1);
    }
    channel_attach(library);
    return context;
failed:
    wolfSSL_CTX_free(library);
    free(context);
    return NULL;
}

void tls_context_destroy(struct tls_context *context)
{
    if (context == NULL) {
        return;
    }
    wolfSSL_CTX_free(context->library); /* counts its sessions */
    free(context);
}
