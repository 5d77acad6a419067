/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/files_digest.h"

#include <stdlib.h>

#ifndef WOLFSSL_USER_SETTINGS
#include <wolfssl/options.h>
#endif
#include <wolfssl/wolfcrypt/sha256.h>

struct files_digest {
    wc_Sha256 sha256;
    bool failed;
};

struct files_digest *files_digest_create(void)
{
    struct files_digest *digest = calloc(1, sizeof(*digest));
    if (digest != NULL)
        digest->failed = wc_InitSha256(&digest->sha256) != 0;
    return digest;
}

void files_digest_destroy(struct files_digest *digest)
{
    if (digest == NULL)
        return;
    wc_Sha256Free(&digest->sha256);
    free(digest);
}

/* The length goes first, so that two files are never read as two others. */
void files_digest_add(struct files_digest *digest, struct text content)
{
    unsigned char length[8];

    if (digest == NULL)
        return;
    for (size_t i = 0; i < sizeof(length); i++)
        length[i] = (unsigned char)((uint64_t)content.length >> (56 - 8 * i));
    if (content.length > UINT32_MAX || wc_Sha256Update(&digest->sha256, length, sizeof(length)) != 0 ||
        wc_Sha256Update(&digest->sha256, (const unsigned char *)content.at, (uint32_t)content.length) != 0)
        digest->failed = true;
}

char *files_digest_finish(struct files_digest *digest)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char octets[WC_SHA256_DIGEST_SIZE];

    if (digest->failed || wc_Sha256Final(&digest->sha256, octets) != 0)
        return NULL;
    char *hex = malloc(2 * sizeof(octets) + 1);
    if (hex == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof(octets); i++) {
        hex[2 * i] = digits[octets[i] >> 4];
        hex[2 * i + 1] = digits[octets[i] & 15u];
    }
    hex[2 * sizeof(octets)] = '\0';
    return hex;
}
