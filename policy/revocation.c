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

size_t crl_store_count(const struct crl_store *store)
{
    return store->count;
}

const struct crl *crl_store_at(const struct crl_store *store, size_t index)
{
    return index < store->count ? store->all[index] : NULL;
}

/* ---- the check ---- */

/* Did a CA of the path sign it that bears the issuer's name: the issuer itself, or the same CA with another
 * key, which vouches for the issuer's certificate further up (6.3.3 (f) wants a path to the same anchor)? */
static bool is_genuine(const struct crl *crl, const struct trust_path *path, size_t index)
{
    for (size_t i = index + 1; i < path->count; i++) {
        if (crl_is_signed_by(crl, path->certificate[i]))
            return true;
    }
    return false;
}

static bool same_scope(const struct crl *a, const struct crl *b)
{
    return a->scope.only_users == b->scope.only_users &&
           a->scope.only_authorities == b->scope.only_authorities && a->scope.reasons == b->scope.reasons &&
           text_equal(a->scope.distribution_point, b->scope.distribution_point) &&
           text_equal(a->authority_key_id, b->authority_key_id);
}

/* Has a newer genuine one of the same scope been looked at already? */
static bool is_superseded(const struct issuer_entry *entry, const bool *genuine, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (genuine[i] && same_scope(entry->crl[i], entry->crl[index]))
            return true;
    }
    return false;
}

/* The lists about one certificate, as far as they have been looked at. */
struct inquiry {
    const struct trust_path *path;
    size_t index;
    int64_t now;
    bool genuine[CRL_STORE_SAME_ISSUER_MOST];
    uint32_t covered; /* reasons that a list in force speaks of */
    const char *why;  /* not all are covered: what was missing */
    int64_t until;    /* the first of these lists to end or to begin changes the answer */
};

static void let_answer_end(struct inquiry *inquiry, int64_t last)
{
    if (last < inquiry->until)
        inquiry->until = last;
}

/* True: it lists the certificate. */
static bool ask(struct inquiry *inquiry, const struct issuer_entry *entry, size_t number)
{
    const struct certificate *certificate = inquiry->path->certificate[inquiry->index];
    const struct crl *crl = entry->crl[number];
    uint32_t reasons = crl_reasons_for(crl, certificate);

    if (reasons == 0)
        return false;
    if (crl->this_update > inquiry->now) {
        let_answer_end(inquiry, crl->this_update - 1);
        return false;
    }
    if (is_superseded(entry, inquiry->genuine, number))
        return false;
    inquiry->genuine[number] = is_genuine(crl, inquiry->path, inquiry->index);
    if (!inquiry->genuine[number]) {
        if (inquiry->covered == 0)
            inquiry->why = "the CRL in the name of its issuer is not signed by it";
        return false;
    }
    if (crl_lists(crl, certificate->serial))
        return true;
    if (crl->next_update < inquiry->now) {
        inquiry->why = "the CRL of its issuer has ended";
        return false;
    }
    inquiry->covered |= reasons;
    let_answer_end(inquiry, crl->next_update);
    return false;
}

static enum reason check_certificate(struct inquiry *inquiry, const struct crl_store *store)
{
    struct text issuer = inquiry->path->certificate[inquiry->index]->issuer;
    const struct issuer_entry *entry =
        store == NULL ? NULL : find_issuer(store, issuer, distinguished_name_hash(issuer));

    inquiry->why = entry == NULL ? "there is no CRL of its issuer"
                                 : "no CRL of its issuer that is in force speaks of it";
    for (size_t i = 0; entry != NULL && i < entry->count; i++) {
        if (ask(inquiry, entry, i)) {
            inquiry->why = "a CRL of its issuer lists it";
            return REASON_CERTIFICATE_REVOKED;
        }
    }
    if (inquiry->covered == CRL_REASONS_ALL)
        return REASON_OK;
    if (inquiry->covered != 0)
        inquiry->why = "the CRLs of its issuer speak of some reasons only";
    return REASON_REVOCATION_UNKNOWN;
}

enum reason revocation_check(const struct trust_path *path, const struct crl_store *store, int64_t now,
                             enum revocation_rule rule, struct revocation_finding *finding)
{
    struct revocation_finding none, unknown = {.until = INT64_MAX};

    finding = finding == NULL ? &none : finding;
    *finding = unknown;
    if (rule == REVOCATION_OFF)
        return REASON_OK;
    for (size_t i = 0; i + 1 < path->count; i++) {
        struct inquiry inquiry = {.path = path, .index = i, .now = now, .until = unknown.until};
        enum reason reason = check_certificate(&inquiry, store);
        struct revocation_finding found = {path->certificate[i], inquiry.why, inquiry.until};
        if (reason == REASON_CERTIFICATE_REVOKED) { /* worse than any unknown */
            *finding = found;
            return reason;
        }
        if (reason != REASON_OK && unknown.certificate == NULL)
            unknown = found;
        unknown.until = inquiry.until;
    }
    finding->until = unknown.until;
    if (rule != REVOCATION_REQUIRED || unknown.certificate == NULL)
        return REASON_OK;
    *finding = unknown;
    return REASON_REVOCATION_UNKNOWN;
}
