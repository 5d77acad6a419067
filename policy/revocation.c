/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/revocation.h"

#include <stdlib.h>
#include <string.h>

#include "policy/distinguished_name.h"

/* ---- the store ---- */

/* All CRLs of one issuer name. */
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
};

struct crl_store *crl_store_create(void) {
    return calloc(1, sizeof(struct crl_store));
}

void crl_store_destroy(struct crl_store *store) {
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
    free(store->all);
    free(store);
}

static struct issuer_entry *find_issuer(const struct crl_store *store, struct text issuer, uint64_t hash) {
    struct issuer_entry *entry = store->bucket[hash % BUCKETS];
    while (entry != NULL && (entry->hash != hash || !distinguished_name_equal(entry->crl[0]->issuer, issuer)))
        entry = entry->next;
    return entry;
}

static bool is_held(const struct issuer_entry *entry, const struct crl *crl) {
    for (size_t i = 0; i < entry->count; i++) {
        if (text_equal(entry->crl[i]->der, crl->der))
            return true;
    }
    return false;
}

/* Newest first, so that the first one that verifies is the one that counts. */
static void add_sorted(struct issuer_entry *entry, struct crl *crl) {
    size_t place = entry->count++;
    while (place > 0 && crl_is_newer(crl, entry->crl[place - 1])) {
        entry->crl[place] = entry->crl[place - 1];
        place--;
    }
    entry->crl[place] = crl;
}

static bool grow_list(struct crl_store *store) {
    const struct crl **all = realloc(store->all, (store->count + 1) * sizeof(*all));
    if (all == NULL)
        return false;
    store->all = all;
    return true;
}

bool crl_store_add(struct crl_store *store, struct crl *take, const char **why) {
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

size_t crl_store_count(const struct crl_store *store) {
    return store->count;
}

const struct crl *crl_store_at(const struct crl_store *store, size_t index) {
    return index < store->count ? store->all[index] : NULL;
}

/* ---- the check ---- */

/* Did a CA of the path sign it that bears the issuer's name: the issuer itself, or the same CA with another
 * key, which vouches for the issuer's certificate further up (6.3.3 (f) wants a path to the same anchor)? */
static bool is_genuine(const struct crl *crl, const struct trust_path *path, size_t index) {
    for (size_t i = index + 1; i < path->count; i++) {
        if (crl_is_signed_by(crl, path->certificate[i]))
            return true;
    }
    return false;
}

static bool same_scope(const struct crl *a, const struct crl *b) {
    return a->scope.only_users == b->scope.only_users &&
           a->scope.only_authorities == b->scope.only_authorities && a->scope.reasons == b->scope.reasons &&
           text_equal(a->scope.distribution_point, b->scope.distribution_point) &&
           text_equal(a->authority_key_id, b->authority_key_id);
}

/* Has a newer genuine one of the same scope been looked at already? */
static bool is_superseded(const struct issuer_entry *entry, const bool *genuine, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (genuine[i] && same_scope(entry->crl[i], entry->crl[index]))
            return true;
    }
    return false;
}

static enum reason check_certificate(const struct trust_path *path, size_t index,
                                     const struct crl_store *store, int64_t now, const char **why) {
    const struct certificate *certificate = path->certificate[index];
    bool genuine[CRL_STORE_SAME_ISSUER_MOST] = {false};
    uint32_t covered = 0;

    *why = "there is no CRL of its issuer";
    const struct issuer_entry *entry =
        store == NULL ? NULL
                      : find_issuer(store, certificate->issuer, distinguished_name_hash(certificate->issuer));
    for (size_t i = 0; entry != NULL && i < entry->count; i++) {
        const struct crl *crl = entry->crl[i];
        uint32_t reasons = crl_reasons_for(crl, certificate);
        if (reasons == 0 || crl->this_update > now || is_superseded(entry, genuine, i))
            continue;
        genuine[i] = is_genuine(crl, path, index);
        if (!genuine[i])
            continue;
        if (crl_lists(crl, certificate->serial)) {
            *why = "a CRL of its issuer lists it";
            return REASON_CERTIFICATE_REVOKED;
        }
        if (crl->next_update >= now)
            covered |= reasons;
    }
    if (covered == CRL_REASONS_ALL)
        return REASON_OK;
    if (entry != NULL)
        *why = "no CRL of its issuer that is in force, genuine and about it covers all reasons";
    return REASON_REVOCATION_UNKNOWN;
}

enum reason revocation_check(const struct trust_path *path, const struct crl_store *store, int64_t now,
                             enum revocation_rule rule, struct revocation_finding *finding) {
    struct revocation_finding unknown = {NULL, NULL}, found;

    if (finding != NULL)
        *finding = unknown;
    if (rule == REVOCATION_OFF)
        return REASON_OK;
    for (size_t i = 0; i + 1 < path->count; i++) {
        enum reason reason = check_certificate(path, i, store, now, &found.why);
        found.certificate = path->certificate[i];
        if (reason == REASON_CERTIFICATE_REVOKED) { /* worse than any unknown */
            if (finding != NULL)
                *finding = found;
            return reason;
        }
        if (reason != REASON_OK && unknown.certificate == NULL)
            unknown = found;
    }
    if (rule != REVOCATION_REQUIRED || unknown.certificate == NULL)
        return REASON_OK;
    if (finding != NULL)
        *finding = unknown;
    return REASON_REVOCATION_UNKNOWN;
}
