/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/tls/library_facts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/memory.h>

static size_t held;

/* Each block with its size before it, 16 octets to keep the alignment. */
static void *counting_malloc(size_t size)
{
    size_t *block = malloc(size + 16);
    if (block == NULL) {
        return NULL;
    }
    *block = size;
    held += size;
    return block + 2;
}

static void counting_free(void *at)
{
    if (at != NULL) {
        size_t *block = (size_t *)at - 2;
        held -= *block;
        free(block);
    }
}

static void *counting_realloc(void *at, size_t size)
{
    void *fresh = counting_malloc(size);
    if (fresh != NULL && at != NULL) {
        size_t old = *((size_t *)at - 2);
        memcpy(fresh, at, old < size ? old : size);
        counting_free(at);
    }
    return fresh;
}

bool library_count_memory(void)
{
    return wolfSSL_SetAllocators(counting_malloc, counting_free, counting_realloc) == 0;
}

size_t library_memory(void)
{
    return held;
}

size_t library_names_most(void)
{
#ifdef WOLFSSL_MAX_ALT_NAMES
    return WOLFSSL_MAX_ALT_NAMES;
#else
    return SIZE_MAX;
#endif
}

bool library_knows_ed448(void)
{
#ifdef HAVE_ED448
    return true;
#else
    return false;
#endif
}

bool library_is_bundled(void)
{
#ifdef FEDGATE_WOLFSSL_SYSTEM
    return false;
#else
    return true;
#endif
}
