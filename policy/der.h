/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_DER_H
#define FEDGATE_POLICY_DER_H

/* A strict reader of DER (X.690 section 10): definite lengths in their shortest form, tags of one octet. It
 * takes values off the front of a text, never copies, never runs past the end, never recurses. Every function
 * that answers false has seen something that is not the DER it was asked for; what it was to set is then
 * undefined. */

#include "policy/text.h"

#define DER_BOOLEAN 0x01u
#define DER_INTEGER 0x02u
#define DER_BIT_STRING 0x03u
#define DER_OCTET_STRING 0x04u
#define DER_NULL 0x05u
#define DER_OID 0x06u
#define DER_ENUMERATED 0x0au
#define DER_UTF8_STRING 0x0cu
#define DER_SEQUENCE 0x30u
#define DER_SET 0x31u
#define DER_PRINTABLE_STRING 0x13u
#define DER_IA5_STRING 0x16u
#define DER_UTC_TIME 0x17u
#define DER_GENERALIZED_TIME 0x18u
/* [n] of a structure: primitive (implicit on a primitive type) and constructed (explicit, or implicit on a
 * SEQUENCE). */
#define DER_CONTEXT(n) (0x80u | (n))
#define DER_CONTEXT_CONSTRUCTED(n) (0xa0u | (n))

/* For static tables, where TEXT is not constant enough. */
#define DER_OCTETS(literal)                                                                                  \
    {                                                                                                        \
        (literal), sizeof(literal) - 1                                                                       \
    }

struct der_value {
    uint8_t tag;
    struct text content;
    struct text whole; /* with its header */
};

/* Takes the next value off *rest. */
bool der_next(struct text *rest, struct der_value *value) __attribute__((warn_unused_result));
/* The same, which must have this tag. */
bool der_next_of(struct text *rest, unsigned tag, struct text *content) __attribute__((warn_unused_result));
/* The same, and gives it with its header. */
bool der_next_whole(struct text *rest, unsigned tag, struct text *whole) __attribute__((warn_unused_result));
/* Takes it only where the next value has this tag; *content is TEXT_NONE with *present false where it has
 * not. */
bool der_optional(struct text *rest, unsigned tag, struct text *content, bool *present)
    __attribute__((warn_unused_result));
/* `whole` is one value of this tag and nothing after it. */
bool der_only(struct text whole, unsigned tag, struct text *content) __attribute__((warn_unused_result));
/* Is the next value of this tag? */
bool der_is_next(struct text rest, unsigned tag);

/* Contents of the primitive types. */
bool der_boolean(struct text content, bool *value) __attribute__((warn_unused_result)); /* 0x00 or 0xff */
bool der_is_integer(struct text content); /* shortest form, any sign */
/* Not negative and at most `most`. */
bool der_small_integer(struct text content, uint32_t most, uint32_t *value)
    __attribute__((warn_unused_result));
/* A positive INTEGER without the octet that only holds its sign. Zero fails. */
bool der_positive_integer(struct text content, struct text *magnitude) __attribute__((warn_unused_result));
/* Whole octets only: no unused bits. */
bool der_bit_octets(struct text content, struct text *octets) __attribute__((warn_unused_result));
/* A named-bit list of at most 16 bits, without trailing zero bits (X.690 11.2.2); bit n of the standard is 1
 * << n. */
bool der_named_bits(struct text content, uint32_t *bits) __attribute__((warn_unused_result));
bool der_is_oid(struct text content);
/* UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 has them: seconds given, Z, no fraction. Seconds since 1970,
 * UTC. */
bool der_time(uint8_t tag, struct text content, int64_t *seconds) __attribute__((warn_unused_result));

static inline uint8_t text_octet(struct text t, size_t index)
{
    return (uint8_t)t.at[index];
}

#endif
