/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/text.h"

#include <stdlib.h>
#include <string.h>

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

bool text_equal_ignoring_case(struct text a, struct text b)
{
    if (a.length != b.length)
        return false;
    if (text_equal(a, b)) /* nearly always */
        return true;
    for (size_t i = 0; i < a.length; i++) {
        if (text_lower(a.at[i]) != text_lower(b.at[i]))
            return false;
    }
    return true;
}

bool text_ends_with_ignoring_case(struct text t, struct text suffix)
{
    return t.length >= suffix.length &&
           text_equal_ignoring_case(text_skip(t, t.length - suffix.length), suffix);
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
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(t.at[i] - '0'), &value))
            return false;
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
