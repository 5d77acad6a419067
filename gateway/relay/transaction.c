/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/transaction.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#define CHUNK 256u /* transactions allocated at once, never moved */
#define CHUNKS_MOST 65536u

struct transaction_table {
    struct transaction **chunk; /* owned; each CHUNK transactions */
    size_t chunk_count;
    struct transaction *free; /* by timer_next */
    struct transaction_index entered;
    struct transaction *queue[TIMER_COUNT];
    uint64_t timeout_ms[TIMER_COUNT];
    struct hash_key nonces; /* secret: nonces are its stream */
    uint64_t drawn;
    size_t count;
};

struct transaction_table *transaction_table_create(void)
{
    struct transaction_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return NULL;
    if (hash_key_random(&table->nonces) && transaction_index_init(&table->entered))
        return table;
    free(table);
    return NULL;
}

void transaction_table_set_timeout(struct transaction_table *table, enum transaction_timer timer, uint64_t ms)
{
    table->timeout_ms[timer] = ms;
}

void transaction_table_destroy(struct transaction_table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->chunk_count; i++)
        free(table->chunk[i]);
    free(table->chunk);
    transaction_index_deinit(&table->entered);
    free(table);
}

static bool grow(struct transaction_table *table)
{
    if (table->chunk_count == CHUNKS_MOST)
        return false;
    struct transaction **chunks = realloc(table->chunk, (table->chunk_count + 1) * sizeof(*chunks));
    if (chunks == NULL)
        return false;
    table->chunk = chunks;
    struct transaction *chunk = calloc(CHUNK, sizeof(*chunk));
    if (chunk == NULL)
        return false;
    for (size_t i = CHUNK; i-- > 0;) {
        chunk[i].slot = (uint32_t)(table->chunk_count * CHUNK + i);
        chunk[i].timer_next = table->free;
        table->free = &chunk[i];
    }
    table->chunk[table->chunk_count++] = chunk;
    return true;
}

void transaction_renew(struct transaction_table *table, struct transaction *transaction)
{
    uint64_t drawn = ++table->drawn;
    transaction->nonce = keyed_hash(&table->nonces, (struct text){(const char *)&drawn, sizeof(drawn)});
}

struct transaction *transaction_create(struct transaction_table *table)
{
    if (table->free == NULL && !grow(table))
        return NULL;
    struct transaction *transaction = table->free;
    table->free = transaction->timer_next;
    uint32_t slot = transaction->slot;
    memset(transaction, 0, offsetof(struct transaction, domain));
    transaction->slot = slot;
    transaction->state = TRANSACTION_PARKED;
    transaction_renew(table, transaction);
    table->count++;
    return transaction;
}

void transaction_free(struct transaction_table *table, struct transaction *transaction)
{
    transaction_stop_timer(table, transaction);
    if (transaction->index_link != NULL)
        transaction_index_remove(&table->entered, transaction);
    transaction->state = TRANSACTION_FREE;
    transaction->timer_next = table->free;
    table->free = transaction;
    table->count--;
}

size_t transaction_table_count(const struct transaction_table *table)
{
    return table->count;
}

void transaction_key_make(struct transaction_key *key, const struct hash_key *secret, uint64_t sender,
                          const struct sip_message *message)
{
    const struct sip_via *via = &message->via;
    bool has_cookie = text_starts_with(via->branch, TEXT(SIP_BRANCH_COOKIE));
    char cseq[4] = {(char)(message->cseq >> 24), (char)(message->cseq >> 16), (char)(message->cseq >> 8),
                    (char)message->cseq};
    char port[2] = {(char)(via->sent_by.port >> 8), (char)(via->sent_by.port & 0xff)};
    bool of_invite = message->method_kind == SIP_METHOD_ACK || message->method_kind == SIP_METHOD_CANCEL;
    struct text method = of_invite ? TEXT("INVITE") : message->method; /* RFC 3261 17.2.3, third rule */
    struct text piece[7] = {via->branch,      via->sent_by.host, {port, sizeof(port)}, method,
                            message->call_id, message->from.tag, {cseq, sizeof(cseq)}};
    size_t count = has_cookie ? 4 : 7;

    key->sender = sender;
    keyed_hash_wide(secret, piece, count, key->branch);
}

void transaction_enter(struct transaction_table *table, struct transaction *transaction,
                       const struct transaction_key *key)
{
    transaction->key = *key;
    transaction_index_add(&table->entered, transaction);
}

struct transaction *transaction_find(struct transaction_table *table, const struct transaction_key *key)
{
    return transaction_index_find(&table->entered, key);
}

static void write_hex(uint64_t value, unsigned digits, char *to)
{
    for (unsigned i = 0; i < digits; i++)
        to[i] = "0123456789abcdef"[(value >> (4 * (digits - 1 - i))) & 15];
}

static bool read_hex(const char *at, unsigned digits, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < digits; i++) {
        char c = at[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                                                : 16;
        if (digit == 16)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

void transaction_write_branch(const struct transaction *transaction, uint64_t loop_mark,
                              char to[BRANCH_LENGTH])
{
    memcpy(to, "z9hG4bK", 7);
    write_hex(transaction->slot, 8, to + 7);
    write_hex(transaction->nonce, 16, to + 15);
    write_hex(loop_mark, 16, to + 31);
}

struct transaction *transaction_by_branch(const struct transaction_table *table, struct text branch)
{
    uint64_t slot, nonce;

    if (branch.length != BRANCH_LENGTH || !read_hex(branch.at + 7, 8, &slot) ||
        !read_hex(branch.at + 15, 16, &nonce) || slot / CHUNK >= table->chunk_count)
        return NULL;
    struct transaction *transaction = &table->chunk[slot / CHUNK][slot % CHUNK];
    return transaction->state != TRANSACTION_FREE && transaction->nonce == nonce ? transaction : NULL;
}

bool branch_read_loop_mark(struct text branch, uint64_t *loop_mark)
{
    return branch.length == BRANCH_LENGTH && text_starts_with(branch, TEXT("z9hG4bK")) &&
           read_hex(branch.at + 31, 16, loop_mark);
}

void transaction_stop_timer(struct transaction_table *table, struct transaction *transaction)
{
    if (transaction->timer == TIMER_NONE)
        return;
    DL_DELETE2(table->queue[transaction->timer], transaction, timer_previous, timer_next);
    transaction->timer = TIMER_NONE;
}

void transaction_start_timer(struct transaction_table *table, struct transaction *transaction,
                             enum transaction_timer timer, uint64_t now)
{
    transaction_stop_timer(table, transaction);
    transaction->timer = timer;
    transaction->timer_end = now + table->timeout_ms[timer];
    DL_APPEND2(table->queue[timer], transaction, timer_previous, timer_next);
}

struct transaction *transaction_next_expired(struct transaction_table *table, uint64_t now)
{
    for (unsigned i = TIMER_NONE + 1; i < TIMER_COUNT; i++) {
        struct transaction *first = table->queue[i];
        if (first != NULL && first->timer_end <= now) {
            transaction_stop_timer(table, first);
            return first;
        }
    }
    return NULL;
}

static struct text keep_word(struct transaction *transaction, size_t *used, struct text word, size_t most)
{
    size_t length = word.length < most ? word.length : most;
    if (length > sizeof(transaction->words) - *used)
        length = sizeof(transaction->words) - *used;
    char *at = transaction->words + *used;
    if (length > 0)
        memcpy(at, word.at, length);
    *used += length;
    return (struct text){at, length};
}

void transaction_keep_words(struct transaction *transaction, const struct sip_message *message)
{
    size_t used = 0;
    transaction->method_word = keep_word(transaction, &used, message->method, 64);
    transaction->from = keep_word(transaction, &used, sip_uri_bare(&message->from.uri), 256);
    transaction->to = keep_word(transaction, &used, sip_uri_bare(&message->to.uri), 256);
    transaction->call_id = keep_word(transaction, &used, message->call_id, 448);
}
