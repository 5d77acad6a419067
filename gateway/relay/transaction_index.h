/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_TRANSACTION_INDEX_H
#define FEDGATE_RELAY_TRANSACTION_INDEX_H

/* Transactions by what their upstream sent. Their keys are keyed hashes already, so that nothing is hashed
 * again, and links lie in the transactions, so that nothing is allocated but to grow. */

#include <stdbool.h>
#include <stddef.h>

struct transaction;
struct transaction_key;

struct transaction_index {
    struct transaction **chain; /* owned; by the key's lowest bits, the latest first */
    size_t mask, count;         /* mask: how many chains less one; a power of two less one */
};

bool transaction_index_init(struct transaction_index *index)
    __attribute__((warn_unused_result)); /* false: no memory */
void transaction_index_deinit(struct transaction_index *index);
/* In one index at a time. Without memory to grow the chains become longer, no more. */
void transaction_index_add(struct transaction_index *index, struct transaction *transaction);
void transaction_index_remove(struct transaction_index *index, struct transaction *transaction);
/* The latest that was added with the key; NULL: none. */
struct transaction *transaction_index_find(const struct transaction_index *index,
                                           const struct transaction_key *key);

#endif
