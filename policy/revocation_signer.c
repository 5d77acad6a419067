/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/revocation_inquiry.h"

#include "policy/distinguished_name.h"

/* Who may sign CRLs besides the CAs of a path (RFC 5280 6.3.3 (f)): another key of the CA, or one that a
 * distribution point names, for an indirect list. He must have been presented, or be given with the files,
 * bear the list's name, may sign CRLs, and lead to the anchor of the path; and he is a certificate that may
 * be revoked like others. Only lists of files are believed in this way: any CA below the anchor might certify
 * such a signer, and for itself serve his lists. */

#define SIGNER_SEARCHES_MOST 4u /* of one certificate */

struct vouching {
    const struct certificate *end; /* of the path in question: the anchor */
    struct trust_path path;        /* found; count 0: none */
};

static bool ends_there(void *context, const struct trust_path *path)
{
    struct vouching *vouching = context;

    if (path->certificate[path->count - 1] != vouching->end)
        return true;
    vouching->path = *path;
    return false;
}

/* The other certificates that may be of use, one after another; the leaf is not among them. NULL: no more. */
static struct certificate *other_at(const struct revocation_question *question, size_t index)
{
    struct certificate *const *given;
    size_t presented =
        question->chain == NULL || question->chain->count == 0 ? 0 : question->chain->count - 1;
    size_t count = crl_store_signers(question->terms->store, &given);

    if (index < presented)
        return question->chain->certificate[1 + index];
    return index - presented < count ? given[index - presented] : NULL;
}

/* The signer first, then the anchor, which is the only end that counts, then all others as far as there is
 * room. */
static bool find_path(struct vouching *vouching, struct certificate *signer,
                      const struct revocation_question *question)
{
    struct presented_chain chain = {.certificate = {signer}, .count = 1};
    struct trust_search search = {.chain = &chain,
                                  .ends_at_presented = true,
                                  .now = question->now,
                                  .found = ends_there,
                                  .context = vouching};
    struct certificate *other;

    chain.certificate[chain.count++] = (struct certificate *)vouching->end;
    for (size_t i = 0; chain.count < PRESENTED_CHAIN_MOST && (other = other_at(question, i)) != NULL; i++) {
        if (other != signer)
            chain.certificate[chain.count++] = other;
    }
    return trust_path_search(&search) == REASON_OK && vouching->path.count > 0;
}

/* Its CA may have left it to the signer to say whether he is revoked, as it may with an OCSP responder. */
static bool speaks_for_himself(const struct certificate *signer)
{
    struct text name[CRL_ISSUERS_MOST];
    size_t count = certificate_crl_issuers(signer, name);

    for (size_t i = 0; i < count; i++) {
        if (distinguished_name_equal(name[i], signer->subject))
            return true;
    }
    return false;
}

static bool is_good(struct revocation_inquiry *inquiry, const struct trust_path *path, const struct crl *crl)
{
    bool required = inquiry->question->terms->rule == REVOCATION_REQUIRED;
    const struct certificate *signer = path->certificate[0];

    if (crl_status_of(crl, signer->issuer, signer->serial) == CRL_REVOKES)
        return false;
    for (size_t i = 0; i + 1 < path->count; i++) {
        struct revocation_inquiry about = {.path = path,
                                           .index = i,
                                           .question = inquiry->question,
                                           .until = inquiry->until,
                                           .is_of_signer = true};
        enum revocation_status status = inquiry_ask_crls(&about);
        inquiry_let_answer_end(inquiry, about.until);
        inquiry->marks |= about.marks;
        inquiry->is_unasked = inquiry->is_unasked || about.is_unasked;
        if (status == STATUS_REVOKED ||
            (required && status != STATUS_GOOD && !(i == 0 && speaks_for_himself(signer))))
            return false;
    }
    return true;
}

static bool is_on_path(const struct trust_path *path, const struct certificate *certificate)
{
    for (size_t i = 0; i < path->count; i++) {
        if (text_equal(path->certificate[i]->der, certificate->der))
            return true;
    }
    return false;
}

const struct certificate *inquiry_find_signer(struct revocation_inquiry *inquiry, const struct crl *crl)
{
    const struct trust_path *path = inquiry->path;
    struct certificate *signer;

    for (size_t i = 0; !inquiry->is_of_signer && (signer = other_at(inquiry->question, i)) != NULL; i++) {
        struct vouching vouching = {.end = path->certificate[path->count - 1]};
        if (!distinguished_name_equal(signer->subject, crl->issuer) || is_on_path(path, signer))
            continue;
        if (inquiry->signer_searches++ >= SIGNER_SEARCHES_MOST)
            return NULL;
        if (crl_is_signed_by(crl, signer) && find_path(&vouching, signer, inquiry->question) &&
            is_good(inquiry, &vouching.path, crl))
            return signer;
    }
    return NULL;
}
