/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ocsp_factory.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef WOLFSSL_USER_SETTINGS
#include <wolfssl/options.h>
#endif
#include <wolfssl/wolfcrypt/hash.h>

#include "factory_fields.h"
#include "policy/der.h"

#define POINT_OCTETS 65u /* of an uncompressed P-256 key, which ends its SubjectPublicKeyInfo */

static void put_moment(struct bytes *to, int64_t seconds, int64_t otherwise)
{
    char text[20];
    time_t moment = (time_t)(seconds != 0 ? seconds : otherwise);
    struct tm parts;

    if (gmtime_r(&moment, &parts) == NULL || strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &parts) != 15)
        abort();
    bytes_wrap_string(to, 0x18, text);
}

/* ---- SingleResponse ---- */

static void put_hash(struct bytes *to, struct text of, unsigned flags, bool spoil)
{
    uint8_t digest[32];
    struct bytes content = {0};
    bool long_one = (flags & OCSP_SINGLE_SHA256) != 0;

    if (long_one ? wc_Sha256Hash((const uint8_t *)of.at, (word32)of.length, digest) != 0
                 : wc_ShaHash((const uint8_t *)of.at, (word32)of.length, digest) != 0)
        abort();
    if (spoil)
        digest[0] ^= 1;
    bytes_put(&content, digest, long_one ? 32 : 20);
    bytes_wrap(to, 0x04, &content);
}

static void put_certificate_id(struct bytes *to, const struct factory_ocsp_order *order,
                               const struct factory_single *single)
{
    const struct certificate *about = single->other != NULL ? single->other : order->about;
    struct text key = order->issuer->public_key;
    struct bytes content = {0}, serial = {0};

    if ((single->flags & OCSP_SINGLE_OTHER_HASH) != 0)
        bytes_put(&content, "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02", 13);
    else if ((single->flags & OCSP_SINGLE_SHA256) != 0)
        bytes_put(&content, "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01", 13);
    else
        bytes_put(&content, "\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00", 11);
    put_hash(&content, about->issuer, single->flags, (single->flags & OCSP_SINGLE_OTHER_NAME) != 0);
    put_hash(&content, text_skip(key, key.length - POINT_OCTETS), single->flags,
             (single->flags & OCSP_SINGLE_OTHER_KEY) != 0);
    bytes_put(&serial, about->serial.at, about->serial.length);
    bytes_wrap(&content, 0x02, &serial);
    bytes_wrap(to, 0x30, &content);
}

static void put_status(struct bytes *to, char status)
{
    struct bytes info = {0};

    if (status != 'r') {
        bytes_put(to, status == 'g' ? "\x80\x00" : "\x82\x00", 2);
        return;
    }
    put_moment(&info, 0, FACTORY_NOW - FACTORY_DAY);
    bytes_put(&info, "\xa0\x03\x0a\x01\x01", 5); /* keyCompromise */
    bytes_wrap(to, 0xa1, &info);
}

static void put_unknown_extension(struct bytes *to, bool critical)
{
    struct bytes null = {0};
    bytes_put(&null, "\x05\x00", 2);
    EXTENSION(to, "\x2a\x03\x04", critical, &null);
}

static void put_single(struct bytes *to, const struct factory_ocsp_order *order,
                       const struct factory_single *single)
{
    struct bytes content = {0}, next = {0}, list = {0}, sequence = {0};

    put_certificate_id(&content, order, single);
    put_status(&content, single->status);
    if ((single->flags & OCSP_SINGLE_UTC_TIME) != 0)
        put_time(&content, FACTORY_NOW);
    else
        put_moment(&content, single->this_update, FACTORY_NOW - 3600);
    if (single->ends != -1) {
        put_moment(&next, single->ends, FACTORY_NOW + FACTORY_DAY);
        bytes_wrap(&content, 0xa0, &next);
    }
    if ((single->flags & OCSP_SINGLE_CRITICAL) != 0) {
        put_unknown_extension(&list, true);
        bytes_wrap(&sequence, 0x30, &list);
        bytes_wrap(&content, 0xa1, &sequence);
    }
    bytes_wrap(to, 0x30, &content);
}

/* ---- ResponseData ---- */

static void put_responder(struct bytes *to, const struct factory_ocsp_order *order)
{
    struct bytes id = {0}, info = {0};

    if (order->name != NULL) {
        put_name(&id, order->name);
        bytes_wrap(to, 0xa1, &id);
        return;
    }
    factory_put_public_key(&info, order->key, false);
    put_hash(&id, (struct text){(const char *)info.octets + info.length - POINT_OCTETS, POINT_OCTETS}, 0,
             false);
    bytes_wrap(to, 0xa2, &id);
}

static void put_response_extensions(struct bytes *to, unsigned flags)
{
    struct bytes list = {0}, sequence = {0};

    if ((flags & (OCSP_FACTORY_CRITICAL | OCSP_FACTORY_NONCE)) == 0)
        return;
    put_unknown_extension(&list, (flags & OCSP_FACTORY_CRITICAL) != 0);
    if ((flags & OCSP_FACTORY_TWICE) != 0)
        put_unknown_extension(&list, false);
    bytes_wrap(&sequence, 0x30, &list);
    bytes_wrap(to, 0xa1, &sequence);
}

static void put_response_data(struct bytes *to, const struct factory_ocsp_order *order)
{
    struct bytes content = {0}, singles = {0};

    if ((order->flags & OCSP_FACTORY_VERSION) != 0)
        bytes_put(&content, "\xa0\x03\x02\x01\x01", 5);
    put_responder(&content, order);
    put_moment(&content, order->produced_at, FACTORY_NOW - 1800);
    for (const struct factory_single *single = order->single; single->status != 0; single++)
        put_single(&singles, order, single);
    bytes_wrap(&content, 0x30, &singles);
    put_response_extensions(&content, order->flags);
    if ((order->flags & OCSP_FACTORY_TRAILING) != 0)
        bytes_put(&content, "\x05\x00", 2);
    bytes_wrap(to, 0x30, &content);
}

/* ---- the response ---- */

/* What factory_sign made, with the certificates behind the signature. */
static void put_basic(struct bytes *to, const struct factory_ocsp_order *order)
{
    struct bytes data = {0}, algorithm = {0}, whole = {0}, list = {0}, sequence = {0}, content = {0};
    struct text signed_content, rest;

    put_response_data(&data, order);
    put_algorithm(&algorithm, (order->flags & OCSP_FACTORY_SHA1_SIGNATURE) != 0, false);
    factory_sign(&whole, &data, &algorithm, order->key, (order->flags & OCSP_FACTORY_BAD_SIGNATURE) != 0);
    rest = (struct text){(const char *)whole.octets, whole.length};
    if (!der_only(rest, 0x30, &signed_content))
        abort();
    bytes_put(&content, signed_content.at, signed_content.length);
    if ((order->flags & OCSP_FACTORY_JUNK) != 0)
        bytes_put(&list, "\x30\x03\x02\x01\x01", 5);
    for (size_t i = 0; i < OCSP_FACTORY_CERTIFICATES && order->certificate[i] != NULL; i++)
        bytes_put(&list, order->certificate[i]->der.at, order->certificate[i]->der.length);
    if (list.length > 0) {
        bytes_wrap(&sequence, 0x30, &list);
        bytes_wrap(&content, 0xa0, &sequence);
    }
    bytes_wrap(to, 0x30, &content);
}

struct text factory_ocsp_der(const struct factory_ocsp_order *order)
{
    struct bytes content = {0}, basic = {0}, octets = {0}, bytes = {0}, wrapped = {0}, whole = {0};

    bytes_put(&content, (uint8_t[]){0x0a, 0x01, order->status}, 3);
    if (order->status == 0 && (order->flags & OCSP_FACTORY_NO_BYTES) == 0) {
        put_basic(&basic, order);
        bytes_wrap(&octets, 0x04, &basic);
        bytes_put(&bytes, "\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01", 11);
        if ((order->flags & OCSP_FACTORY_OTHER_TYPE) != 0)
            bytes.octets[10] = 2;
        bytes_append(&bytes, &octets);
        bytes_wrap(&wrapped, 0x30, &bytes);
        bytes_wrap(&content, 0xa0, &wrapped);
    }
    bytes_wrap(&whole, 0x30, &content);
    return bytes_text(&whole);
}

struct ocsp_response *factory_ocsp_response(const struct factory_ocsp_order *order)
{
    struct text der = factory_ocsp_der(order);
    const char *why;
    struct ocsp_response *response = ocsp_response_read(der, &why);

    if (response == NULL)
        abort();
    free((char *)der.at);
    return response;
}
