/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "factory_fields.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALGORITHM_ECDSA_SHA256 "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define ALGORITHM_ECDSA_SHA384 "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"
#define ALGORITHM_ECDSA_SHA1 "\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"

void put_algorithm(struct bytes *to, bool sha1, bool other)
{
    if (sha1)
        bytes_put(to, ALGORITHM_ECDSA_SHA1, sizeof(ALGORITHM_ECDSA_SHA1) - 1);
    else if (other)
        bytes_put(to, ALGORITHM_ECDSA_SHA384, sizeof(ALGORITHM_ECDSA_SHA384) - 1);
    else
        bytes_put(to, ALGORITHM_ECDSA_SHA256, sizeof(ALGORITHM_ECDSA_SHA256) - 1);
}

void put_name(struct bytes *to, const char *common_name)
{
    struct bytes value = {0}, pair = {0}, rdn = {0}, rdns = {0};

    if (common_name != NULL) {
        bytes_wrap_string(&value, 0x0c, common_name);
        bytes_put(&pair, "\x06\x03\x55\x04\x03", 5);
        bytes_append(&pair, &value);
        bytes_wrap(&rdn, 0x30, &pair);
        bytes_wrap(&rdns, 0x31, &rdn);
    }
    bytes_wrap(to, 0x30, &rdns);
}

void put_time(struct bytes *to, int64_t seconds)
{
    char text[20];
    time_t moment = (time_t)seconds;
    struct tm parts;

    if (gmtime_r(&moment, &parts) == NULL || strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &parts) != 15)
        abort();
    if (parts.tm_year + 1900 < 2050)
        bytes_wrap_string(to, 0x17, text + 2);
    else
        bytes_wrap_string(to, 0x18, text);
}

void put_integer(struct bytes *to, uint32_t value)
{
    uint8_t octets[5] = {0, (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                         (uint8_t)value};
    size_t skip = 0;
    while (skip < 4 && octets[skip] == 0 && (octets[skip + 1] & 0x80) == 0)
        skip++;
    struct bytes content = {0};
    bytes_put(&content, octets + skip, 5 - skip);
    bytes_wrap(to, 0x02, &content);
}

void put_extension(struct bytes *to, const char *oid, size_t oid_length, bool critical,
                   const struct bytes *value)
{
    struct bytes type = {0}, octets = {0}, extension = {0};

    bytes_put(&type, oid, oid_length);
    bytes_wrap(&extension, 0x06, &type);
    if (critical)
        bytes_put(&extension, "\x01\x01\xff", 3);
    bytes_wrap(&octets, 0x04, value);
    bytes_append(&extension, &octets);
    bytes_wrap(to, 0x30, &extension);
}

/* DistributionPointName with one URI. */
void put_point_name(struct bytes *to, const char *uri)
{
    struct bytes name = {0}, full = {0};
    bytes_wrap_string(&name, 0x86, uri);
    bytes_wrap(&full, 0xa0, &name);
    bytes_wrap(to, 0xa0, &full);
}
