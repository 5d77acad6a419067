/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judges certificate paths for the outside suites with the code that the gateway runs. Anchors are held to
 * trust_anchor_check as the loader holds them, but for their dates, which the path is held to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/general_name.h"
#include "policy/identity.h"
#include "policy/revocation.h"
#include "test/suites/question.h"

/* One question under judgement. */
struct trial {
    const struct presented_chain *chain;
    const struct question *question;
    struct trust_anchors *anchors;
    struct crl_store *crls;
    enum reason anchor_refused, revocation_found;
    bool crl_refused;
    char *detail;
    size_t size; /* of detail */
    bool usage_wrong, too_deep, found;
};

static void add_anchor(struct trial *trial, struct text der)
{
    struct certificate *certificate;
    const char *why = "";

    enum reason reason = certificate_read(der, &certificate);
    if (reason == REASON_OK) {
        reason = trust_anchor_check(certificate, &why);
        if (reason == REASON_OK) {
            if (trust_anchors_add(trial->anchors, certificate) == NULL)
                abort();
            return;
        }
        certificate_destroy(certificate);
    }
    trial->anchor_refused = reason;
    snprintf(trial->detail, trial->size, "anchor refused: %s", why);
}

static void add_crl(struct trial *trial, struct text der)
{
    const char *why;

    struct crl *crl = crl_read(der, &why);
    if (crl == NULL || !crl_store_add(trial->crls, crl, &why)) {
        trial->crl_refused = true;
        snprintf(trial->detail, trial->size, "CRL refused: %s", why);
    }
}

static enum reason check_revocation(struct trial *trial, const struct trust_path *path)
{
    struct revocation_finding finding;
    const struct revocation_terms terms = {.rule = REVOCATION_REQUIRED, .store = trial->crls};
    const struct revocation_question asked = {
        .terms = &terms, .chain = trial->chain, .now = trial->question->time};

    if (!trial->question->check_crls)
        return REASON_OK;
    if (trial->crl_refused)
        return REASON_REVOCATION_UNKNOWN;
    enum reason reason = revocation_check(path, &asked, &finding);
    if (reason != REASON_OK)
        snprintf(trial->detail, trial->size, "%s", finding.why);
    return reason;
}

static bool on_path(void *context, const struct trust_path *path)
{
    struct trial *trial = context;
    uint32_t usages = trial->question->any_usage ? ~0u : CERTIFICATE_EKU_SERVER | CERTIFICATE_EKU_ANY;
    long depth = 0;

    for (size_t i = 1; i + 1 < path->count; i++)
        depth += certificate_is_self_issued(path->certificate[i]) ? 0 : 1;
    if ((path->extended_key_usage & usages) == 0 || (trial->question->in_handshake && !path->leaf_may_sign)) {
        trial->usage_wrong = true;
    } else if (trial->question->depth >= 0 && depth > trial->question->depth) {
        trial->too_deep = true;
    } else {
        trial->revocation_found = check_revocation(trial, path);
        trial->found = trial->revocation_found == REASON_OK;
        if (trial->found)
            snprintf(trial->detail, trial->size, "%s",
                     path->leaf_may_sign
                         ? ""
                         : "the path holds; a peer with this leaf is refused, since it may not "
                           "sign a handshake");
        return !trial->found;
    }
    return true;
}

static void on_broken(void *context, const struct trust_path *so_far, const struct certificate *at,
                      enum reason why, const char *detail)
{
    struct trial *trial = context;
    char subject[160];

    certificate_subject_print(at->subject, subject, sizeof(subject));
    snprintf(trial->detail, trial->size, "depth %zu, %s: %s: %s", so_far->count, subject, reason_token(why),
             detail);
}

/* The gateway itself knows no addresses as identities: this is for the suites alone. */
static bool names_address(const struct certificate *leaf, struct text address)
{
    struct general_name name;
    struct text rest;

    if (!der_only(leaf->subject_alternative_name, DER_SEQUENCE, &rest))
        return false;
    while (rest.length > 0 && general_name_next(&rest, &name)) {
        if (name.kind == GENERAL_NAME_ADDRESS && text_equal(name.content, address))
            return true;
    }
    return false;
}

static enum reason judge_path(struct trial *trial, const struct presented_chain *chain)
{
    struct trust_trace trace = {.broke = on_broken, .context = trial};
    struct trust_search search = {
        .chain = chain,
        .anchors = trial->anchors,
        .now = trial->question->time,
        .found = on_path,
        .context = trial,
        .trace = &trace,
    };
    enum reason reason = trust_path_search(&search);
    if (reason == REASON_OK && !trial->found)
        reason = trial->revocation_found != REASON_OK ? trial->revocation_found
                 : trial->usage_wrong                 ? REASON_WRONG_KEY_USAGE
                                                      : REASON_UNTRUSTED_CHAIN;
    if (reason == REASON_UNTRUSTED_CHAIN && trial->anchor_refused != REASON_OK)
        reason = trial->anchor_refused;
    if (reason == REASON_OK && trial->question->address.length > 0 &&
        !names_address(chain->certificate[0], trial->question->address))
        reason = REASON_IDENTITY_MISMATCH;
    if (reason == REASON_OK && trial->question->host[0] != '\0' &&
        !identity_names_host(chain->certificate[0], text_of(trial->question->host)))
        reason = REASON_IDENTITY_MISMATCH;
    return reason;
}

static const char *judge(const struct question *question, char *detail, size_t size)
{
    struct trial trial = {.question = question,
                          .anchors = trust_anchors_create(),
                          .crls = crl_store_create(),
                          .detail = detail,
                          .size = size};
    struct presented_chain *chain = presented_chain_read(question->presented.at, question->presented.count);
    if (trial.anchors == NULL || trial.crls == NULL || chain == NULL)
        abort();
    for (size_t i = 0; i < question->anchors.count; i++)
        add_anchor(&trial, question->anchors.at[i]);
    for (size_t i = 0; i < question->crls.count; i++)
        add_crl(&trial, question->crls.at[i]);
    trial.chain = chain;
    enum reason reason = judge_path(&trial, chain);
    presented_chain_destroy(chain);
    trust_anchors_destroy(trial.anchors);
    crl_store_destroy(trial.crls);
    return reason_token(reason);
}

int main(void)
{
    return answer_questions(judge);
}
