/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_CASES_DANE_H
#define FEDGATE_TEST_CASES_DANE_H

/* The TLSA words of the tables. */

#include "policy/identity.h"

#define DANE_TARGETS_MOST 8
#define DANE_RECORDS_MOST 6

/* Where the records of a row live. */
struct dane_words {
    struct tlsa_answer answer[DANE_TARGETS_MOST];
    struct tlsa_record record[DANE_TARGETS_MOST][DANE_RECORDS_MOST];
    uint8_t data[DANE_TARGETS_MOST][DANE_RECORDS_MOST][64];
};

/* "tlsa:3.1.1=leaf", "tlsa-none", "base:edge.cloud.test", ...: of the target that was named last. What a
 * record names is in the chain. False: it is no such word. */
bool dane_take_word(struct dane_words *words, char *word, struct srv_answer *answer,
                    struct srv_target *target, const struct presented_chain *chain);

#endif
