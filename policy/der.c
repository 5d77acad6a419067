/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/der.h"

/* Reads the length octets at the front of *rest (X.690 8.1.3, 10.1). */
static bool take_length(struct text *rest, size_t *length)
{
    if (rest->length == 0)
        return false;
    size_t first = text_octet(*rest, 0);
    *rest = text_skip(*rest, 1);
    if (first < 0x80) {
        *length = first;
        return true;
    }
    size_t octets = first & 0x7f;
    if (octets == 0 || octets > 4 || octets > rest->length)
        return false; /* indefinite, or more than any certificate or CRL holds */
    size_t value = 0;
    for (size_t i = 0; i < octets; i++)
        value = (value << 8) | text_octet(*rest, i);
    if (value < 0x80 || text_octet(*rest, 0) == 0)
        return false; /* not the shortest form */
    *rest = text_skip(*rest, octets);
    *length = value;
    return true;
}

bool der_next(struct text *rest, struct der_value *value)
{
    struct text after = *rest;
    size_t length;

    if (after.length < 2)
        return false;
    value->tag = text_octet(after, 0);
    if ((value->tag & 0x1f) == 0x1f)
        return false; /* a tag of more octets: nothing that is read here has one */
    after = text_skip(after, 1);
    if (!take_length(&after, &length) || length > after.length)
        return false;
    value->content = (struct text){after.at, length};
    after = text_skip(after, length);
    value->whole = text_from(rest->at, after.at);
    *rest = after;
    return true;
}

bool der_is_next(struct text rest, unsigned tag)
{
    return rest.length > 0 && text_octet(rest, 0) == tag;
}

bool der_next_of(struct text *rest, unsigned tag, struct text *content)
{
    struct der_value value;
    if (!der_is_next(*rest, tag) || !der_next(rest, &value))
        return false;
    *content = value.content;
    return true;
}

bool der_next_whole(struct text *rest, unsigned tag, struct text *whole)
{
    struct der_value value;
    if (!der_is_next(*rest, tag) || !der_next(rest, &value))
        return false;
    *whole = value.whole;
    return true;
}

bool der_optional(struct text *rest, unsigned tag, struct text *content, bool *present)
{
    *present = der_is_next(*rest, tag);
    *content = TEXT_NONE;
    return !*present || der_next_of(rest, tag, content);
}

bool der_only(struct text whole, unsigned tag, struct text *content)
{
    return der_next_of(&whole, tag, content) && whole.length == 0;
}

bool der_boolean(struct text content, bool *value)
{
    if (content.length != 1 || (text_octet(content, 0) != 0x00 && text_octet(content, 0) != 0xff))
        return false;
    *value = text_octet(content, 0) == 0xff;
    return true;
}

bool der_is_integer(struct text content)
{
    if (content.length == 0)
        return false;
    if (content.length == 1)
        return true;
    uint8_t first = text_octet(content, 0);
    bool second_is_high = (text_octet(content, 1) & 0x80) != 0;
    return !(first == 0x00 && !second_is_high) && !(first == 0xff && second_is_high);
}

bool der_positive_integer(struct text content, struct text *magnitude)
{
    if (!der_is_integer(content) || (text_octet(content, 0) & 0x80) != 0)
        return false;
    if (text_octet(content, 0) == 0)
        content = text_skip(content, 1);
    *magnitude = content;
    return content.length > 0;
}

bool der_small_integer(struct text content, uint32_t most, uint32_t *value)
{
    uint64_t number = 0;
    if (!der_is_integer(content) || content.length > 5 || (text_octet(content, 0) & 0x80) != 0)
        return false;
    for (size_t i = 0; i < content.length; i++)
        number = (number << 8) | text_octet(content, i);
    if (number > most)
        return false;
    *value = (uint32_t)number;
    return true;
}

bool der_bit_octets(struct text content, struct text *octets)
{
    if (content.length == 0 || text_octet(content, 0) != 0)
        return false;
    *octets = text_skip(content, 1);
    return true;
}

bool der_named_bits(struct text content, uint32_t *bits)
{
    if (content.length == 0 || content.length > 3)
        return false;
    unsigned unused = text_octet(content, 0);
    *bits = 0;
    if (content.length == 1)
        return unused == 0;
    unsigned last = text_octet(content, content.length - 1);
    if (unused > 7 || (last & ((1u << unused) - 1)) != 0)
        return false;
    for (size_t i = 1; i < content.length; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            if ((text_octet(content, i) & (0x80u >> bit)) != 0)
                *bits |= 1u << ((i - 1) * 8 + bit);
        }
    }
    return true;
}

bool der_is_oid(struct text content)
{
    if (content.length == 0 || (text_octet(content, content.length - 1) & 0x80) != 0)
        return false;
    bool starts = true;
    for (size_t i = 0; i < content.length; i++) {
        if (starts && text_octet(content, i) == 0x80)
            return false; /* a padded arc */
        starts = (text_octet(content, i) & 0x80) == 0;
    }
    return true;
}

/* ---- times ---- */

static bool take_digits(struct text *rest, size_t count, unsigned *number)
{
    if (rest->length < count)
        return false;
    *number = 0;
    for (size_t i = 0; i < count; i++) {
        char c = rest->at[i];
        if (c < '0' || c > '9')
            return false;
        *number = *number * 10 + (unsigned)(c - '0');
    }
    *rest = text_skip(*rest, count);
    return true;
}

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar. */
static int64_t days_since_1970(unsigned year, unsigned month, unsigned day)
{
    int64_t before = (int64_t)year - 1; /* whole years since year 1 */
    int64_t days = before * 365 + before / 4 - before / 100 + before / 400 - 719162;
    if (year == 0)
        days = -719162 - 366;
    for (unsigned m = 1; m < month; m++)
        days += days_in_month(year, m);
    return days + day - 1;
}

bool der_time(uint8_t tag, struct text content, int64_t *seconds)
{
    unsigned year, month, day, hour, minute, second;

    if (tag == DER_UTC_TIME) {
        if (!take_digits(&content, 2, &year))
            return false;
        year += year < 50 ? 2000 : 1900; /* RFC 5280 4.1.2.5.1 */
    } else if (tag != DER_GENERALIZED_TIME || !take_digits(&content, 4, &year)) {
        return false;
    }
    if (!take_digits(&content, 2, &month) || !take_digits(&content, 2, &day) ||
        !take_digits(&content, 2, &hour) || !take_digits(&content, 2, &minute) ||
        !take_digits(&content, 2, &second) || !text_equal(content, TEXT("Z")))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 || minute > 59 ||
        second > 59)
        return false;
    *seconds = days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}
