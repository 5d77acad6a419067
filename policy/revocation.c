/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/revocation_inquiry.h"

/* The rules: what must be known of each certificate, and what is known. */

void inquiry_let_answer_end(struct revocation_inquiry *inquiry, int64_t last)
{
    if (last < inquiry->until)
        inquiry->until = last;
}

static void need_it(const struct revocation_question *question, const struct revocation_need *what,
                    bool must_wait, bool is_doubted)
{
    struct revocation_need need = *what;

    need.owner = question->terms->owner;
    need.is_doubted = is_doubted;
    revocation_needs_add(question->needs, &need, must_wait);
}

const struct evidence_entry *inquiry_look(struct revocation_inquiry *inquiry,
                                          const struct revocation_need *need)
{
    const struct revocation_question *question = inquiry->question;
    struct text key = revocation_need_key(need);
    const struct evidence_entry *entry = revocation_evidence_find(question->evidence, need->kind, key);

    inquiry->marks |= evidence_mark(need->kind, key);
    if (question->needs == NULL)
        return entry;
    if (entry == NULL) {
        inquiry->is_unasked = true;
        need_it(question, need, true, false);
        inquiry_let_answer_end(inquiry, question->now + REVOCATION_UNASKED_SECONDS);
        return NULL;
    }
    if (entry->ask_again > question->now) {
        inquiry_let_answer_end(inquiry, entry->ask_again);
        return entry;
    }
    need_it(question, need, false, false);
    inquiry_let_answer_end(inquiry, question->now + REVOCATION_UNASKED_SECONDS);
    return entry;
}

void inquiry_doubt(struct revocation_inquiry *inquiry, const struct revocation_need *need,
                   const struct evidence_entry *entry)
{
    const struct revocation_question *question = inquiry->question;

    if (question->needs == NULL || entry->crl_count + entry->response_count == 0 ||
        evidence_entry_is_proven(entry, question->now))
        return;
    need_it(question, need, false, true);
}

bool revocation_terms_have_sources(const struct revocation_terms *terms)
{
    return (terms->rule != REVOCATION_OFF && (terms->store != NULL || terms->source_count > 0)) ||
           terms->ocsp != REVOCATION_OFF;
}

struct answer {
    enum revocation_status status;
    bool is_refused; /* STATUS_UNKNOWN: and the terms do not let that pass */
    const char *why;
};

static struct answer combine(const struct revocation_terms *terms, bool is_ca,
                             const struct revocation_inquiry *crls, enum revocation_status by_crls,
                             const struct revocation_inquiry *ocsp, enum revocation_status by_ocsp)
{
    if (by_crls == STATUS_REVOKED)
        return (struct answer){STATUS_REVOKED, true, crls->why};
    if (by_ocsp == STATUS_REVOKED)
        return (struct answer){STATUS_REVOKED, true, ocsp->why};
    bool lacks_ocsp =
        terms->ocsp != REVOCATION_OFF && by_ocsp != STATUS_GOOD && !(is_ca && by_crls == STATUS_GOOD);
    bool lacks_crl = terms->rule != REVOCATION_OFF && by_crls != STATUS_GOOD && by_ocsp != STATUS_GOOD;
    if (lacks_ocsp && terms->ocsp == REVOCATION_REQUIRED)
        return (struct answer){STATUS_UNKNOWN, true, ocsp->why};
    if (lacks_crl && terms->rule == REVOCATION_REQUIRED)
        return (struct answer){STATUS_UNKNOWN, true, crls->why};
    if (lacks_ocsp || lacks_crl)
        return (struct answer){STATUS_UNKNOWN, false, lacks_ocsp ? ocsp->why : crls->why};
    return (struct answer){STATUS_GOOD, false, NULL};
}

static struct answer check_certificate(const struct trust_path *path, size_t index,
                                       const struct revocation_question *question,
                                       struct revocation_finding *finding)
{
    const struct revocation_terms *terms = question->terms;
    struct revocation_inquiry crls = {
        .path = path, .index = index, .question = question, .until = finding->until};
    struct revocation_inquiry ocsp = crls;
    enum revocation_status by_crls = STATUS_UNKNOWN, by_ocsp = STATUS_UNKNOWN;

    if (terms->rule != REVOCATION_OFF)
        by_crls = inquiry_ask_crls(&crls);
    if (terms->ocsp != REVOCATION_OFF)
        by_ocsp = inquiry_ask_ocsp(&ocsp);
    finding->until = crls.until < ocsp.until ? crls.until : ocsp.until;
    finding->marks |= crls.marks | ocsp.marks;
    struct answer answer = combine(terms, path->certificate[index]->is_ca, &crls, by_crls, &ocsp, by_ocsp);
    if (answer.status == STATUS_UNKNOWN && answer.is_refused && (crls.is_unasked || ocsp.is_unasked) &&
        question->now < question->unasked_passes_until) {
        answer.is_refused = false;
        if (finding->until >= question->unasked_passes_until)
            finding->until = question->unasked_passes_until - 1;
    }
    return answer;
}

enum reason revocation_check(const struct trust_path *path, const struct revocation_question *question,
                             struct revocation_finding *finding)
{
    struct revocation_finding none;
    bool is_refused = false;

    finding = finding == NULL ? &none : finding;
    *finding = (struct revocation_finding){.until = INT64_MAX};
    if (question->terms->rule == REVOCATION_OFF && question->terms->ocsp == REVOCATION_OFF)
        return REASON_OK;
    for (size_t i = 0; i + 1 < path->count; i++) {
        struct answer answer = check_certificate(path, i, question, finding);
        if (answer.status == STATUS_GOOD)
            continue;
        /* The first that matters most: revoked, then unknown and refused, then unknown. */
        if (answer.status == STATUS_REVOKED || finding->certificate == NULL ||
            (answer.is_refused && !is_refused)) {
            finding->certificate = path->certificate[i];
            finding->why = answer.why;
        }
        is_refused = is_refused || answer.is_refused;
        if (answer.status == STATUS_REVOKED) /* worse than any unknown */
            return REASON_CERTIFICATE_REVOKED;
    }
    return is_refused ? REASON_REVOCATION_UNKNOWN : REASON_OK;
}
