/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/transaction_index.h"

#include <stdlib.h>

#include "gateway/relay/transaction.h"

#define CHAINS_FIRST 1024u

bool transaction_index_init(struct transaction_index *index)
{
    *index = (struct transaction_index){.chain = calloc(CHAINS_FIRST, sizeof(*index->chain)),
                                        .mask = CHAINS_FIRST - 1};
    return index->chain != NULL;
}

void transaction_index_deinit(struct transaction_index *index)
{
    free(index->chain);
    *index = (struct transaction_index){0};
}

static struct transaction **chain_of(const struct transaction_index *index, const struct transaction_key *key)
{
    return &index->chain[key->branch[0] & index->mask];
}

static void link_in(struct transaction_index *index, struct transaction *transaction)
{
    struct transaction **chain = chain_of(index, &transaction->key);

    transaction->index_next = *chain;
    transaction->index_link = chain;
    if (*chain != NULL)
        (*chain)->index_link = &transaction->index_next;
    *chain = transaction;
}

/* Each chain is split in two; the order within stays. */
static void grow(struct transaction_index *index)
{
    struct transaction_index larger = {.mask = index->mask * 2 + 1, .count = index->count};

    larger.chain = calloc(larger.mask + 1, sizeof(*larger.chain));
    if (larger.chain == NULL)
        return;
    for (size_t i = 0; i <= index->mask; i++) {
        struct transaction *reversed = NULL, *transaction, *next;
        for (transaction = index->chain[i]; transaction != NULL; transaction = next) {
            next = transaction->index_next;
            transaction->index_next = reversed;
            reversed = transaction;
        }
        for (transaction = reversed; transaction != NULL; transaction = next) {
            next = transaction->index_next;
            link_in(&larger, transaction);
        }
    }
    free(index->chain);
    *index = larger;
}

void transaction_index_add(struct transaction_index *index, struct transaction *transaction)
{
    if (index->count > index->mask)
        grow(index);
    link_in(index, transaction);
    index->count++;
}

void transaction_index_remove(struct transaction_index *index, struct transaction *transaction)
{
    *transaction->index_link = transaction->index_next;
    if (transaction->index_next != NULL)
        transaction->index_next->index_link = transaction->index_link;
    transaction->index_link = NULL;
    index->count--;
}

struct transaction *transaction_index_find(const struct transaction_index *index,
                                           const struct transaction_key *key)
{
    struct transaction *found = *chain_of(index, key);

    while (found != NULL && (found->key.branch[0] != key->branch[0] ||
                             found->key.branch[1] != key->branch[1] || found->key.sender != key->sender))
        found = found->index_next;
    return found;
}
