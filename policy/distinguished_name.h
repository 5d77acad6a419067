/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_DISTINGUISHED_NAME_H
#define FEDGATE_POLICY_DISTINGUISHED_NAME_H

/* X.501 names, read in place and compared per RFC 5280 7.1: attribute by attribute; text without regard to
 * ASCII case, to the kind of string and to the number of spaces; everything else octet by octet. Letters
 * outside ASCII are not folded: names that differ in them alone are unsure, and the caller takes the answer
 * that refuses. `name` is always a Name with its header; all but distinguished_name_is_sound want one that is
 * sound. */

#include "policy/der.h"

/* They bound what comparing two names can cost: no name of the field comes near. */
#define NAME_ATTRIBUTES_MOST 64u    /* of a name */
#define NAME_RDN_ATTRIBUTES_MOST 8u /* of one relative name */

enum name_match { NAME_DIFFERENT, NAME_UNSURE, NAME_EQUAL };

bool distinguished_name_is_sound(struct text name);
bool distinguished_name_is_empty(struct text name);
/* False where unsure. */
bool distinguished_name_equal(struct text a, struct text b);
/* Is `name` the subtree itself or below it (RFC 5280 4.2.1.10)? */
enum name_match distinguished_name_within(struct text name, struct text subtree);
/* Equal names have equal hashes. */
uint64_t distinguished_name_hash(struct text name);

/* The attributes of a name, one after another. */
struct name_cursor {
    struct text rdns, attributes; /* what is left */
};

struct name_attribute {
    struct text type; /* content of the OID */
    struct der_value value;
    bool starts_rdn; /* the first one of its relative name */
};

#define NAME_TYPE_COMMON_NAME TEXT("\x55\x04\x03")
#define NAME_TYPE_EMAIL_ADDRESS TEXT("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01")

struct name_cursor name_cursor_of(struct text name);
bool name_cursor_next(struct name_cursor *cursor, struct name_attribute *attribute);

#endif
