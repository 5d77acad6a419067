/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_DISCOVERED_QUESTIONS_H
#define FEDGATE_RELAY_DISCOVERED_QUESTIONS_H

/* DNS questions for discovered domains that are under way, of one worker and one direction. Names below one's
 * own domain cost nothing, and neither does a name server that never answers: so they get a part of the
 * questions that a resolver asks at a time, and a part of limits.parked, and those of partners always find a
 * place. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/text.h"

#define DISCOVERED_QUESTIONS_MOST 25u  /* domains at a time: a quarter of RESOLVER_QUERIES_MOST */
#define DISCOVERED_QUESTIONS_OF_ONE 5u /* of them, that requests of one peer made us ask for */

struct hash_key;
struct discovered_questions { /* all zero at first */
    struct {
        uint64_t domain; /* a keyed hash: nobody can make two domains look like one */
        uint64_t sender; /* who asked for it first: a hash of its certificate */
        size_t waiting;  /* requests that wait for its answer; 0: free */
    } place[DISCOVERED_QUESTIONS_MOST];
    size_t waiting; /* of all places */
};

/* One more request waits for the answer about a domain. `sender`: a hash of the peer's certificate; 0: one of
 * our own servers, which has all places. Returns its place, from 1 on, for discovered_questions_give; 0: too
 * many domains, of the sender or of all, or `most` requests, wait already. */
unsigned discovered_questions_take(struct discovered_questions *questions, const struct hash_key *key,
                                   struct text domain, uint64_t sender, uint64_t most);
void discovered_questions_give(struct discovered_questions *questions, unsigned place);

#endif
