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

unsigned discovered_questions_take(struct discovered_questions *questions, const struct hash_key *key,
                                   struct text domain, uint64_t most)
{
    uint64_t hash = hash_of(key, domain);
    unsigned place = 0;

    if (questions->waiting >= most)
        return 0;
    for (unsigned i = 0; i < DISCOVERED_QUESTIONS_MOST; i++) {
        bool is_asked = questions->place[i].waiting > 0;
        if (is_asked && questions->place[i].domain == hash) {
            place = i + 1;
            break;
        }
        if (!is_asked && place == 0)
            place = i + 1;
    }
    if (place == 0)
        return 0;
    questions->place[place - 1].domain = hash;
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
