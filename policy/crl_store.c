/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/crl_store.h"

#include <stdlib.h>

#include "policy/distinguished_name.h"

struct issuer_entry {
    uint64_t hash;                               /* of the name */
    struct crl *crl[CRL_STORE_SAME_ISSUER_MOST]; /* owned; newest first within a scope, see add_sorted */
    size_t count;
    struct issuer_entry *next; /* of the same bucket */
};

#define BUCKETS 256u /* a gateway has some CRLs for each partner: chains stay short */

struct crl_store {
    struct issuer_entry *bucket[BUCKETS]; /* owned */
    const struct crl **all;               /* owned; the CRLs are the entries' */
    size_t count;
    struct certificate *signer[CRL_STORE_SIGNERS_MOST]; /* owned */
    size_t signer_count;
};

struct crl_store *crl_store_create(void)
{
    return calloc(1, sizeof(struct crl_store));
}

void crl_store_destroy(struct crl_store *store)
{
    if (store == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        struct issuer_entry *next = NULL;
        for (struct issuer_entry *entry = store->bucket[i]; entry != NULL; entry = next) {
            next = entry->next;
            for (size_t j = 0; j < entry->count; j++)
                crl_destroy(entry->crl[j]);
            free(entry);
        }
    }
    for (size_t i = 0; i < store->signer_count; i++)
        certificate_destroy(store->signer[i]);
    free(store->all);
    free(store);
}

static struct issuer_entry *find_issuer(const struct crl_store *store, struct text issuer, uint64_t hash)
{
    struct issuer_entry *entry = store->bucket[hash % BUCKETS];
    while (entry != NULL && (entry->hash != hash || !distinguished_name_equal(entry->crl[0]->issuer, issuer)))
        entry = entry->next;
    return entry;
}

static bool is_held(const struct issuer_entry *entry, const struct crl *crl)
{
    for (size_t i = 0; i < entry->count; i++) {
        if (text_equal(entry->crl[i]->der, crl->der))
            return true;
    }
    return false;
}

/* Newest first, so that the first one that verifies is the one that counts. */
static void add_sorted(struct issuer_entry *entry, struct crl *crl)
{
    size_t place = entry->count++;
    while (place > 0 && crl_is_newer(crl, entry->crl[place - 1])) {
        entry->crl[place] = entry->crl[place - 1];
        place--;
    }
    entry->crl[place] = crl;
}

static bool grow_list(struct crl_store *store)
{
    const struct crl **all = realloc(store->all, (store->count + 1) * sizeof(*all));
    if (all == NULL)
        return false;
    store->all = all;
    return true;
}

bool crl_store_add(struct crl_store *store, struct crl *take, const char **why)
{
    uint64_t hash = distinguished_name_hash(take->issuer);
    struct issuer_entry *entry = find_issuer(store, take->issuer, hash);

    if (entry != NULL && is_held(entry, take)) {
        crl_destroy(take);
        return true;
    }
    *why = "there are more than 16 CRLs of one issuer";
    if (entry != NULL && entry->count == CRL_STORE_SAME_ISSUER_MOST)
        goto failed;
    *why = "there is no memory for it";
    if (!grow_list(store))
        goto failed;
    if (entry == NULL) {
        entry = calloc(1, sizeof(*entry));
        if (entry == NULL)
            goto failed;
        entry->hash = hash;
        entry->next = store->bucket[hash % BUCKETS];
        store->bucket[hash % BUCKETS] = entry;
    }
    add_sorted(entry, take);
    store->all[store->count++] = take;
    *why = NULL;
    return true;

failed:
    crl_destroy(take);
    return false;
}

bool crl_store_add_signer(struct crl_store *store, struct certificate *take)
{
    for (size_t i = 0; i < store->signer_count; i++) {
        if (text_equal(store->signer[i]->der, take->der)) {
            certificate_destroy(take);
            return true;
        }
    }
    if (store->signer_count == CRL_STORE_SIGNERS_MOST) {
        certificate_destroy(take);
        return false;
    }
    store->signer[store->signer_count++] = take;
    return true;
}

size_t crl_store_signers(const struct crl_store *store, struct certificate *const **signer)
{
    *signer = store == NULL ? NULL : store->signer;
    return store == NULL ? 0 : store->signer_count;
}

size_t crl_store_count(const struct crl_store *store)
{
    return store->count;
}

const struct crl *crl_store_at(const struct crl_store *store, size_t index)
{
    return index < store->count ? store->all[index] : NULL;
}

struct crl *const *crl_store_of(const struct crl_store *store, struct text issuer, size_t *count)
{
    const struct issuer_entry *entry =
        store == NULL ? NULL : find_issuer(store, issuer, distinguished_name_hash(issuer));

    *count = entry == NULL ? 0 : entry->count;
    return entry == NULL ? NULL : entry->crl;
}
