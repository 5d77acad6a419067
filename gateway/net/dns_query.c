/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/net/dns_query.h"

#include "policy/domain.h"

#include <string.h>

#define LABEL_LONGEST 63u
#define FLAG_RECURSION_DESIRED 0x01u /* third octet of the header */
#define FLAG_AUTHENTIC_DATA 0x20u    /* fourth octet */
#define FLAG_CHECKING_DISABLED 0x10u
#define CLASS_INTERNET 1u
#define TYPE_OPT 41u

static uint8_t *write_16(uint8_t *to, uint16_t number)
{
    to[0] = (uint8_t)(number >> 8);
    to[1] = (uint8_t)(number & 0xff);
    return to + 2;
}

/* RFC 1035 3.1: labels with their lengths, and the root. NULL: an empty or too long label, or too long a
 * name. */
static uint8_t *write_name(uint8_t *to, struct text name)
{
    name = domain_without_dot(name);
    if (name.length == 0 || name.length > DOMAIN_LONGEST)
        return NULL;
    while (true) {
        const char *dot = text_find(name, '.');
        struct text label = dot == NULL ? name : text_from(name.at, dot);
        if (label.length == 0 || label.length > LABEL_LONGEST)
            return NULL;
        *to++ = (uint8_t)label.length;
        memcpy(to, label.at, label.length);
        to += label.length;
        if (dot == NULL)
            break;
        name = text_skip(name, label.length + 1);
    }
    *to++ = 0;
    return to;
}

size_t dns_query_write(uint16_t id, struct text name, uint16_t type, unsigned options,
                       uint8_t to[DNS_QUERY_SIZE])
{
    uint8_t *at = write_16(to, id);
    *at++ = FLAG_RECURSION_DESIRED;
    *at++ = FLAG_AUTHENTIC_DATA | ((options & DNS_QUERY_UNCHECKED) != 0 ? FLAG_CHECKING_DISABLED : 0u);
    at = write_16(at, 1); /* one question, no answer, no authority */
    at = write_16(at, 0);
    at = write_16(at, 0);
    at = write_16(at, (options & DNS_QUERY_EDNS) != 0 ? 1 : 0);
    at = write_name(at, name);
    if (at == NULL)
        return 0;
    at = write_16(at, type);
    at = write_16(at, CLASS_INTERNET);
    if ((options & DNS_QUERY_EDNS) != 0) { /* RFC 6891 6.1.2; the last 11 octets, where c-ares looks for it */
        *at++ = 0;
        at = write_16(at, TYPE_OPT);
        at = write_16(at, DNS_EDNS_UDP_SIZE);
        memset(at, 0, 6); /* extended rcode, version, flags, length of the options */
        at += 6;
    }
    return (size_t)(at - to);
}
