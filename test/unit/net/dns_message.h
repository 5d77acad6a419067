/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_NET_DNS_MESSAGE_H
#define FEDGATE_TEST_NET_DNS_MESSAGE_H

/* Writes DNS answers for tests, good ones and bad ones. */

#include "gateway/net/dns_answer.h"

struct dns_message {
    uint8_t at[65535];
    size_t length;
};

enum dns_section { DNS_ANSWERS = 6, DNS_AUTHORITIES = 8, DNS_ADDITIONALS = 10 }; /* where its count stands */

#define DNS_FLAG_ANSWER 0x8180u /* QR, RD, RA */
#define DNS_FLAG_TRUNCATED 0x0200u
#define DNS_FLAG_AUTHENTIC 0x0020u

void message_begin(struct dns_message *message, uint16_t id, uint16_t flags, const char *name, uint16_t type);
void message_put(struct dns_message *message, const void *octets, size_t length);
void message_put_16(struct dns_message *message, unsigned number);
void message_put_name(struct dns_message *message, const char *name); /* "" is the root */
/* Owner, type, class IN, TTL; then the data, then message_end_record. */
size_t message_begin_record(struct dns_message *message, enum dns_section section, const char *owner,
                            uint16_t type, uint32_t ttl);
void message_end_record(struct dns_message *message, size_t record);

void message_srv(struct dns_message *message, const char *owner, uint32_t ttl, unsigned priority,
                 unsigned weight, unsigned port, const char *target);
void message_a(struct dns_message *message, const char *owner, uint32_t ttl, const char *address);
void message_aaaa(struct dns_message *message, const char *owner, uint32_t ttl, const char *address);
void message_cname(struct dns_message *message, const char *owner, uint32_t ttl, const char *target);
void message_soa(struct dns_message *message, uint32_t ttl, uint32_t minimum);
void message_tlsa(struct dns_message *message, const char *owner, uint32_t ttl, unsigned usage,
                  unsigned selector, unsigned matching, struct text data);
/* The OPT record with an extended error (RFC 8914). */
void message_extended_error(struct dns_message *message, unsigned code, const char *text);
struct text message_text(const struct dns_message *message);

#endif
