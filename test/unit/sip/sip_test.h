/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_SIP_TEST_H
#define FEDGATE_TEST_SIP_TEST_H

/* What the tests of gateway/sip share: cmocka, texts to compare, and one whole message to start from. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/sip/message.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define HEADERS_MOST 256

static inline void compare_text(struct text text, const char *expected, const char *file, int line)
{
    struct text other = text_of(expected);
    if (text.length == other.length && (text.length == 0 || memcmp(text.at, other.at, text.length) == 0))
        return;
    print_error("\"%.*s\" is not \"%s\"\n", TEXT_ARGUMENTS(text), expected);
    _fail(file, line);
}
#define assert_text(text, expected) compare_text((text), (expected), __FILE__, __LINE__)

/* A copy in a block of exactly its size, so that the address sanitizer sees the first octet read too far. */
static inline char *exact_copy(struct text t)
{
    char *copy = malloc(t.length > 0 ? t.length : 1);
    assert_non_null(copy);
    if (t.length > 0)
        memcpy(copy, t.at, t.length);
    return copy;
}

struct sample {
    struct sip_message message;
    struct sip_header header[HEADERS_MOST];
    const char *what;
};

/* Start line to empty line, found the plain way. */
static inline size_t header_length_of(struct text t)
{
    for (size_t i = 0; i + 4 <= t.length; i++) {
        if (memcmp(t.at + i, "\r\n\r\n", 4) == 0)
            return i + 4;
    }
    return t.length;
}

static inline enum reason sample_read(struct sample *sample, struct text octets)
{
    return sip_message_read(&sample->message, octets, header_length_of(octets), sample->header, HEADERS_MOST,
                            &sample->what);
}

#define SAMPLE_INVITE                                                                                        \
    "INVITE sip:bob@fabrikam.example SIP/2.0\r\n"                                                            \
    "Via: SIP/2.0/TLS fe1.corp.example:5061;branch=z9hG4bKfe1.17;alias\r\n"                                  \
    "Via: SIP/2.0/TLS client.corp.example;branch=z9hG4bK776;received=192.0.2.7\r\n"                          \
    "Max-Forwards: 69\r\n"                                                                                   \
    "From: \"Alice A.\" <sip:alice@corp.example>;tag=9fxced76sl;epid=0102\r\n"                               \
    "To: <sip:bob@fabrikam.example>\r\n"                                                                     \
    "Call-ID: 3848276298220188511@corp.example\r\n"                                                          \
    "CSeq: 314159 INVITE\r\n"                                                                                \
    "Route: <sip:edge.corp.example;lr>, <sip:sip.fabrikam.example;lr>\r\n"                                   \
    "Record-Route: <sip:fe1.corp.example;lr>\r\n"                                                            \
    "Contact: <sip:alice@client.corp.example;transport=tls>\r\n"                                             \
    "X-Odd :  kept  as it is\r\n\t and folded\r\n"                                                           \
    "Content-Type: application/sdp\r\n"                                                                      \
    "Content-Length: 5\r\n"                                                                                  \
    "\r\n"                                                                                                   \
    "v=0\r\n"

#endif
