/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "factory_der.h"

#include <stdlib.h>
#include <string.h>

#ifndef WOLFSSL_USER_SETTINGS
#include <wolfssl/options.h>
#endif
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/hash.h>

#include "certificate_factory.h"

void bytes_put(struct bytes *to, const void *octets, size_t length)
{
    if (length > BYTES_ROOM - to->length)
        abort();
    memcpy(to->octets + to->length, octets, length);
    to->length += length;
}

void bytes_append(struct bytes *to, const struct bytes *from)
{
    bytes_put(to, from->octets, from->length);
}

void bytes_wrap(struct bytes *to, uint8_t tag, const struct bytes *content)
{
    uint8_t header[4] = {tag, (uint8_t)content->length, 0, 0};
    size_t length = 2;

    if (content->length > 0xff) {
        header[1] = 0x82;
        header[2] = (uint8_t)(content->length >> 8);
        header[3] = (uint8_t)content->length;
        length = 4;
    } else if (content->length > 0x7f) {
        header[1] = 0x81;
        header[2] = (uint8_t)content->length;
        length = 3;
    }
    bytes_put(to, header, length);
    bytes_append(to, content);
}

void bytes_wrap_string(struct bytes *to, uint8_t tag, const char *content)
{
    struct bytes bytes = {0};
    bytes_put(&bytes, content, strlen(content));
    bytes_wrap(to, tag, &bytes);
}

struct text bytes_text(const struct bytes *from)
{
    char *copy = malloc(from->length + 1);
    if (copy == NULL)
        abort();
    memcpy(copy, from->octets, from->length);
    return (struct text){copy, from->length};
}

/* ---- keys ---- */

static WC_RNG *random_source(void)
{
    static WC_RNG rng;
    static bool ready;
    if (!ready && wc_InitRng(&rng) != 0)
        abort();
    ready = true;
    return &rng;
}

static ecc_key *key_at(int index)
{
    static ecc_key keys[FACTORY_KEYS];
    static bool made[FACTORY_KEYS];

    if (index < 0 || index >= FACTORY_KEYS)
        abort();
    if (!made[index]) {
        if (wc_ecc_init(&keys[index]) != 0 ||
            wc_ecc_make_key_ex(random_source(), 32, &keys[index], ECC_SECP256R1) != 0)
            abort();
        wc_ecc_set_rng(&keys[index], random_source());
        made[index] = true;
    }
    return &keys[index];
}

static void export_point(int key, uint8_t point[65])
{
    word32 length = 65;
    if (wc_ecc_export_x963(key_at(key), point, &length) != 0 || length != 65)
        abort();
}

void factory_key_id(int key, uint8_t id[20])
{
    uint8_t point[65], digest[32];
    export_point(key, point);
    if (wc_Sha256Hash(point, sizeof(point), digest) != 0)
        abort();
    memcpy(id, digest, 20);
}

void factory_put_public_key(struct bytes *to, int key, bool compressed)
{
    struct bytes bits = {0}, content = {0};
    uint8_t point[65];

    export_point(key, point);
    bytes_put(&bits, "\0", 1);
    if (compressed)
        point[0] = (uint8_t)(2 + (point[64] & 1));
    bytes_put(&bits, point, compressed ? 33 : 65);
    bytes_put(&content,
              "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 21);
    bytes_wrap(&content, 0x03, &bits);
    bytes_wrap(to, 0x30, &content);
}

void factory_sign(struct bytes *to, const struct bytes *to_be_signed, const struct bytes *algorithm, int key,
                  bool spoil)
{
    struct bytes content = {0}, bits = {0};
    uint8_t digest[32], signature[80];
    word32 length = sizeof(signature);

    if (wc_Sha256Hash(to_be_signed->octets, (word32)to_be_signed->length, digest) != 0 ||
        wc_ecc_sign_hash(digest, sizeof(digest), signature, &length, random_source(), key_at(key)) != 0)
        abort();
    if (spoil)
        signature[length - 1] ^= 1;
    bytes_append(&content, to_be_signed);
    bytes_append(&content, algorithm);
    bytes_put(&bits, "\0", 1);
    bytes_put(&bits, signature, length);
    bytes_wrap(&content, 0x03, &bits);
    bytes_wrap(to, 0x30, &content);
}
