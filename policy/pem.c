/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/pem.h"

#include <stdlib.h>

static struct text take_line(struct text *rest, size_t *line)
{
    const char *end = rest->at + rest->length, *feed = text_find(*rest, '\n');
    struct text taken = text_from(rest->at, feed == NULL ? end : feed);

    *rest = text_from(feed == NULL ? end : feed + 1, end);
    ++*line;
    return text_trim(taken);
}

/* "-----BEGIN LABEL-----" */
static bool is_boundary(struct text line, struct text begin, struct text *label)
{
    const struct text dashes = TEXT("-----");

    if (line.length < begin.length + dashes.length || !text_starts_with(line, begin) ||
        !text_ends_with_ignoring_case(line, dashes))
        return false;
    *label = (struct text){line.at + begin.length, line.length - begin.length - dashes.length};
    return label->length <= PEM_LABEL_LONGEST;
}

enum pem_outcome pem_next(struct text *rest, size_t *line, struct pem_block *block)
{
    struct text label;

    while (true) {
        if (rest->length == 0)
            return PEM_END;
        block->line = *line;
        if (is_boundary(take_line(rest, line), TEXT("-----BEGIN "), &block->label))
            break;
    }
    const char *body = rest->at;
    while (rest->length > 0) {
        const char *end = rest->at;
        struct text taken = take_line(rest, line);
        if (is_boundary(taken, TEXT("-----BEGIN "), &label))
            return PEM_BROKEN;
        if (!is_boundary(taken, TEXT("-----END "), &label))
            continue;
        block->body = text_from(body, end);
        return text_equal(label, block->label) ? PEM_BLOCK : PEM_BROKEN;
    }
    return PEM_BROKEN;
}

bool pem_is_certificate(const struct pem_block *block)
{
    return text_equal(block->label, TEXT("CERTIFICATE")) ||
           text_equal(block->label, TEXT("X509 CERTIFICATE"));
}

bool pem_is_private_key(const struct pem_block *block)
{
    return text_ends_with_ignoring_case(block->label, TEXT("PRIVATE KEY"));
}

unsigned char *pem_decode(const struct pem_block *block, size_t *length)
{
    size_t size = block->body.length / 4 * 3 + 3;
    unsigned char *octets = malloc(size);
    if (octets == NULL)
        return NULL;
    *length = base64_decode(block->body, true, octets, size);
    if (*length != SIZE_MAX)
        return octets;
    explicit_bzero(octets, size); /* it may be the most part of a key */
    free(octets);
    return NULL;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

size_t base64_decode(struct text from, bool spaces, unsigned char *to, size_t size)
{
    uint32_t bits = 0;
    unsigned digits = 0, padding = 0; /* of the current group of four */
    size_t length = 0;

    for (size_t i = 0; i < from.length; i++) {
        char c = from.at[i];
        if (spaces && is_space(c))
            continue;
        int value = base64_value(c);
        if (c == '=' && digits >= 2 && digits + padding < 4) {
            padding++;
            continue;
        }
        if (value < 0 || padding > 0)
            return SIZE_MAX;
        bits = bits << 6 | (uint32_t)value;
        digits++;
        if (digits == 4) {
            if (size - length < 3)
                return SIZE_MAX;
            to[length++] = (unsigned char)(bits >> 16);
            to[length++] = (unsigned char)(bits >> 8);
            to[length++] = (unsigned char)bits;
            bits = 0;
            digits = 0;
        }
    }
    if (digits == 0)
        return padding == 0 ? length : SIZE_MAX;
    /* RFC 4648 3.5: the bits that no octet uses are zero. */
    uint32_t unused = digits == 2 ? 0x0fu : 0x03u;
    if (digits + padding != 4 || (bits & unused) != 0 || size - length < digits - 1)
        return SIZE_MAX;
    if (digits == 2) {
        to[length++] = (unsigned char)(bits >> 4);
    } else {
        to[length++] = (unsigned char)(bits >> 10);
        to[length++] = (unsigned char)(bits >> 2);
    }
    return length;
}

void base64_encode(const unsigned char *from, size_t length, char *to)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < length; i += 3) {
        uint32_t bits = (uint32_t)from[i] << 16 | (i + 1 < length ? (uint32_t)from[i + 1] << 8 : 0) |
                        (i + 2 < length ? from[i + 2] : 0);
        *to++ = digits[bits >> 18];
        *to++ = digits[bits >> 12 & 63];
        *to++ = i + 1 < length ? digits[bits >> 6 & 63] : '=';
        *to++ = i + 2 < length ? digits[bits & 63] : '=';
    }
    *to = '\0';
}
