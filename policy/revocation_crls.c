/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/revocation_inquiry.h"

#include "policy/distinguished_name.h"

/* CRLs about one certificate (RFC 5280 6.3.3): those of files, of listed URLs, and of the distribution points
 * that it names. */

struct candidate {
    struct crl *crl; /* borrowed */
    bool from_file;  /* the administrator has chosen it, nobody on the way */
    uint32_t reasons;
    const struct certificate *signer; /* NULL: not genuine, or not worth looking at */
};

struct candidates {
    struct candidate list[REVOCATION_CRLS_MOST]; /* newest first */
    size_t count;
    struct text issuer[1 + CRL_ISSUERS_MOST]; /* in whose names they may be: the certificate's issuer first */
    size_t issuer_count;
    const struct evidence_entry *source[REVOCATION_NEEDS_MOST]; /* those that were fetched; further ones pass
                                                                   without doubt */
    size_t source_count;
    bool is_fetching, has_failed; /* of the sources that are fetched */
};

/* ---- gathering ---- */

static bool is_wanted(const struct candidates *candidates, const struct crl *crl)
{
    bool named = false;

    for (size_t i = 0; i < candidates->issuer_count && !named; i++)
        named = distinguished_name_equal(crl->issuer, candidates->issuer[i]);
    for (size_t i = 0; i < candidates->count && named; i++)
        named = !text_equal(candidates->list[i].crl->der, crl->der);
    return named;
}

/* Newest first, so that the first one that verifies is the one that counts; when there are too many, the
 * oldest goes. */
static void add(struct candidates *candidates, struct crl *crl, bool from_file)
{
    if (!is_wanted(candidates, crl))
        return;
    size_t place = candidates->count;
    while (place > 0 && crl_is_newer(crl, candidates->list[place - 1].crl))
        place--;
    if (place == REVOCATION_CRLS_MOST)
        return;
    if (candidates->count < REVOCATION_CRLS_MOST)
        candidates->count++;
    for (size_t i = candidates->count - 1; i > place; i--)
        candidates->list[i] = candidates->list[i - 1];
    candidates->list[place] = (struct candidate){.crl = crl, .from_file = from_file};
}

static void add_fetched(struct candidates *candidates, struct revocation_inquiry *inquiry,
                        const struct revocation_need *need)
{
    const struct evidence_entry *entry = inquiry_look(inquiry, need);

    if (entry != NULL && candidates->source_count < REVOCATION_NEEDS_MOST)
        candidates->source[candidates->source_count++] = entry;
    candidates->is_fetching = candidates->is_fetching || entry == NULL;
    candidates->has_failed = candidates->has_failed || (entry != NULL && entry->crl_count == 0);
    for (size_t i = 0; entry != NULL && i < entry->crl_count; i++)
        add(candidates, entry->crl[i], false);
}

static void gather(struct candidates *candidates, struct revocation_inquiry *inquiry)
{
    const struct revocation_terms *terms = inquiry->question->terms;
    const struct certificate *certificate = inquiry->path->certificate[inquiry->index];
    struct text url[REVOCATION_URLS_MOST];
    struct revocation_need need;
    size_t count;

    candidates->issuer[0] = certificate->issuer;
    candidates->issuer_count = 1 + certificate_crl_issuers(certificate, candidates->issuer + 1);
    for (size_t i = 0; i < candidates->issuer_count; i++) {
        struct crl *const *listed = crl_store_of(terms->store, candidates->issuer[i], &count);
        for (size_t j = 0; j < count; j++)
            add(candidates, listed[j], true);
    }
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

/* ---- which are genuine ---- */

/* Did a CA of the path sign it that bears its name: the issuer itself, or the same CA with another key, which
 * vouches for the issuer's certificate further up (6.3.3 (f) wants a path to the same anchor)? */
static const struct certificate *signer_on_path(const struct crl *crl, const struct trust_path *path,
                                                size_t index)
{
    for (size_t i = index + 1; i < path->count; i++) {
        if (crl_is_signed_by(crl, path->certificate[i]))
            return path->certificate[i];
    }
    return NULL;
}

/* Has a newer genuine one been looked at already that takes its place? */
static bool is_superseded(const struct candidates *candidates, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (candidates->list[i].signer != NULL &&
            crl_is_successor_of(candidates->list[i].crl, candidates->list[index].crl, false))
            return true;
    }
    return false;
}

static void verify(struct revocation_inquiry *inquiry, struct candidates *candidates, size_t number)
{
    struct candidate *candidate = &candidates->list[number];
    struct crl *crl = candidate->crl;

    candidate->reasons = crl_reasons_for(crl, inquiry->path->certificate[inquiry->index]);
    if (candidate->reasons == 0)
        return;
    if (crl->this_update > inquiry->question->now) {
        inquiry_let_answer_end(inquiry, crl->this_update - 1);
        return;
    }
    if (is_superseded(candidates, number))
        return;
    candidate->signer = signer_on_path(crl, inquiry->path, inquiry->index);
    if (candidate->signer == NULL && candidate->from_file)
        candidate->signer = inquiry_find_signer(inquiry, crl);
    if (candidate->signer != NULL)
        atomic_store_explicit(&crl->was_genuine, true, memory_order_relaxed);
    else
        inquiry->why = "the CRL in the name of its issuer is not signed by it";
}

/* ---- what they say ---- */

/* The newest delta to a complete list; NULL: none. */
static const struct crl *delta_to(const struct candidates *candidates, const struct candidate *complete)
{
    for (size_t i = 0; i < candidates->count; i++) {
        const struct candidate *delta = &candidates->list[i];
        if (delta->signer != NULL && crl_delta_applies(delta->crl, complete->crl) &&
            text_equal(delta->signer->public_key, complete->signer->public_key))
            return delta->crl;
    }
    return NULL;
}

/* A delta that nothing applies to proves nothing, but who says that a certificate is revoked is believed,
 * unless a later complete list knows better. */
static bool delta_alone_revokes(const struct candidates *candidates, const struct candidate *delta,
                                const struct certificate *certificate)
{
    if (crl_status_of(delta->crl, certificate->issuer, certificate->serial) != CRL_REVOKES)
        return false;
    for (size_t i = 0; i < candidates->count; i++) {
        const struct candidate *other = &candidates->list[i];
        if (other->signer != NULL && !crl_is_delta(other->crl) && !crl_is_newer(delta->crl, other->crl) &&
            crl_is_successor_of(other->crl, delta->crl, true))
            return false;
    }
    return true;
}

/* True: the certificate is revoked. */
static bool complete_revokes(struct revocation_inquiry *inquiry, const struct candidates *candidates,
                             const struct candidate *complete, uint32_t *covered)
{
    const struct certificate *certificate = inquiry->path->certificate[inquiry->index];
    const struct crl *crl = complete->crl, *delta = delta_to(candidates, complete);
    int64_t now = inquiry->question->now, ends = crl->next_update;
    enum crl_status status = crl_status_of(crl, certificate->issuer, certificate->serial);
    bool delta_lasts = delta != NULL && delta->next_update >= now;

    /* A revocation is believed after its list has ended, too; that it was taken back is not. */
    if (delta_lasts && crl_status_of(delta, certificate->issuer, certificate->serial) == CRL_REMOVES)
        status = CRL_SILENT;
    if (status == CRL_REVOKES)
        return true;
    if (delta_lasts) /* 5.2.4: both together are the list of the delta's number and time */
        ends = delta->next_update;
    if (ends < now) {
        inquiry->why = "the CRL of its issuer has ended";
        return false;
    }
    *covered |= complete->reasons;
    inquiry_let_answer_end(inquiry, ends);
    return false;
}

/* True: the certificate is revoked. */
static bool ask(struct revocation_inquiry *inquiry, const struct candidates *candidates, uint32_t *covered)
{
    const struct certificate *certificate = inquiry->path->certificate[inquiry->index];

    for (size_t i = 0; i < candidates->count; i++) {
        const struct candidate *candidate = &candidates->list[i];
        if (candidate->signer != NULL &&
            (crl_is_delta(candidate->crl) ? delta_alone_revokes(candidates, candidate, certificate)
                                          : complete_revokes(inquiry, candidates, candidate, covered)))
            return true;
    }
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
    for (size_t i = 0; i < candidates.count; i++)
        verify(inquiry, &candidates, i);
    if (ask(inquiry, &candidates, &covered)) {
        inquiry->why = "a CRL of its issuer lists it";
        return STATUS_REVOKED;
    }
    if (covered == CRL_REASONS_ALL)
        return STATUS_GOOD;
    if (covered != 0)
        inquiry->why = "the CRLs of its issuer speak of some reasons only";
    doubt_sources(inquiry, &candidates);
    return STATUS_UNKNOWN;
}
