/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library calls back for each presented certificate, the last one first and the leaf at the end, and each
 * call shows the whole chain. No anchor is loaded, so its own verdict is always "no issuer known", and only
 * ours counts. The judge is asked in the first call. */
#include "gateway/tls/channel_state.h"

static void ask_judge(struct tls_channel *channel, const WOLFSSL_X509_STORE_CTX *store)
{
    struct text ders[TLS_CHAIN_MOST];
    size_t count = 0;
    for (int i = 0; i < store->totalCerts && count < TLS_CHAIN_MOST; i++) {
        ders[count++] = (struct text){(const char *)store->certs[i].buffer, store->certs[i].length};
    }
    channel->judged = true;
    channel->silent = true;
    channel->verdict = channel->events->judge(channel->owner, ders, count);
    channel->silent = false;
}

/* Complaints of the library about a leaf that it could read, all of them the judge's to decide: no issuer,
 * validity, key usage, key size. The positive numbers are those of the OpenSSL layer in the packaged build.
 */
static bool is_judges_matter(int error)
{
    static const int matters[] = {
        0,
        ASN_NO_SIGNER_E,
        ASN_SELF_SIGNED_E,
        ASN_BEFORE_DATE_E,
        ASN_AFTER_DATE_E,
        KEYUSE_SIGNATURE_E,
        KEYUSE_ENCIPHER_E,
        EXTKEYUSE_AUTH_E,
        RSA_KEY_SIZE_E,
        ECC_KEY_SIZE_E,
#ifdef OPENSSL_COMPATIBLE_DEFAULTS
        9,  /* not yet valid */
        10, /* expired */
        18, /* self-signed */
        20, /* no local issuer */
        21, /* signature of the leaf not verified */
#endif
    };
    for (size_t i = 0; i < sizeof matters / sizeof *matters; i++) {
        if (matters[i] == error) {
            return true;
        }
    }
    return false;
}

int channel_judge(int preverified, WOLFSSL_X509_STORE_CTX *store)
{
    struct tls_channel *channel = store->userCtx;
    (void)preverified;
    channel->chain_seen = true;
    if (channel->state != TLS_HANDSHAKE) {
        return 0;
    }
    /* A TLS 1.2 client without a certificate comes here with none. */
    if (store->totalCerts < 1) {
        channel_fail(channel, REASON_NO_CERTIFICATE, FAULT_NONE, 0);
        return 0;
    }
    if (!channel->judged) {
        ask_judge(channel, store);
    }
    if (channel->verdict != REASON_OK) {
        channel_fail(channel, channel->verdict, FAULT_REFUSED, 0);
        return 0;
    }
    if (store->error_depth == 0 && !is_judges_matter(store->error)) {
        channel_fail(channel, REASON_MALFORMED_CERTIFICATE, FAULT_LIBRARY, store->error);
        return 0;
    }
    return 1;
}

enum reason channel_reason_of(int error)
{
    if (error == NO_PEER_CERT) {
        return REASON_NO_CERTIFICATE;
    }
    /* What the library cannot read at all never reaches the judge. Its names for that lie in one block. */
    bool unreadable = error <= ASN_PARSE_E && error >= ASN_ALT_NAME_E;
    return unreadable ? REASON_MALFORMED_CERTIFICATE : REASON_TLS_FAILED;
}
