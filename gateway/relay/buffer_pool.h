/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_BUFFER_POOL_H
#define FEDGATE_RELAY_BUFFER_POOL_H

/* The memory of messages: what a session gathers or has heard half, and what a transaction keeps. It comes
 * and goes with each message, so what is given back is kept for the next, up to a bound. Of one thread. */

#include <stddef.h>

#define BUFFER_LEAST 1024u
#define BUFFER_ORDERS 11u                      /* sizes: 1 KiB, doubled ten times; larger ones are not kept */
#define BUFFERS_KEPT_MOST (4u * 1024u * 1024u) /* octets that lie in the pool */

struct buffer_pool {
    void *spare[BUFFER_ORDERS]; /* owned; each begins with a pointer to the next */
    size_t kept;                /* octets in all of them */
};

/* How large a buffer is that was asked for with `size`. */
size_t buffer_size(size_t size);
/* NULL: no memory. */
char *buffer_take(struct buffer_pool *pool, size_t size) __attribute__((warn_unused_result));
/* `size`: as it was asked for, or buffer_size of that. NULL is fine. */
void buffer_give(struct buffer_pool *pool, char *buffer, size_t size);
/* A larger one with the first `used` octets of the old one, which is gone then; NULL: no memory, and the old
 * one stays. `old` may be NULL. */
char *buffer_grow(struct buffer_pool *pool, char *old, size_t old_size, size_t used, size_t size)
    __attribute__((warn_unused_result));
void buffer_pool_deinit(struct buffer_pool *pool);

#endif
