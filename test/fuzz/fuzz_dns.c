/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives octets to the reader of DNS answers as if a server had sent them. The first octet chooses the type
 * that was asked for; the question in the message is what was asked for, where one can be read, so that the
 * reader gets past it. What comes out must hold together: bounded names, valid hosts, an end.
 *
 * Built by test/unit/net/meson.build: fuzz_dns (libFuzzer, with clang), and test_net_dns_seeds. */
#include "gateway/net/dns_answer.h"
#include "policy/domain.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The question's name as text, without compression; empty when there is none that fits. */
static size_t asked_name(const uint8_t *octets, size_t size, char name[DNS_NAME_SIZE])
{
    size_t at = 12, length = 0;

    while (at < size && octets[at] != 0 && octets[at] < 64) {
        size_t count = octets[at++];
        if (count > size - at || length + count + 2 > DNS_NAME_SIZE)
            return 0;
        if (length > 0)
            name[length++] = '.';
        memcpy(name + length, octets + at, count);
        length += count;
        at += count;
    }
    return length;
}

static void demand(bool condition)
{
    if (!condition)
        abort();
}

/* Its data lies within the message, and whoever asks what it is worth is told. */
static void demand_tlsa(struct text octets, const struct tlsa_record *record)
{
    const struct tlsa_answer alone = {.record = record, .count = 1};
    char shown[TLSA_SHOWN];

    demand(record->data.at >= octets.at &&
           record->data.at + record->data.length <= octets.at + octets.length);
    demand(!tlsa_record_counts(&alone, 0) || (record->usage <= TLSA_DANE_EE && record->data.length > 0));
    demand(strlen(tlsa_record_print(record, shown)) < sizeof shown);
}

static void read_all(struct text octets, struct text name, uint16_t type)
{
    struct dns_answer answer;
    struct dns_record record;
    size_t records = 0;

    enum dns_answer_result result = dns_answer_open(octets, name, type, &answer);
    demand(answer.bogus == NULL ||
           (result != DNS_ANSWER_RECORDS && answer.rcode == DNS_RCODE_SERVER_FAILURE) ||
           result == DNS_ANSWER_MALFORMED);
    if (result != DNS_ANSWER_RECORDS)
        return;
    demand(strlen(answer.owner) <= DOMAIN_LONGEST);
    while (dns_answer_next(&answer, &record)) {
        demand(++records <= octets.length / 11);
        demand(record.ttl >= answer.ttl);
        if (type == DNS_TYPE_SRV)
            demand(record.host.length == 0 || domain_is_valid(record.host));
        if (type == DNS_TYPE_TLSA)
            demand_tlsa(octets, &record.tlsa);
    }
    demand(!dns_answer_next(&answer, &record));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t types[] = {DNS_TYPE_SRV, DNS_TYPE_A, DNS_TYPE_AAAA, DNS_TYPE_TLSA};
    char name[DNS_NAME_SIZE];

    if (size == 0)
        return 0;
    uint16_t type = types[data[0] % 4];
    struct text octets = {(const char *)data + 1, size - 1};
    size_t length = asked_name(data + 1, size - 1, name);
    read_all(octets, (struct text){name, length}, type);
    read_all(octets, TEXT("fabrikam.example"), type);
    return 0;
}
