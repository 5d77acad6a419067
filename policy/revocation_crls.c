/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/revocation_inquiry.h"

#include "policy/distinguished_name.h"

/* CRLs about one certificate (RFC 5280 6.3.3): those of files, of listed URLs, and of the distribution points
 * that it names. */

struct candidates {
    struct crl *crl[REVOCATION_CRLS_MOST]; /* borrowed; in the name of the issuer, newest first */
    bool genuine[REVOCATION_CRLS_MOST];
    size_t count;
    const struct evidence_entry *source[REVOCATION_NEEDS_MOST]; /* those that were fetched; further ones pass
                                                                   without doubt */
    size_t source_count;
    bool is_fetching, has_failed; /* of the sources that are fetched */
};

/* ---- gathering ---- */

static bool is_held(const struct candidates *candidates, const struct crl *crl)
{
    for (size_t i = 0; i < candidates->count; i++) {
        if (text_equal(candidates->crl[i]->der, crl->der))
            return true;
    }
    return false;
}

/* Newest first, so that the first one that verifies is the one that counts; when there are too many, the
 * oldest goes. */
static void add(struct candidates *candidates, struct crl *crl, struct text issuer)
{
    if (!distinguished_name_equal(crl->issuer, issuer) || is_held(candidates, crl))
        return;
    size_t place = candidates->count;
    while (place > 0 && crl_is_newer(crl, candidates->crl[place - 1]))
        place--;
    if (place == REVOCATION_CRLS_MOST)
        return;
    if (candidates->count < REVOCATION_CRLS_MOST)
        candidates->count++;
    for (size_t i = candidates->count - 1; i > place; i--)
        candidates->crl[i] = candidates->crl[i - 1];
    candidates->crl[place] = crl;
}

static void add_fetched(struct candidates *candidates, struct revocation_inquiry *inquiry,
                        const struct revocation_need *need)
{
    const struct evidence_entry *entry = inquiry_look(inquiry, need);
    struct text issuer = inquiry->path->certificate[inquiry->index]->issuer;

    if (entry != NULL && candidates->source_count < REVOCATION_NEEDS_MOST)
        candidates->source[candidates->source_count++] = entry;
    candidates->is_fetching = candidates->is_fetching || entry == NULL;
    candidates->has_failed = candidates->has_failed || (entry != NULL && entry->crl_count == 0);
    for (size_t i = 0; entry != NULL && i < entry->crl_count; i++)
        add(candidates, entry->crl[i], issuer);
}

static void gather(struct candidates *candidates, struct revocation_inquiry *inquiry)
{
    const struct revocation_terms *terms = inquiry->question->terms;
    const struct certificate *certificate = inquiry->path->certificate[inquiry->index];
    struct text url[REVOCATION_URLS_MOST];
    struct revocation_need need;
    size_t count;

    struct crl *const *listed = crl_store_of(terms->store, certificate->issuer, &count);
    for (size_t i = 0; i < count; i++)
        add(candidates, listed[i], certificate->issuer);
    for (size_t i = 0; i < terms->source_count; i++) {
        struct text source = text_of(terms->source[i]);
        if (revocation_url_is_sound(source)) {
            need = revocation_need_listed(source);
            add_fetched(candidates, inquiry, &need);
        }
        if (!text_equal(source, TEXT("from-certificate")))
            continue;
        count = certificate_crl_urls(certificate, url);
        for (size_t j = 0; j < count; j++) {
            need = revocation_need_of_point(url[j], inquiry->path->certificate[inquiry->index + 1]);
            add_fetched(candidates, inquiry, &need);
        }
    }
}

/* ---- asking ---- */

/* Did a CA of the path sign it that bears the issuer's name: the issuer itself, or the same CA with another
 * key, which vouches for the issuer's certificate further up (6.3.3 (f) wants a path to the same anchor)? */
static bool is_genuine(struct crl *crl, const struct trust_path *path, size_t index)
{
    for (size_t i = index + 1; i < path->count; i++) {
        if (crl_is_signed_by(crl, path->certificate[i])) {
            atomic_store_explicit(&crl->was_genuine, true, memory_order_relaxed);
            return true;
        }
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
static bool is_superseded(const struct candidates *candidates, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (candidates->genuine[i] && same_scope(candidates->crl[i], candidates->crl[index]))
            return true;
    }
    return false;
}

/* True: it lists the certificate. */
static bool ask(struct revocation_inquiry *inquiry, struct candidates *candidates, size_t number,
                uint32_t *covered)
{
    const struct certificate *certificate = inquiry->path->certificate[inquiry->index];
    struct crl *crl = candidates->crl[number];
    uint32_t reasons = crl_reasons_for(crl, certificate);
    int64_t now = inquiry->question->now;

    if (reasons == 0)
        return false;
    if (crl->this_update > now) {
        inquiry_let_answer_end(inquiry, crl->this_update - 1);
        return false;
    }
    if (is_superseded(candidates, number))
        return false;
    candidates->genuine[number] = is_genuine(crl, inquiry->path, inquiry->index);
    if (!candidates->genuine[number]) {
        if (*covered == 0)
            inquiry->why = "the CRL in the name of its issuer is not signed by it";
        return false;
    }
    if (crl_lists(crl, certificate->serial))
        return true;
    if (crl->next_update < now) {
        inquiry->why = "the CRL of its issuer has ended";
        return false;
    }
    *covered |= reasons;
    inquiry_let_answer_end(inquiry, crl->next_update);
    return false;
}

static const char *why_without(const struct candidates *candidates)
{
    if (candidates->count > 0)
        return "no CRL of its issuer that is in force speaks of it";
    if (candidates->is_fetching)
        return "the CRL of its issuer was not fetched yet";
    return candidates->has_failed ? "the CRL of its issuer cannot be fetched"
                                  : "there is no CRL of its issuer";
}

static void doubt_sources(struct revocation_inquiry *inquiry, const struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->source_count; i++) {
        const struct revocation_need need = revocation_need_of_entry(candidates->source[i]);
        inquiry_doubt(inquiry, &need, candidates->source[i]);
    }
}

enum revocation_status inquiry_ask_crls(struct revocation_inquiry *inquiry)
{
    struct candidates candidates = {.count = 0};
    uint32_t covered = 0;

    gather(&candidates, inquiry);
    inquiry->why = why_without(&candidates);
    for (size_t i = 0; i < candidates.count; i++) {
        if (ask(inquiry, &candidates, i, &covered)) {
            inquiry->why = "a CRL of its issuer lists it";
            return STATUS_REVOKED;
        }
    }
    if (covered == CRL_REASONS_ALL)
        return STATUS_GOOD;
    if (covered != 0)
        inquiry->why = "the CRLs of its issuer speak of some reasons only";
    doubt_sources(inquiry, &candidates);
    return STATUS_UNKNOWN;
}
