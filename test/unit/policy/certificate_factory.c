/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "certificate_factory.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "factory_fields.h"

#define YEAR (365 * (int64_t)FACTORY_DAY)

/* ---- general names ---- */

static void put_address(struct bytes *content, char *value)
{
    uint8_t octets[32] = {0};
    char *slash = strchr(value, '/');
    int family = strchr(value, ':') == NULL ? AF_INET : AF_INET6;
    size_t length = family == AF_INET ? 4 : 16;

    if (slash != NULL) {
        *slash = '\0';
        for (int bit = 0; bit < atoi(slash + 1); bit++)
            octets[length + (size_t)bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
    }
    if (inet_pton(family, value, octets) != 1)
        abort();
    bytes_put(content, octets, slash == NULL ? length : 2 * length);
}

static void put_general_name(struct bytes *to, char *item)
{
    char *value = strchr(item, ':');
    struct bytes content = {0};

    if (value == NULL)
        abort();
    *value++ = '\0';
    if (strcmp(item, "ip") == 0) {
        put_address(&content, value);
        bytes_wrap(to, 0x87, &content);
    } else if (strcmp(item, "dir") == 0) {
        put_name(&content, value);
        bytes_wrap(to, 0xa4, &content);
    } else if (strcmp(item, "other") == 0) {
        bytes_put(&content, "\x06\x03\x2a\x03\x04\xa0\x02\x05\x00", 9);
        bytes_wrap(to, 0xa0, &content);
    } else {
        bytes_wrap_string(to,
                          strcmp(item, "dns") == 0     ? 0x82
                          : strcmp(item, "email") == 0 ? 0x81
                                                       : 0x86,
                          value);
    }
}

/* A comma-separated list; each name wrapped in a GeneralSubtree where `subtrees`. */
static void put_general_names(struct bytes *to, const char *list, bool subtrees)
{
    char copy[4096], *rest = copy, *item;

    if (strlen(list) >= sizeof(copy))
        abort();
    strcpy(copy, list);
    while ((item = strsep(&rest, ",")) != NULL) {
        struct bytes name = {0};
        put_general_name(&name, item);
        if (subtrees)
            bytes_wrap(to, 0x30, &name);
        else
            bytes_append(to, &name);
    }
}

/* ---- extensions of certificates ---- */

static void put_basic_constraints(struct bytes *to, const struct factory_order *order)
{
    struct bytes content = {0}, value = {0};

    if (order->ca)
        bytes_put(&content, "\x01\x01\xff", 3);
    if (order->path_length > 0)
        put_integer(&content, (uint32_t)order->path_length - 1);
    if (!order->ca && order->path_length == 0)
        return;
    bytes_wrap(&value, 0x30, &content);
    EXTENSION(to, "\x55\x1d\x13", (order->flags & FACTORY_CONSTRAINTS_NOT_CRITICAL) == 0, &value);
}

static void put_key_usage(struct bytes *to, uint32_t usage)
{
    struct bytes content = {0}, value = {0};
    uint8_t bits = 0;

    for (unsigned i = 0; i < 8; i++)
        bits = (uint8_t)(bits | ((usage >> i) & 1u) << (7 - i));
    uint8_t octets[2] = {0, bits};
    while (bits != 0 && (bits & (1u << octets[0])) == 0)
        octets[0]++;
    bytes_put(&content, octets, 2);
    bytes_wrap(&value, 0x03, &content);
    EXTENSION(to, "\x55\x1d\x0f", true, &value);
}

static void put_extended_key_usage(struct bytes *to, const char *usages)
{
    struct bytes content = {0}, value = {0};

    for (; *usages != '\0'; usages++) {
        char last = *usages == 's' ? 1 : *usages == 'c' ? 2 : *usages == 'i' ? 20 : *usages == 'p' ? 9 : 3;
        if (*usages == 'a')
            bytes_put(&content, "\x06\x04\x55\x1d\x25\x00", 6);
        else {
            bytes_put(&content, "\x06\x08\x2b\x06\x01\x05\x05\x07\x03", 9);
            bytes_put(&content, &last, 1);
        }
    }
    bytes_wrap(&value, 0x30, &content);
    EXTENSION(to, "\x55\x1d\x25", false, &value);
}

static void put_key_ids(struct bytes *to, const struct factory_order *order)
{
    struct bytes id = {0}, wrapped = {0}, value = {0};
    uint8_t octets[20];

    if ((order->flags & FACTORY_NO_SUBJECT_KEY_ID) == 0) {
        factory_key_id(order->key, octets);
        bytes_put(&id, octets, sizeof(octets));
        bytes_wrap(&value, 0x04, &id);
        EXTENSION(to, "\x55\x1d\x0e", false, &value);
    }
    if ((order->flags & FACTORY_NO_AUTHORITY_KEY_ID) != 0)
        return;
    factory_key_id(order->issuer_key, octets);
    if ((order->flags & FACTORY_WRONG_AUTHORITY_KEY_ID) != 0)
        octets[0] ^= 1;
    id.length = value.length = 0;
    bytes_put(&id, octets, sizeof(octets));
    bytes_wrap(&wrapped, 0x80, &id);
    bytes_wrap(&value, 0x30, &wrapped);
    EXTENSION(to, "\x55\x1d\x23", false, &value);
}

static void put_name_constraints(struct bytes *to, const struct factory_order *order)
{
    struct bytes permitted = {0}, excluded = {0}, content = {0}, value = {0};

    if (order->permitted == NULL && order->excluded == NULL)
        return;
    if (order->permitted != NULL) {
        put_general_names(&permitted, order->permitted, true);
        bytes_wrap(&content, 0xa0, &permitted);
    }
    if (order->excluded != NULL) {
        put_general_names(&excluded, order->excluded, true);
        bytes_wrap(&content, 0xa1, &excluded);
    }
    bytes_wrap(&value, 0x30, &content);
    EXTENSION(to, "\x55\x1d\x1e", (order->flags & FACTORY_CONSTRAINTS_NOT_CRITICAL) == 0, &value);
}

static void put_distribution_point(struct bytes *to, const struct factory_order *order)
{
    struct bytes fields = {0}, point = {0}, value = {0}, name = {0}, names = {0};
    if (order->point != NULL)
        put_point_name(&fields, order->point);
    if (order->crl_issuer != NULL) {
        put_name(&name, order->crl_issuer);
        bytes_wrap(&names, 0xa4, &name);
        bytes_wrap(&fields, 0xa2, &names);
    }
    bytes_wrap(&point, 0x30, &fields);
    bytes_wrap(&value, 0x30, &point);
    EXTENSION(to, "\x55\x1d\x1f", false, &value);
}

static void put_access_description(struct bytes *to, const char *method, const char *uri)
{
    struct bytes content = {0};
    bytes_put(&content, method, 10);
    bytes_wrap_string(&content, 0x86, uri);
    bytes_wrap(to, 0x30, &content);
}

static void put_authority_information(struct bytes *to, const char *responder)
{
    struct bytes list = {0}, value = {0};
    put_access_description(&list, "\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02", "http://ca.example/ca.crt");
    put_access_description(&list, "\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x01", responder);
    bytes_wrap(&value, 0x30, &list);
    EXTENSION(to, "\x2b\x06\x01\x05\x05\x07\x01\x01", false, &value);
}

static void put_ocsp_no_check(struct bytes *to, unsigned flags)
{
    struct bytes value = {0};
    if ((flags & (FACTORY_OCSP_NO_CHECK | FACTORY_OCSP_NO_CHECK_WRONG)) == 0)
        return;
    bytes_put(&value, (flags & FACTORY_OCSP_NO_CHECK) != 0 ? "\x05\x00" : "\x04\x00", 2);
    EXTENSION(to, "\x2b\x06\x01\x05\x05\x07\x30\x01\x05", false, &value);
}

static void put_extensions(struct bytes *to, const struct factory_order *order)
{
    struct bytes list = {0}, sequence = {0}, names = {0}, value = {0}, null = {0};

    put_basic_constraints(&list, order);
    if (order->key_usage != 0)
        put_key_usage(&list, order->key_usage);
    if (order->key_usage != 0 && (order->flags & FACTORY_TWICE) != 0)
        put_key_usage(&list, order->key_usage);
    if (order->usages != NULL)
        put_extended_key_usage(&list, order->usages);
    put_key_ids(&list, order);
    if (order->names != NULL) {
        put_general_names(&names, order->names, false);
        bytes_wrap(&value, 0x30, &names);
        EXTENSION(&list, "\x55\x1d\x11", (order->flags & FACTORY_CRITICAL_NAMES) != 0, &value);
    }
    put_name_constraints(&list, order);
    if (order->point != NULL || order->crl_issuer != NULL)
        put_distribution_point(&list, order);
    if (order->responder != NULL)
        put_authority_information(&list, order->responder);
    put_ocsp_no_check(&list, order->flags);
    bytes_put(&null, "\x05\x00", 2);
    if ((order->flags & (FACTORY_UNKNOWN_CRITICAL | FACTORY_UNKNOWN_EXTENSION)) != 0)
        EXTENSION(&list, "\x2a\x03\x04", (order->flags & FACTORY_UNKNOWN_CRITICAL) != 0, &null);
    bytes_wrap(&sequence, 0x30, &list);
    bytes_wrap(to, 0xa3, &sequence);
}

/* ---- certificates ---- */

static void put_validity(struct bytes *to, const struct factory_order *order)
{
    struct bytes content = {0};
    put_time(&content, order->not_before != 0 ? order->not_before : FACTORY_NOW - YEAR);
    put_time(&content, order->not_after != 0 ? order->not_after : FACTORY_NOW + YEAR);
    bytes_wrap(to, 0x30, &content);
}

static uint32_t serial_of(const struct factory_order *order)
{
    static uint32_t made_up = 0x10000;
    if ((order->flags & FACTORY_SERIAL_ZERO) != 0)
        return 0;
    return order->serial != 0 ? order->serial : ++made_up;
}

struct text factory_der(const struct factory_order *order)
{
    struct bytes content = {0}, whole = {0};
    unsigned flags = order->flags;

    if ((flags & FACTORY_VERSION_1) == 0)
        bytes_put(&content, "\xa0\x03\x02\x01\x02", 5);
    put_integer(&content, serial_of(order));
    put_algorithm(&content, (flags & FACTORY_SHA1) != 0, (flags & FACTORY_INNER_ALGORITHM) != 0);
    put_name(&content, order->issuer != NULL ? order->issuer : order->subject);
    put_validity(&content, order);
    put_name(&content, (flags & FACTORY_EMPTY_SUBJECT) != 0 ? NULL : order->subject);
    factory_put_public_key(&content, order->key, (flags & FACTORY_COMPRESSED_POINT) != 0);
    if ((flags & FACTORY_VERSION_1) == 0)
        put_extensions(&content, order);

    struct bytes to_be_signed = {0}, algorithm = {0};
    bytes_wrap(&to_be_signed, 0x30, &content);
    put_algorithm(&algorithm, (flags & FACTORY_SHA1) != 0, false);
    factory_sign(&whole, &to_be_signed, &algorithm, order->issuer_key, (flags & FACTORY_BAD_SIGNATURE) != 0);
    return bytes_text(&whole);
}

struct certificate *factory_certificate(const struct factory_order *order)
{
    struct text der = factory_der(order);
    struct certificate *certificate;

    if (certificate_read(der, &certificate) != REASON_OK)
        abort();
    free((char *)der.at);
    return certificate;
}

/* ---- chains ---- */

struct presented_chain *factory_chain(const struct factory_order *const *orders, size_t count)
{
    struct text ders[32] = {TEXT_NONE};

    if (count > 32)
        abort();
    for (size_t i = 0; i < count; i++)
        ders[i] = factory_der(orders[i]);
    struct presented_chain *chain = presented_chain_read(ders, count);
    for (size_t i = 0; i < count; i++)
        free((char *)ders[i].at);
    if (chain == NULL)
        abort();
    return chain;
}

struct trust_anchors *factory_anchors(const struct factory_order *const *orders, size_t count)
{
    struct trust_anchors *anchors = trust_anchors_create();

    if (anchors == NULL)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (trust_anchors_add(anchors, factory_certificate(orders[i])) == NULL)
            abort();
    }
    return anchors;
}
