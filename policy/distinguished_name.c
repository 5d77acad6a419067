/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/distinguished_name.h"

/* ---- reading ---- */

/* AttributeTypeAndValue ::= SEQUENCE { type, value }: takes it off *rest. */
static bool take_attribute(struct text *rest, struct name_attribute *attribute)
{
    struct text pair;
    return der_next_of(rest, DER_SEQUENCE, &pair) && der_next_of(&pair, DER_OID, &attribute->type) &&
           der_is_oid(attribute->type) && der_next(&pair, &attribute->value) && pair.length == 0;
}

static struct text rdns_of(struct text name)
{
    struct text rdns;
    return der_only(name, DER_SEQUENCE, &rdns) ? rdns : TEXT_NONE;
}

bool distinguished_name_is_sound(struct text name)
{
    struct text rdns, attributes;
    struct name_attribute attribute;
    size_t total = 0;

    if (!der_only(name, DER_SEQUENCE, &rdns))
        return false;
    while (rdns.length > 0) {
        size_t count = 0;
        if (!der_next_of(&rdns, DER_SET, &attributes) || attributes.length == 0)
            return false;
        while (attributes.length > 0) {
            if (!take_attribute(&attributes, &attribute) || ++count > NAME_RDN_ATTRIBUTES_MOST ||
                ++total > NAME_ATTRIBUTES_MOST)
                return false;
        }
    }
    return true;
}

bool distinguished_name_is_empty(struct text name)
{
    return rdns_of(name).length == 0;
}

struct name_cursor name_cursor_of(struct text name)
{
    return (struct name_cursor){.rdns = rdns_of(name)};
}

bool name_cursor_next(struct name_cursor *cursor, struct name_attribute *attribute)
{
    attribute->starts_rdn = cursor->attributes.length == 0;
    if (attribute->starts_rdn && !der_next_of(&cursor->rdns, DER_SET, &cursor->attributes))
        return false;
    return take_attribute(&cursor->attributes, attribute);
}

/* ---- comparing ---- */

static bool is_text_type(uint8_t tag)
{
    return tag == DER_UTF8_STRING || tag == DER_PRINTABLE_STRING || tag == DER_IA5_STRING;
}

/* The next octet of a string as it is compared: lower case, one space for a run of them, none at the end. -1:
 * the end. (RFC 4518 2.6.1, as far as it concerns ASCII.) */
static int next_prepared(struct text *rest, bool *started)
{
    bool space = false;

    while (rest->length > 0 && rest->at[0] == ' ') {
        *rest = text_skip(*rest, 1);
        space = true;
    }
    if (rest->length == 0)
        return -1;
    if (space && *started) {
        /* Give the space now and the octet the next time. */
        *started = false;
        return ' ';
    }
    *started = true;
    int octet = (unsigned char)text_lower(rest->at[0]);
    *rest = text_skip(*rest, 1);
    return octet;
}

static bool has_high_octet(struct text value)
{
    for (size_t i = 0; i < value.length; i++) {
        if ((text_octet(value, i) & 0x80) != 0)
            return true;
    }
    return false;
}

static bool prepared_equal(struct text a, struct text b)
{
    bool a_started = false, b_started = false;
    int x, y;

    do {
        x = next_prepared(&a, &a_started);
        y = next_prepared(&b, &b_started);
        if (x != y)
            return false;
    } while (x >= 0);
    return true;
}

static enum name_match value_match(const struct der_value *a, const struct der_value *b)
{
    if (text_equal(a->whole, b->whole))
        return NAME_EQUAL;
    if (!is_text_type(a->tag) || !is_text_type(b->tag))
        return NAME_UNSURE; /* other alphabets may spell the same */
    if (prepared_equal(a->content, b->content))
        return NAME_EQUAL;
    return has_high_octet(a->content) && has_high_octet(b->content) ? NAME_UNSURE : NAME_DIFFERENT;
}

/* The best match of one attribute among those of a relative name. */
static enum name_match attribute_match(const struct name_attribute *attribute, struct text among)
{
    enum name_match best = NAME_DIFFERENT;
    struct name_attribute other;

    while (best != NAME_EQUAL && take_attribute(&among, &other)) {
        if (!text_equal(attribute->type, other.type))
            continue;
        enum name_match match = value_match(&attribute->value, &other.value);
        best = match > best ? match : best;
    }
    return best;
}

static size_t attribute_count(struct text attributes)
{
    struct name_attribute attribute;
    size_t count = 0;
    while (take_attribute(&attributes, &attribute))
        count++;
    return count;
}

/* Relative names are sets: the same number, and each of one has its like in the other. */
static enum name_match rdn_match(struct text a, struct text b)
{
    enum name_match worst = NAME_EQUAL;
    struct name_attribute attribute;

    if (text_equal(a, b))
        return NAME_EQUAL;
    if (attribute_count(a) != attribute_count(b))
        return NAME_DIFFERENT;
    struct text a_rest = a, b_rest = b;
    while (worst != NAME_DIFFERENT && take_attribute(&a_rest, &attribute)) {
        enum name_match match = attribute_match(&attribute, b);
        worst = match < worst ? match : worst;
    }
    while (worst != NAME_DIFFERENT && take_attribute(&b_rest, &attribute)) {
        enum name_match match = attribute_match(&attribute, a);
        worst = match < worst ? match : worst;
    }
    return worst;
}

enum name_match distinguished_name_within(struct text name, struct text subtree)
{
    struct text rdns = rdns_of(name), base = rdns_of(subtree);
    enum name_match worst = NAME_EQUAL;

    while (base.length > 0 && worst != NAME_DIFFERENT) {
        struct text a, b;
        if (!der_next_of(&base, DER_SET, &b) || !der_next_of(&rdns, DER_SET, &a))
            return NAME_DIFFERENT;
        enum name_match match = rdn_match(a, b);
        worst = match < worst ? match : worst;
    }
    return worst;
}

static size_t rdn_count(struct text name)
{
    struct text rdns = rdns_of(name), rdn;
    size_t count = 0;
    while (rdns.length > 0 && der_next_of(&rdns, DER_SET, &rdn))
        count++;
    return count;
}

bool distinguished_name_equal(struct text a, struct text b)
{
    if (text_equal(a, b))
        return true;
    return rdn_count(a) == rdn_count(b) && distinguished_name_within(a, b) == NAME_EQUAL;
}

/* ---- hashing ---- */

#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static uint64_t hash_octet(uint64_t hash, unsigned octet)
{
    return (hash ^ octet) * FNV_PRIME;
}

static uint64_t attribute_hash(const struct name_attribute *attribute)
{
    uint64_t hash = FNV_BASIS;
    struct text value = attribute->value.content;
    bool started = false;
    int octet;

    for (size_t i = 0; i < attribute->type.length; i++)
        hash = hash_octet(hash, text_octet(attribute->type, i));
    if (!is_text_type(attribute->value.tag)) {
        for (size_t i = 0; i < value.length; i++)
            hash = hash_octet(hash, text_octet(value, i));
        return hash;
    }
    while ((octet = next_prepared(&value, &started)) >= 0)
        hash = hash_octet(hash, (unsigned)octet);
    return hash;
}

uint64_t distinguished_name_hash(struct text name)
{
    struct name_cursor cursor = name_cursor_of(name);
    struct name_attribute attribute;
    uint64_t hash = FNV_BASIS, rdn = 0;

    while (name_cursor_next(&cursor, &attribute)) {
        if (attribute.starts_rdn) {
            hash = (hash ^ rdn) * FNV_PRIME;
            rdn = 0;
        }
        rdn += attribute_hash(&attribute); /* a sum: the order within a relative name does not count */
    }
    return (hash ^ rdn) * FNV_PRIME;
}
