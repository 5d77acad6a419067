/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/discovered_questions.h"

#include "policy/domain.h"
#include "policy/keyed_hash.h"

static uint64_t hash_of(const struct hash_key *key, struct text domain)
{
    char lower[DOMAIN_LONGEST];

    domain = domain_without_dot(domain);
    if (domain.length > sizeof(lower)) /* which no valid domain is */
        return 0;
    for (size_t i = 0; i < domain.length; i++)
        lower[i] = text_lower(domain.at[i]);
    return keyed_hash(key, (struct text){lower, domain.length});
}

/* Where the domain is asked for already. */
static unsigned place_of(const struct discovered_questions *questions, uint64_t domain)
{
    for (unsigned i = 0; i < DISCOVERED_QUESTIONS_MOST; i++) {
        if (questions->place[i].waiting > 0 && questions->place[i].domain == domain)
            return i + 1;
    }
    return 0;
}

static unsigned free_place(const struct discovered_questions *questions, uint64_t sender)
{
    unsigned found = 0, count = 0;

    for (unsigned i = 0; i < DISCOVERED_QUESTIONS_MOST; i++) {
        if (questions->place[i].waiting == 0)
            found = i + 1;
        else if (sender != 0 && questions->place[i].sender == sender)
            count++;
    }
    return count < DISCOVERED_QUESTIONS_OF_ONE ? found : 0;
}

unsigned discovered_questions_take(struct discovered_questions *questions, const struct hash_key *key,
                                   struct text domain, uint64_t sender, uint64_t most)
{
    uint64_t hash = hash_of(key, domain);
    unsigned place = place_of(questions, hash);

    if (questions->waiting >= most)
        return 0;
    if (place == 0) {
        place = free_place(questions, sender);
        if (place == 0)
            return 0;
        questions->place[place - 1].domain = hash;
        questions->place[place - 1].sender = sender;
    }
    questions->place[place - 1].waiting++;
    questions->waiting++;
    return place;
}

void discovered_questions_give(struct discovered_questions *questions, unsigned place)
{
    if (place == 0)
        return;
    questions->place[place - 1].waiting--;
    questions->waiting--;
}
