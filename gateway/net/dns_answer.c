/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening walks the whole message once, which proves its structure, then follows the aliases through the
 * answer section; next walks on from there. Each step checks the octets that are left before it takes any. */
#include "gateway/net/dns_answer.h"

#include "policy/domain.h"

#include <string.h>

#define HEADER_SIZE 12u
#define RECORD_FIXED_SIZE 10u /* type, class, TTL, length of the data */
#define POINTERS_MOST 64u     /* of one name; each must lead further back, RFC 1035 4.1.4 */
#define CLASS_INTERNET 1u
#define OPTION_FIXED_SIZE 4u /* of EDNS: code, length of the data */
#define OPTION_EXTENDED_ERROR 15u

/* A record as it stands in the message. */
struct raw_record {
    char owner[DNS_NAME_SIZE];
    bool owner_is_plain;
    uint16_t type, class;
    uint32_t ttl;
    size_t data, data_length; /* where, and how much */
    size_t end;
};

enum name_result { NAME_BROKEN, NAME_ODD, NAME_PLAIN };

static uint16_t read_16(struct text octets, size_t at)
{
    return (uint16_t)((uint8_t)octets.at[at] << 8 | (uint8_t)octets.at[at + 1]);
}

static uint32_t read_32(struct text octets, size_t at)
{
    return (uint32_t)read_16(octets, at) << 16 | read_16(octets, at + 2);
}

static bool has(struct text octets, size_t at, size_t count)
{
    return at <= octets.length && count <= octets.length - at;
}

/* Octets that need no escape in a name as text. */
static bool is_plain(struct text label)
{
    for (size_t i = 0; i < label.length; i++) {
        if (label.at[i] <= ' ' || label.at[i] > '~' || label.at[i] == '.' || label.at[i] == '\\')
            return false;
    }
    return true;
}

/* Appends a label; false: the name grows over its bound. */
static bool append_label(char name[DNS_NAME_SIZE], size_t *length, struct text label)
{
    if (*length + (*length > 0) + label.length > DOMAIN_LONGEST)
        return false;
    if (*length > 0)
        name[(*length)++] = '.';
    for (size_t i = 0; i < label.length; i++)
        name[(*length)++] = text_lower(label.at[i]);
    return true;
}

/* Reads the name at *at, in lower case, and moves *at behind it. Odd: well formed, but with octets that no
 * name has that we would ask for; `name` then says nothing. */
static enum name_result read_name(struct text octets, size_t *at, char name[DNS_NAME_SIZE])
{
    enum name_result result = NAME_PLAIN;
    size_t length = 0, here = *at, before = *at;
    unsigned pointers = 0;

    while (true) {
        if (!has(octets, here, 1))
            return NAME_BROKEN;
        uint8_t count = (uint8_t)octets.at[here];
        if (count >= 0xc0) { /* RFC 1035 4.1.4: a pointer to a prior occurrence */
            if (!has(octets, here, 2) || ++pointers > POINTERS_MOST)
                return NAME_BROKEN;
            size_t target = read_16(octets, here) & 0x3fffu;
            if (pointers == 1)
                *at = here + 2;
            if (target >= before)
                return NAME_BROKEN;
            before = here = target;
            continue;
        }
        here++;
        if (count > 63 ||
            !has(octets, here, count)) /* 0x40 and 0x80 are no label types any more, RFC 6891 5 */
            return NAME_BROKEN;
        if (count == 0)
            break;
        struct text label = {octets.at + here, count};
        if (!append_label(name, &length, label))
            return NAME_BROKEN;
        if (!is_plain(label))
            result = NAME_ODD;
        here += count;
    }
    if (pointers == 0)
        *at = here;
    name[length] = '\0';
    return result;
}

static bool read_raw(struct text octets, size_t at, struct raw_record *record)
{
    enum name_result name = read_name(octets, &at, record->owner);

    if (name == NAME_BROKEN || !has(octets, at, RECORD_FIXED_SIZE))
        return false;
    record->owner_is_plain = name == NAME_PLAIN;
    record->type = read_16(octets, at);
    record->class = read_16(octets, at + 2);
    record->ttl = read_32(octets, at + 4);
    record->data_length = read_16(octets, at + 8);
    record->data = at + RECORD_FIXED_SIZE;
    if (!has(octets, record->data, record->data_length))
        return false;
    record->end = record->data + record->data_length;
    return true;
}

static bool is_of(const struct raw_record *record, const char *owner, uint16_t type)
{
    return record->owner_is_plain && record->class == CLASS_INTERNET && record->type == type &&
           strcmp(record->owner, owner) == 0;
}

/* One name that fills the rest of the data from `at` on. */
static enum name_result read_last_name(struct text octets, size_t at, size_t end, char name[DNS_NAME_SIZE])
{
    enum name_result result = read_name(octets, &at, name);
    return at == end ? result : NAME_BROKEN;
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* What the walk over a message notes on its way. */
struct survey {
    bool has_soa, has_ns;
    uint32_t denial_ttl;
};

/* RFC 2308 5: the lesser of the SOA's own TTL and its last field. */
static void note_authority(struct text octets, const struct raw_record *record, struct survey *survey)
{
    if (record->class != CLASS_INTERNET)
        return;
    survey->has_ns = survey->has_ns || record->type == 2;
    if (record->type != DNS_TYPE_SOA || record->data_length < 22 || survey->has_soa)
        return;
    survey->has_soa = true;
    survey->denial_ttl = lesser(record->ttl, read_32(octets, record->end - 4));
}

/* RFC 8914 4: what a resolver that validates says of an answer that it keeps back. */
static const char *bogus_sentence(uint16_t code)
{
    static const char *const sentences[] = {
        [6] = "it is bogus",
        [7] = "a signature has expired",
        [8] = "a signature is not valid yet",
        [9] = "the key of the zone is missing",
        [10] = "signatures are missing",
        [11] = "no key of the zone signs",
        [12] = "the proof of absence is missing",
    };
    return code < sizeof sentences / sizeof sentences[0] ? sentences[code] : NULL;
}

/* RFC 6891 6.1.2, 6.1.3. Options that do not fit are nobody's. */
static void note_options(struct dns_answer *answer, const struct raw_record *record)
{
    size_t at = record->data;

    answer->rcode |= (record->ttl >> 24) << 4;
    while (record->end - at >= OPTION_FIXED_SIZE) {
        uint16_t code = read_16(answer->octets, at), length = read_16(answer->octets, at + 2);
        at += OPTION_FIXED_SIZE;
        if (length > record->end - at)
            return;
        if (code == OPTION_EXTENDED_ERROR && length >= 2 && answer->bogus == NULL)
            answer->bogus = bogus_sentence(read_16(answer->octets, at));
        at += length;
    }
}

/* Walks all records after the question. */
static bool survey_records(struct dns_answer *answer, size_t at, struct survey *survey)
{
    struct text octets = answer->octets;
    uint32_t answers = read_16(octets, 6), authorities = read_16(octets, 8);
    uint32_t all = answers + authorities + read_16(octets, 10);
    struct raw_record record;

    for (uint32_t i = 0; i < all; i++) {
        if (!read_raw(octets, at, &record))
            return false;
        if (i >= answers && i < answers + authorities)
            note_authority(octets, &record, survey);
        if (i >= answers + authorities && record.type == DNS_TYPE_OPT)
            note_options(answer, &record);
        at = record.end;
    }
    return true;
}

enum search { SEARCH_NOTHING, SEARCH_RECORDS, SEARCH_ALIAS, SEARCH_BROKEN };

/* Looks through the answer section for records of the type that answer->owner has, else for its alias, which
 * becomes the owner. Lowers *ttl by what it finds. */
static enum search search_answers(struct dns_answer *answer, uint32_t *ttl)
{
    char alias[DNS_NAME_SIZE];
    enum search found = SEARCH_NOTHING;
    uint32_t alias_ttl = 0;
    size_t at = answer->at;
    struct raw_record record;

    for (uint32_t i = 0; i < answer->left; i++) {
        if (!read_raw(answer->octets, at, &record))
            return SEARCH_BROKEN;
        at = record.end;
        if (is_of(&record, answer->owner, answer->type)) {
            found = SEARCH_RECORDS;
            *ttl = lesser(*ttl, record.ttl);
        } else if (found == SEARCH_NOTHING && is_of(&record, answer->owner, DNS_TYPE_CNAME)) {
            if (read_last_name(answer->octets, record.data, record.end, alias) != NAME_PLAIN)
                return SEARCH_BROKEN;
            found = SEARCH_ALIAS;
            alias_ttl = record.ttl;
        }
    }
    if (found == SEARCH_ALIAS) {
        memcpy(answer->owner, alias, sizeof alias);
        *ttl = lesser(*ttl, alias_ttl);
    }
    return found;
}

/* RFC 1034 3.6.2: from alias to alias, with an end to it. */
static enum dns_answer_result follow_aliases(struct dns_answer *answer, const struct survey *survey)
{
    uint32_t ttl = UINT32_MAX;

    for (unsigned aliases = 0; aliases <= DNS_ALIASES_MOST; aliases++) {
        enum search found = search_answers(answer, &ttl);
        if (found == SEARCH_BROKEN)
            return DNS_ANSWER_MALFORMED;
        if (found == SEARCH_RECORDS) {
            answer->ttl = ttl;
            return DNS_ANSWER_RECORDS;
        }
        if (found == SEARCH_NOTHING) {
            answer->ttl = survey->has_soa ? lesser(ttl, survey->denial_ttl) : 0;
            if (answer->rcode == DNS_RCODE_NO_SUCH_NAME)
                return DNS_ANSWER_NO_NAME;
            /* RFC 2308 2.2.1: NS without SOA is a referral */
            return survey->has_ns && !survey->has_soa ? DNS_ANSWER_FAILED : DNS_ANSWER_NO_DATA;
        }
        answer->aliased = true;
    }
    return DNS_ANSWER_MALFORMED;
}

/* Is it a response to exactly this question? Moves *at behind it. */
static bool question_matches(struct text octets, struct text name, uint16_t type, size_t *at)
{
    char asked[DNS_NAME_SIZE];

    if (((uint8_t)octets.at[2] & 0xf8u) != 0x80u ||
        read_16(octets, 4) != 1) /* QR, opcode QUERY; one question */
        return false;
    *at = HEADER_SIZE;
    return read_name(octets, at, asked) == NAME_PLAIN && domain_equal(text_of(asked), name) &&
           has(octets, *at, 4) && read_16(octets, *at) == type && read_16(octets, *at + 2) == CLASS_INTERNET;
}

enum dns_answer_result dns_answer_open(struct text octets, struct text name, uint16_t type,
                                       struct dns_answer *answer)
{
    struct survey survey = {0};
    size_t at;

    memset(answer, 0, sizeof *answer);
    answer->octets = octets;
    answer->type = type;
    name = domain_without_dot(name);
    if (octets.length < HEADER_SIZE || name.length >= DNS_NAME_SIZE ||
        !question_matches(octets, name, type, &at))
        return DNS_ANSWER_MALFORMED;
    at += 4;
    answer->rcode = read_16(octets, 2) & 0x0fu;
    answer->authenticated = (octets.at[3] & 0x20) != 0;
    if ((octets.at[2] & 0x02) != 0)
        return DNS_ANSWER_TRUNCATED;
    if (!survey_records(answer, at, &survey))
        return DNS_ANSWER_MALFORMED;
    if (answer->rcode != DNS_RCODE_SERVER_FAILURE)
        answer->bogus = NULL;
    if (answer->rcode != DNS_RCODE_OK && answer->rcode != DNS_RCODE_NO_SUCH_NAME)
        return DNS_ANSWER_FAILED;

    answer->at = at;
    answer->left = read_16(octets, 6);
    for (size_t i = 0; i < name.length; i++)
        answer->owner[i] = text_lower(name.at[i]);
    return follow_aliases(answer, &survey);
}

/* RFC 2782. The target "." gives an empty host. */
static bool read_srv(struct text octets, const struct raw_record *raw, struct dns_record *record)
{
    if (raw->data_length < 7 || read_last_name(octets, raw->data + 6, raw->end, record->name) != NAME_PLAIN)
        return false;
    record->priority = read_16(octets, raw->data);
    record->weight = read_16(octets, raw->data + 2);
    record->port = read_16(octets, raw->data + 4);
    record->host = text_of(record->name);
    return record->host.length == 0 || domain_is_valid(record->host);
}

/* RFC 6698 2.1 */
static bool read_tlsa(struct text octets, const struct raw_record *raw, struct dns_record *record)
{
    if (raw->data_length < 4)
        return false;
    record->tlsa.usage = (uint8_t)octets.at[raw->data];
    record->tlsa.selector = (uint8_t)octets.at[raw->data + 1];
    record->tlsa.matching = (uint8_t)octets.at[raw->data + 2];
    record->tlsa.data = (struct text){octets.at + raw->data + 3, raw->data_length - 3};
    return true;
}

static bool read_address(struct text octets, const struct raw_record *raw, size_t length,
                         struct dns_record *record)
{
    if (raw->data_length != length)
        return false;
    memcpy(record->address, octets.at + raw->data, length);
    return true;
}

static bool read_content(struct text octets, const struct raw_record *raw, struct dns_record *record)
{
    record->ttl = raw->ttl;
    if (raw->type == DNS_TYPE_SRV)
        return read_srv(octets, raw, record);
    if (raw->type == DNS_TYPE_TLSA)
        return read_tlsa(octets, raw, record);
    if (raw->type == DNS_TYPE_A)
        return read_address(octets, raw, 4, record);
    return raw->type == DNS_TYPE_AAAA && read_address(octets, raw, 16, record);
}

bool dns_answer_next(struct dns_answer *answer, struct dns_record *record)
{
    struct raw_record raw;

    memset(record, 0, sizeof *record);
    while (answer->left > 0 && read_raw(answer->octets, answer->at, &raw)) {
        answer->left--;
        answer->at = raw.end;
        if (is_of(&raw, answer->owner, answer->type) && read_content(answer->octets, &raw, record))
            return true;
    }
    return false;
}
