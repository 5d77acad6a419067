/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_CASES_WORLD_H
#define FEDGATE_TEST_CASES_WORLD_H

/* The small world that the tables in test/policy-cases speak of. Its words are explained in
 * test/policy-cases/README. Whatever cannot be read ends the test. */

#include "cases_dane.h"
#include "policy/message_judgement.h"

#define WORLD_PARTNERS 5

/* Fabrikam with the options of a row, beside four partners that never change. */
struct world {
    struct partner_set *partners;
    struct trust_anchors *internal_anchors;
    struct crl_store *internal_crls;
    struct policy policy;
    const struct partner *fabrikam;
    const char *discovery; /* whose roots discovered domains are believed through; NULL: discovery is off */
    int64_t now; /* FACTORY_NOW, or what `at:` says */
};

void world_create(struct world *world, char *options);
void world_destroy(struct world *world);

/* "crl:corp=leaf revocation:required": the same words for our own side. */
void world_set_internal(struct world *world, char *options);

/* "fab dns:fabrikam.example eku:c": who issued it, its names and what it may be used for. */
struct presented_chain *world_chain(char *words);

/* An answer and what it points to. */
struct world_dns {
    struct srv_answer answer;
    struct srv_target target[DANE_TARGETS_MOST];
    struct dane_words dane;
};

/* "-": DNS was not asked, and NULL is given. "sip.fabrikam.example sip2.fabrikam.example secure", "none",
 * "failed", "bogus"; "edge.cloud.test tlsa:3.1.1=leaf secure", where what a record names is in the chain. */
const struct srv_answer *world_answer(char *words, const struct presented_chain *chain,
                                      struct world_dns *dns);

/* Takes the next word, which ends at a blank; NULL: none is left. */
char *world_word(char **rest);
/* What follows "key:" in the word; NULL when it has another key. */
char *world_value(char *word, const char *key);
_Noreturn void world_fail(const char *what, const char *word);

#endif
