/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/net/dns_message.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

void message_put(struct dns_message *message, const void *octets, size_t length)
{
    assert(length <= sizeof message->at - message->length);
    memcpy(message->at + message->length, octets, length);
    message->length += length;
}

void message_put_16(struct dns_message *message, unsigned number)
{
    const uint8_t octets[2] = {(uint8_t)(number >> 8), (uint8_t)number};
    message_put(message, octets, 2);
}

void message_put_name(struct dns_message *message, const char *name)
{
    while (*name != '\0') {
        size_t length = strcspn(name, ".");
        const uint8_t count = (uint8_t)length;
        message_put(message, &count, 1);
        message_put(message, name, length);
        name += length + (name[length] == '.');
    }
    message_put(message, "", 1);
}

void message_begin(struct dns_message *message, uint16_t id, uint16_t flags, const char *name, uint16_t type)
{
    message->length = 0;
    message_put_16(message, id);
    message_put_16(message, flags);
    message_put(message, "\0\1\0\0\0\0\0\0", 8);
    message_put_name(message, name);
    message_put_16(message, type);
    message_put_16(message, 1);
}

size_t message_begin_record(struct dns_message *message, enum dns_section section, const char *owner,
                            uint16_t type, uint32_t ttl)
{
    unsigned count = (unsigned)message->at[section] << 8 | message->at[section + 1];
    message->at[section] = (uint8_t)((count + 1) >> 8);
    message->at[section + 1] = (uint8_t)(count + 1);
    message_put_name(message, owner);
    message_put_16(message, type);
    message_put_16(message, 1);
    message_put_16(message, ttl >> 16);
    message_put_16(message, ttl & 0xffff);
    message_put_16(message, 0);
    return message->length;
}

void message_end_record(struct dns_message *message, size_t record)
{
    size_t length = message->length - record;
    message->at[record - 2] = (uint8_t)(length >> 8);
    message->at[record - 1] = (uint8_t)length;
}

void message_srv(struct dns_message *message, const char *owner, uint32_t ttl, unsigned priority,
                 unsigned weight, unsigned port, const char *target)
{
    size_t record = message_begin_record(message, DNS_ANSWERS, owner, DNS_TYPE_SRV, ttl);
    message_put_16(message, priority);
    message_put_16(message, weight);
    message_put_16(message, port);
    message_put_name(message, target);
    message_end_record(message, record);
}

static void put_address(struct dns_message *message, const char *owner, uint16_t type, uint32_t ttl,
                        int family, const char *address)
{
    uint8_t octets[16];
    size_t record = message_begin_record(message, DNS_ANSWERS, owner, type, ttl);
    int good = inet_pton(family, address, octets);
    assert(good == 1);
    (void)good;
    message_put(message, octets, family == AF_INET ? 4 : 16);
    message_end_record(message, record);
}

void message_a(struct dns_message *message, const char *owner, uint32_t ttl, const char *address)
{
    put_address(message, owner, DNS_TYPE_A, ttl, AF_INET, address);
}

void message_aaaa(struct dns_message *message, const char *owner, uint32_t ttl, const char *address)
{
    put_address(message, owner, DNS_TYPE_AAAA, ttl, AF_INET6, address);
}

void message_cname(struct dns_message *message, const char *owner, uint32_t ttl, const char *target)
{
    size_t record = message_begin_record(message, DNS_ANSWERS, owner, DNS_TYPE_CNAME, ttl);
    message_put_name(message, target);
    message_end_record(message, record);
}

void message_soa(struct dns_message *message, uint32_t ttl, uint32_t minimum)
{
    size_t record = message_begin_record(message, DNS_AUTHORITIES, "example", DNS_TYPE_SOA, ttl);
    message_put_name(message, "ns.example");
    message_put_name(message, "mail.example");
    for (unsigned i = 0; i < 4; i++) {
        message_put_16(message, 0);
        message_put_16(message, 7);
    }
    message_put_16(message, minimum >> 16);
    message_put_16(message, minimum & 0xffff);
    message_end_record(message, record);
}

void message_tlsa(struct dns_message *message, const char *owner, uint32_t ttl, unsigned usage,
                  unsigned selector, unsigned matching, struct text data)
{
    size_t record = message_begin_record(message, DNS_ANSWERS, owner, DNS_TYPE_TLSA, ttl);
    message_put(message, (uint8_t[]){(uint8_t)usage, (uint8_t)selector, (uint8_t)matching}, 3);
    message_put(message, data.at, data.length);
    message_end_record(message, record);
}

void message_extended_error(struct dns_message *message, unsigned code, const char *text)
{
    size_t record = message_begin_record(message, DNS_ADDITIONALS, "", DNS_TYPE_OPT, 0);
    message_put_16(message, 15);
    message_put_16(message, (unsigned)strlen(text) + 2);
    message_put_16(message, code);
    message_put(message, text, strlen(text));
    message_end_record(message, record);
}

struct text message_text(const struct dns_message *message)
{
    return (struct text){(const char *)message->at, message->length};
}
