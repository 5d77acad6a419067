/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "certificate_factory.h"

#include <stdlib.h>

#include "factory_fields.h"

static void put_entry_issuer(struct bytes *to, const char *issuer)
{
    struct bytes name = {0}, names = {0}, value = {0};
    put_name(&name, issuer);
    bytes_wrap(&names, 0xa4, &name);
    bytes_wrap(&value, 0x30, &names);
    EXTENSION(to, "\x55\x1d\x1d", true, &value);
}

static void put_crl_entries(struct bytes *to, const struct factory_crl_order *order)
{
    struct bytes list = {0};

    for (size_t i = 0; i < 8 && order->serials[i] != 0; i++) {
        struct bytes entry = {0}, extension = {0}, reason = {0};
        const uint8_t given = order->entry_reasons[i] == 0 ? 1 : order->entry_reasons[i];
        put_integer(&entry, order->serials[i]);
        put_time(&entry, FACTORY_NOW - 10 * FACTORY_DAY);
        bytes_put(&reason, "\x0a\x01", 2);
        bytes_put(&reason, &given, 1);
        EXTENSION(&extension, "\x55\x1d\x15", order->entry_unknown_critical, &reason);
        if (order->entry_issuers[i] != NULL)
            put_entry_issuer(&extension, order->entry_issuers[i]);
        bytes_wrap(&entry, 0x30, &extension);
        bytes_wrap(&list, 0x30, &entry);
    }
    if (list.length > 0)
        bytes_wrap(to, 0x30, &list);
}

static void put_issuing_point(struct bytes *to, const struct factory_crl_order *order)
{
    struct bytes content = {0}, value = {0};

    if (order->point != NULL)
        put_point_name(&content, order->point);
    if (order->only_users)
        bytes_put(&content, "\x81\x01\xff", 3);
    if (order->only_authorities)
        bytes_put(&content, "\x82\x01\xff", 3);
    if (order->reasons != 0) {
        uint8_t octets[5] = {0x83, 3, 7, 0, 0};
        if ((order->reasons & 0x100) != 0)
            octets[4] = 0x80;
        for (unsigned i = 0; i < 8; i++)
            octets[3] = (uint8_t)(octets[3] | ((order->reasons >> i) & 1u) << (7 - i));
        bytes_put(&content, octets, 5);
    }
    if (order->indirect)
        bytes_put(&content, "\x84\x01\xff", 3);
    if (content.length == 0)
        return;
    bytes_wrap(&value, 0x30, &content);
    EXTENSION(to, "\x55\x1d\x1c", true, &value);
}

static void put_crl_extensions(struct bytes *to, const struct factory_crl_order *order)
{
    struct bytes list = {0}, sequence = {0}, number = {0}, base = {0}, null = {0};

    if (order->number != 0) {
        put_integer(&number, order->number);
        EXTENSION(&list, "\x55\x1d\x14", order->number_critical, &number);
    }
    put_issuing_point(&list, order);
    if (order->base != 0) {
        put_integer(&base, order->base);
        EXTENSION(&list, "\x55\x1d\x1b", true, &base);
    }
    bytes_put(&null, "\x05\x00", 2);
    if (order->unknown_critical)
        EXTENSION(&list, "\x2a\x03\x04", true, &null);
    bytes_wrap(&sequence, 0x30, &list);
    bytes_wrap(to, 0xa0, &sequence);
}

struct text factory_crl_der(const struct factory_crl_order *order)
{
    struct bytes content = {0}, to_be_signed = {0}, algorithm = {0}, whole = {0};

    bytes_put(&content, "\x02\x01\x01", 3);
    put_algorithm(&content, false, order->inner_algorithm);
    put_name(&content, order->issuer);
    put_time(&content, order->this_update != 0 ? order->this_update : FACTORY_NOW - FACTORY_DAY);
    if (order->next_update != -1)
        put_time(&content, order->next_update != 0 ? order->next_update : FACTORY_NOW + FACTORY_DAY);
    put_crl_entries(&content, order);
    put_crl_extensions(&content, order);
    bytes_wrap(&to_be_signed, 0x30, &content);
    put_algorithm(&algorithm, false, false);
    factory_sign(&whole, &to_be_signed, &algorithm, order->issuer_key, order->bad_signature);
    return bytes_text(&whole);
}

struct crl *factory_crl(const struct factory_crl_order *order)
{
    struct text der = factory_crl_der(order);
    const char *why;
    struct crl *crl = crl_read(der, &why);

    if (crl == NULL)
        abort();
    free((char *)der.at);
    return crl;
}
