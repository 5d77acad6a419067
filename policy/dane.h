/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_DANE_H
#define FEDGATE_POLICY_DANE_H

/* TLSA records (RFC 6698, RFC 7671): which of them count, and which certificates they name. What follows from
 * a match is peer_dane.c's. */

#include "policy/certificate.h"

enum dns_security { DNS_INSECURE, DNS_SECURE, DNS_BOGUS };

#define TLSA_RECORDS_MOST 24u   /* of one server that are looked at */
#define TLSA_DATA_LONGEST 4096u /* octets; a record with more is not usable */

/* RFC 6698 2.1.1, RFC 7671 2.1, by the names of RFC 7218. */
enum tlsa_usage { TLSA_PKIX_TA = 0, TLSA_PKIX_EE = 1, TLSA_DANE_TA = 2, TLSA_DANE_EE = 3 };
enum tlsa_selector { TLSA_CERTIFICATE = 0, TLSA_KEY = 1 };
enum tlsa_matching { TLSA_FULL = 0, TLSA_SHA256 = 1, TLSA_SHA512 = 2 };

struct tlsa_record {
    uint8_t usage, selector, matching; /* as sent: any value */
    struct text data;
};

/* What the DNS said of the TLSA records of one server. */
struct tlsa_answer {
    enum reason
        outcome; /* REASON_OK: there are records; REASON_TLSA_MISMATCH: there are none; REASON_DNS_FAILED,
                    REASON_DNS_BOGUS, REASON_ADDRESS_NOT_FOUND, ...: it could not be told */
    enum dns_security security; /* of the server's addresses, their aliases, and the records, all together */
    struct text base; /* the TLSA base domain (RFC 7671 7): the server's name, or what it is an alias of */
    const struct tlsa_record *record;
    size_t count;
    const char *detail; /* static: more on it, for people; NULL: nothing */
};

/* May its records be relied on? REASON_OK, or why not: REASON_TLSA_MISMATCH where there are none that are
 * secure. */
enum reason tlsa_answer_reason(const struct tlsa_answer *answer);
/* Is the record one that is understood and whole, and has the answer no stronger digest for the same usage
 * and selector (RFC 7671 9)? */
bool tlsa_record_counts(const struct tlsa_answer *answer, size_t index);
/* Does the record name this certificate? Whatever its usage. */
bool tlsa_record_matches(const struct tlsa_record *record, const struct certificate *certificate);

#define TLSA_SHOWN 32u
/* "3 1 1 4bf5122f...", for logs and commands. Returns `to`. */
const char *tlsa_record_print(const struct tlsa_record *record, char to[TLSA_SHOWN]);

#endif
