/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/hash_key.h"

#include <string.h>
#include <sys/random.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/sha256.h>

bool hash_key_random(struct hash_key *key)
{
    return getrandom(key->word, sizeof(key->word), 0) == (ssize_t)sizeof(key->word);
}

bool hash_key_derive(struct hash_key *key, struct text secret, struct text purpose)
{
    wc_Sha256 sha;
    unsigned char digest[WC_SHA256_DIGEST_SIZE];

    if (secret.length > UINT32_MAX || wc_InitSha256(&sha) != 0)
        return false;
    bool done = wc_Sha256Update(&sha, (const unsigned char *)purpose.at, (uint32_t)purpose.length) == 0 &&
                wc_Sha256Update(&sha, (const unsigned char *)secret.at, (uint32_t)secret.length) == 0 &&
                wc_Sha256Final(&sha, digest) == 0;
    wc_Sha256Free(&sha);
    if (done)
        memcpy(key->word, digest, sizeof(key->word));
    return done;
}
