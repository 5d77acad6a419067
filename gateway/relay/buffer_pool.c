/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/buffer_pool.h"

#include <stdlib.h>
#include <string.h>

/* The address sanitizer sees what is used after its end only where it is freed. */
#ifdef __SANITIZE_ADDRESS__
#define KEPT_MOST 0u
#else
#define KEPT_MOST BUFFERS_KEPT_MOST
#endif

/* BUFFER_ORDERS: too large for the pool. */
static size_t order_of(size_t size)
{
    size_t order = 0;

    while (order < BUFFER_ORDERS && size > (size_t)BUFFER_LEAST << order)
        order++;
    return order;
}

size_t buffer_size(size_t size)
{
    size_t order = order_of(size);

    return order == BUFFER_ORDERS ? size : (size_t)BUFFER_LEAST << order;
}

char *buffer_take(struct buffer_pool *pool, size_t size)
{
    size_t order = order_of(size);

    if (order == BUFFER_ORDERS)
        return malloc(size);
    char *buffer = pool->spare[order];
    if (buffer == NULL)
        return malloc((size_t)BUFFER_LEAST << order);
    memcpy(&pool->spare[order], buffer, sizeof(void *));
    pool->kept -= (size_t)BUFFER_LEAST << order;
    return buffer;
}

void buffer_give(struct buffer_pool *pool, char *buffer, size_t size)
{
    size_t order = order_of(size);
    size_t whole = (size_t)BUFFER_LEAST << order;

    if (buffer == NULL || order == BUFFER_ORDERS || pool->kept + whole > KEPT_MOST) {
        free(buffer);
        return;
    }
    memcpy(buffer, &pool->spare[order], sizeof(void *));
    pool->spare[order] = buffer;
    pool->kept += whole;
}

char *buffer_grow(struct buffer_pool *pool, char *old, size_t old_size, size_t used, size_t size)
{
    char *buffer = buffer_take(pool, size);

    if (buffer == NULL)
        return NULL;
    if (used > 0)
        memcpy(buffer, old, used);
    buffer_give(pool, old, old_size);
    return buffer;
}

void buffer_pool_deinit(struct buffer_pool *pool)
{
    for (size_t order = 0; order < BUFFER_ORDERS; order++) {
        while (pool->spare[order] != NULL) {
            void *buffer = pool->spare[order];
            memcpy(&pool->spare[order], buffer, sizeof(void *));
            free(buffer);
        }
    }
    pool->kept = 0;
}
