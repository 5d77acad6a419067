/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_SUITES_QUESTION_H
#define FEDGATE_TEST_SUITES_QUESTION_H

/* What the judges of the suites are asked, ours and the bare libraries. Lines of one word and one value,
 * octets in hexadecimal: time SECONDS | anchor HEX | presented HEX (leaf first) | crl HEX | host NAME |
 * address HEX | depth INTERMEDIATES | usage server|tls-server|any | revocation off|required | judge */

#include <stdbool.h>
#include <stdint.h>

#include "policy/text.h"

#define QUESTION_CERTIFICATES_MOST 1024u

struct octet_list {
    struct text at[QUESTION_CERTIFICATES_MOST]; /* owned */
    size_t count;
};

struct question {
    int64_t time;
    struct octet_list anchors, presented, crls; /* DER; presented: leaf first */
    char host[512];                             /* empty: not asked */
    struct text address;                        /* owned; 4 or 16 octets; empty: not asked */
    long depth;                                 /* intermediates; negative: any number */
    bool any_usage;                             /* else a server's */
    bool in_handshake; /* the leaf must be allowed to sign one, which RFC 5280 6 asks of no path */
    bool check_crls;
};

/* Reads questions from standard input. For each, once `judge` has come, prints the word that `judge` returns,
 * "ok" for a leaf that is believed, and after it `detail`. Returns the exit status. */
int answer_questions(const char *(*judge)(const struct question *question, char *detail, size_t size));

#endif
