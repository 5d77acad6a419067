/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of certificates for logs and commands. They come from outside: whatever is not plain ASCII is
 * escaped. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "policy/certificate.h"
#include "policy/distinguished_name.h"

struct printer {
    char *to;
    size_t size, used; /* used counts what did not fit, too */
};

static void print_octet(struct printer *printer, char c)
{
    if (printer->used + 1 < printer->size)
        printer->to[printer->used] = c;
    printer->used++;
}

static void print_literal(struct printer *printer, const char *literal)
{
    for (; *literal != '\0'; literal++)
        print_octet(printer, *literal);
}

static void print_escaped(struct printer *printer, struct text value, uint8_t least, const char *also)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < value.length; i++) {
        uint8_t octet = text_octet(value, i);
        if (octet >= least && octet <= 0x7e && strchr(also, octet) == NULL) {
            print_octet(printer, (char)octet);
            continue;
        }
        print_literal(printer, "\\x");
        print_octet(printer, digits[octet >> 4]);
        print_octet(printer, digits[octet & 15]);
    }
}

static int print_end(const struct printer *printer)
{
    if (printer->size > 0)
        printer->to[printer->used < printer->size ? printer->used : printer->size - 1] = '\0';
    return printer->used > INT_MAX ? INT_MAX : (int)printer->used;
}

int certificate_name_print(const struct certificate_name *name, char *to, size_t size)
{
    struct printer printer = {.to = to, .size = size};
    const char *kind = "other:";

    switch (name->kind) {
    case CERTIFICATE_NAME_DNS:
        kind = "dns:";
        break;
    case CERTIFICATE_NAME_SIP:
        kind = "sip:";
        break;
    case CERTIFICATE_NAME_OTHER_URI:
        kind = "uri:";
        break;
    case CERTIFICATE_NAME_COMMON:
        kind = "cn:";
        break;
    case CERTIFICATE_NAME_OTHER:
        break;
    }
    print_literal(&printer, kind);
    print_escaped(&printer, name->value, 0x21, "\\");
    return print_end(&printer);
}

static void print_oid(struct printer *printer, struct text oid)
{
    uint64_t arc = 0;
    bool first = true;
    char number[48];

    for (size_t i = 0; i < oid.length; i++) {
        arc =
            (arc << 7) | (text_octet(oid, i) & 0x7f); /* an arc beyond 64 bits prints as what is left of it */
        if ((text_octet(oid, i) & 0x80) != 0)
            continue;
        uint64_t top = arc < 40 ? 0 : arc < 80 ? 1 : 2;
        if (first)
            snprintf(number, sizeof(number), "%llu.%llu", (unsigned long long)top,
                     (unsigned long long)(arc - top * 40));
        else
            snprintf(number, sizeof(number), ".%llu", (unsigned long long)arc);
        print_literal(printer, number);
        first = false;
        arc = 0;
    }
}

static void print_attribute_type(struct printer *printer, struct text oid)
{
    static const struct {
        struct text oid;
        const char *word;
    } words[] = {
        {DER_OCTETS("\x55\x04\x03"), "CN"},
        {DER_OCTETS("\x55\x04\x06"), "C"},
        {DER_OCTETS("\x55\x04\x07"), "L"},
        {DER_OCTETS("\x55\x04\x08"), "ST"},
        {DER_OCTETS("\x55\x04\x09"), "STREET"},
        {DER_OCTETS("\x55\x04\x0a"), "O"},
        {DER_OCTETS("\x55\x04\x0b"), "OU"},
        {DER_OCTETS("\x55\x04\x05"), "serialNumber"},
        {DER_OCTETS("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), "DC"},
        {DER_OCTETS("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"), "UID"},
        {DER_OCTETS("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), "emailAddress"},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (text_equal(oid, words[i].oid)) {
            print_literal(printer, words[i].word);
            return;
        }
    }
    print_oid(printer, oid);
}

int certificate_subject_print(struct text name, char *to, size_t size)
{
    struct printer printer = {.to = to, .size = size};
    struct name_cursor cursor = name_cursor_of(name);
    struct name_attribute attribute;

    while (name_cursor_next(&cursor, &attribute)) {
        if (printer.used > 0)
            print_literal(&printer, attribute.starts_rdn ? ", " : "+");
        print_attribute_type(&printer, attribute.type);
        print_octet(&printer, '=');
        print_escaped(&printer, attribute.value.content, 0x20, "\\,+=");
    }
    return print_end(&printer);
}
