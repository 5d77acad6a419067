/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/log/json_line.h"

#include <stdio.h>
#include <string.h>

static const char ending[] = ",\"cut\":true}\n";
#define ENDING_OCTETS (sizeof ending - 1)

static bool is_plain(unsigned char octet)
{
    return octet >= 0x20 && octet < 0x7f && octet != '"' && octet != '\\';
}

/* Is one of eight octets equal to that which `pattern` repeats? */
static bool has_octet(uint64_t word, uint64_t pattern)
{
    uint64_t zero = word ^ pattern;
    return ((zero - 0x0101010101010101u) & ~zero & 0x8080808080808080u) != 0;
}

/* Eight octets at once, since nearly all are plain: none above 0x7e or below 0x20, no quote, no backslash. */
static bool is_plain_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t high = word | (word + 0x0101010101010101u);
    uint64_t low = word - 0x2020202020202020u;
    return ((high | low) & 0x8080808080808080u) == 0 && !has_octet(word, 0x2222222222222222u) &&
           !has_octet(word, 0x5c5c5c5c5c5c5c5cu);
}

static size_t plain_run(struct text value)
{
    size_t run = 0;
    while (value.length - run >= 8 && is_plain_word(value.at + run)) {
        run += 8;
    }
    while (run < value.length && is_plain((unsigned char)value.at[run])) {
        run++;
    }
    return run;
}

/* The code point at the start of `t` when it is well-formed UTF-8 (RFC 3629 4), and its length; otherwise 0
 * octets. */
static size_t read_utf8(struct text t, uint32_t *point)
{
    const unsigned char *at = (const unsigned char *)t.at;
    size_t length = at[0] >= 0xc2 && at[0] <= 0xdf   ? 2
                    : at[0] >= 0xe0 && at[0] <= 0xef ? 3
                    : at[0] >= 0xf0 && at[0] <= 0xf4 ? 4
                                                     : 0;
    if (length == 0 || t.length < length) {
        return 0;
    }
    uint32_t value = at[0] & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (at[i] & 0x3fu);
    }
    bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    if (overlong || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    *point = value;
    return length;
}

/* At most 12 octets: \uXXXX, or two of them for what lies beyond the first plane. */
static size_t print_escape(uint32_t point, char to[16])
{
    switch (point) {
    case '"':
    case '\\':
        to[0] = '\\';
        to[1] = (char)point;
        return 2;
    case '\n':
        memcpy(to, "\\n", 2);
        return 2;
    case '\r':
        memcpy(to, "\\r", 2);
        return 2;
    case '\t':
        memcpy(to, "\\t", 2);
        return 2;
    default:
        break;
    }
    if (point < 0x10000) {
        return (size_t)snprintf(to, 16, "\\u%04x", point);
    }
    point -= 0x10000;
    return (size_t)snprintf(to, 16, "\\u%04x\\u%04x", 0xd800 | point >> 10, 0xdc00 | (point & 0x3ff));
}

/* One character that is not plain. Sets what goes out, and returns how many octets it was. */
static size_t escape_one(struct text rest, char to[16], size_t *printed)
{
    unsigned char octet = (unsigned char)rest.at[0];
    if (octet < 0x80) {
        *printed = print_escape(octet, to);
        return 1;
    }
    uint32_t point = 0;
    size_t length = read_utf8(rest, &point);
    *printed = print_escape(length == 0 ? 0xfffd : point, to);
    return length == 0 ? 1 : length;
}

size_t json_line_escape(struct text value, char *to, size_t size)
{
    size_t length = 0;
    while (value.length > 0) {
        size_t run = plain_run(value);
        if (run > size - length) {
            return SIZE_MAX;
        }
        if (run > 0) {
            memcpy(to + length, value.at, run);
            length += run;
            value = text_skip(value, run);
            continue;
        }
        char escaped[16];
        size_t printed;
        size_t taken = escape_one(value, escaped, &printed);
        if (printed > size - length) {
            return SIZE_MAX;
        }
        memcpy(to + length, escaped, printed);
        length += printed;
        value = text_skip(value, taken);
    }
    return length;
}

void json_line_begin(struct json_line *json, char *to, size_t size)
{
    *json = (struct json_line){.to = to, .size = size, .length = 1, .first = true};
    to[0] = '{';
}

static inline bool put(struct json_line *json, struct text octets)
{
    if (octets.length > json->size - ENDING_OCTETS - json->length) {
        return false;
    }
    if (octets.length > 0) {
        memcpy(json->to + json->length, octets.at, octets.length);
        json->length += octets.length;
    }
    return true;
}

static bool put_key(struct json_line *json, struct text key)
{
    return put(json, json->first ? text_skip(key, 1) : key);
}

/* Cuts before a character, not within one. */
static struct text cut_value(struct text value)
{
    size_t length = JSON_LINE_VALUE_MOST - 3;
    for (int i = 0; i < 3 && ((unsigned char)value.at[length] & 0xc0) == 0x80; i++) {
        length--;
    }
    return (struct text){value.at, length};
}

static bool put_string(struct json_line *json, struct text value)
{
    bool cut = value.length > JSON_LINE_VALUE_MOST;
    struct text shown = cut ? cut_value(value) : value;
    if (!put(json, TEXT("\""))) {
        return false;
    }
    size_t room = json->size - ENDING_OCTETS - json->length;
    size_t length = json_line_escape(shown, json->to + json->length, room);
    if (length == SIZE_MAX) {
        return false;
    }
    json->length += length;
    return (!cut || put(json, TEXT("..."))) && put(json, TEXT("\""));
}

/* A member is there whole, or not at all. */
static void finish(struct json_line *json, size_t before, bool whole)
{
    if (whole) {
        json->first = false;
    } else {
        json->length = before;
        json->cut = true;
    }
}

void json_line_text(struct json_line *json, struct text key, struct text value)
{
    size_t before = json->length;
    finish(json, before, put_key(json, key) && put_string(json, value));
}

void json_line_word(struct json_line *json, struct text key, struct text value)
{
    size_t before = json->length;
    finish(json, before,
           put_key(json, key) && put(json, TEXT("\"")) && put(json, value) && put(json, TEXT("\"")));
}

void json_line_texts(struct json_line *json, struct text key, const struct text *values, size_t count)
{
    size_t before = json->length, most = before + (json->size - before) / 2;
    bool whole = put_key(json, key) && put(json, TEXT("["));
    for (size_t i = 0; whole && i < count; i++) {
        size_t here = json->length;
        if (!((i == 0 || put(json, TEXT(","))) && put_string(json, values[i]) && json->length < most)) {
            json->length = here;
            json->cut = true;
            break;
        }
    }
    finish(json, before, whole && put(json, TEXT("]")));
}

void json_line_number(struct json_line *json, struct text key, int64_t value)
{
    char digits[24];
    char *at = digits + sizeof digits;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0) {
        *--at = '-';
    }
    size_t before = json->length;
    finish(json, before, put_key(json, key) && put(json, text_from(at, digits + sizeof digits)));
}

size_t json_line_end(struct json_line *json)
{
    struct text end = json->cut ? TEXT(",\"cut\":true}\n") : TEXT("}\n");
    if (json->cut && json->first) {
        end = text_skip(end, 1);
    }
    memcpy(json->to + json->length, end.at, end.length);
    return json->length + end.length;
}
