/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/dane.h"

#include <stdio.h>
#include <string.h>

#define SHA256_OCTETS 32u
#define SHA512_OCTETS 64u

enum reason tlsa_answer_reason(const struct tlsa_answer *answer)
{
    if (answer == NULL)
        return REASON_TLSA_MISMATCH;
    if (answer->outcome == REASON_OK && answer->security == DNS_BOGUS)
        return REASON_DNS_BOGUS;
    if (answer->outcome != REASON_OK && answer->outcome != REASON_TLSA_MISMATCH)
        return answer->outcome;
    /* RFC 7671 2: what is not secure is no TLSA record. */
    return answer->outcome == REASON_OK && answer->security == DNS_SECURE ? REASON_OK : REASON_TLSA_MISMATCH;
}

/* RFC 7671 2: a record with values that are not known, or with a digest of another length, is passed over. */
static bool is_usable(const struct tlsa_record *record)
{
    if (record->usage > TLSA_DANE_EE || record->selector > TLSA_KEY || record->data.length == 0 ||
        record->data.length > TLSA_DATA_LONGEST)
        return false;
    if (record->matching == TLSA_SHA256)
        return record->data.length == SHA256_OCTETS;
    if (record->matching == TLSA_SHA512)
        return record->data.length == SHA512_OCTETS;
    return record->matching == TLSA_FULL;
}

bool tlsa_record_counts(const struct tlsa_answer *answer, size_t index)
{
    const struct tlsa_record *record = &answer->record[index];

    if (index >= TLSA_RECORDS_MOST || !is_usable(record))
        return false;
    if (record->matching == TLSA_FULL) /* no digest, so that no stronger one displaces it */
        return true;
    for (size_t i = 0; i < answer->count && i < TLSA_RECORDS_MOST; i++) {
        const struct tlsa_record *other = &answer->record[i];
        if (other->usage == record->usage && other->selector == record->selector &&
            other->matching > record->matching && is_usable(other))
            return false;
    }
    return true;
}

bool tlsa_record_matches(const struct tlsa_record *record, const struct certificate *certificate)
{
    bool of_key = record->selector == TLSA_KEY;

    if (!is_usable(record))
        return false;
    if (record->matching == TLSA_FULL)
        return text_equal(record->data, of_key ? certificate->public_key : certificate->der);
    if (record->matching == TLSA_SHA256)
        return memcmp(record->data.at, of_key ? certificate->key_sha256 : certificate->sha256,
                      SHA256_OCTETS) == 0;
    return memcmp(record->data.at, of_key ? certificate->key_sha512 : certificate->sha512, SHA512_OCTETS) ==
           0;
}

const char *tlsa_record_print(const struct tlsa_record *record, char to[TLSA_SHOWN])
{
    int used = snprintf(to, TLSA_SHOWN, "%u %u %u ", record->usage, record->selector, record->matching);

    for (size_t i = 0; i < record->data.length && i < 4; i++)
        used += snprintf(to + used, TLSA_SHOWN - (size_t)used, "%02x", (uint8_t)record->data.at[i]);
    snprintf(to + used, TLSA_SHOWN - (size_t)used, "...");
    return to;
}
