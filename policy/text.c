/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/text.h"

#include <stdlib.h>
#include <string.h>

struct text text_of(const char *string)
{
    return string == NULL ? TEXT_NONE : (struct text){string, strlen(string)};
}

struct text text_from(const char *at, const char *end)
{
    return (struct text){at, (size_t)(end - at)};
}

struct text text_skip(struct text t, size_t count)
{
    return (struct text){t.at + count, t.length - count};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct text text_trim(struct text t)
{
    while (t.length > 0 && is_blank(t.at[0])) {
        t.at++;
        t.length--;
    }
    while (t.length > 0 && is_blank(t.at[t.length - 1]))
        t.length--;
    return t;
}

char text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool text_equal(struct text a, struct text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

bool text_equal_ignoring_case(struct text a, struct text b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++) {
        if (text_lower(a.at[i]) != text_lower(b.at[i]))
            return false;
    }
    return true;
}

bool text_starts_with(struct text t, struct text prefix)
{
    return t.length >= prefix.length && text_equal((struct text){t.at, prefix.length}, prefix);
}

bool text_ends_with_ignoring_case(struct text t, struct text suffix)
{
    return t.length >= suffix.length &&
           text_equal_ignoring_case(text_skip(t, t.length - suffix.length), suffix);
}

const char *text_find(struct text t, char c)
{
    return t.length == 0 ? NULL : memchr(t.at, c, t.length);
}

int text_compare_ignoring_case(struct text a, struct text b)
{
    size_t common = a.length < b.length ? a.length : b.length;
    for (size_t i = 0; i < common; i++) {
        int difference = (unsigned char)text_lower(a.at[i]) - (unsigned char)text_lower(b.at[i]);
        if (difference != 0)
            return difference;
    }
    return a.length < b.length ? -1 : a.length > b.length;
}

bool text_to_number(struct text t, uint64_t most, uint64_t *number)
{
    uint64_t value = 0;
    if (t.length == 0)
        return false;
    for (size_t i = 0; i < t.length; i++) {
        if (t.at[i] < '0' || t.at[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(t.at[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (value > most)
        return false;
    *number = value;
    return true;
}

char *text_copy(struct text t)
{
    char *copy = malloc(t.length + 1);
    if (copy == NULL)
        return NULL;
    if (t.length > 0)
        memcpy(copy, t.at, t.length);
    copy[t.length] = '\0';
    return copy;
}

char *text_copy_lower(struct text t)
{
    char *copy = text_copy(t);
    for (size_t i = 0; copy != NULL && i < t.length; i++)
        copy[i] = text_lower(copy[i]);
    return copy;
}
