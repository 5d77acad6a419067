/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/revocation_inquiry.h"

/* What OCSP responders say of one certificate (RFC 6960). */

/* Unless its CA wants it believed for as long as it lasts, a delegate is a certificate like others
 * (4.2.2.2.1): asked for by CRL, since asking it by OCSP would ask itself. */
static bool delegate_is_revoked(struct revocation_inquiry *inquiry, const struct certificate *delegate)
{
    struct trust_path path = *inquiry->path;
    struct revocation_inquiry about = {
        .path = &path, .index = inquiry->index, .question = inquiry->question, .until = inquiry->until};

    if (delegate == NULL || delegate->has_ocsp_no_check || inquiry->question->terms->rule == REVOCATION_OFF)
        return false;
    path.certificate[inquiry->index] = delegate;
    bool is_revoked = inquiry_ask_crls(&about) == STATUS_REVOKED;
    inquiry_let_answer_end(inquiry, about.until);
    inquiry->marks |= about.marks;
    return is_revoked;
}

static enum ocsp_answer read_answers(struct revocation_inquiry *inquiry, const struct evidence_entry *entry)
{
    const struct certificate *certificate = inquiry->path->certificate[inquiry->index];
    const struct certificate *issuer = inquiry->path->certificate[inquiry->index + 1];
    struct ocsp_finding finding;

    /* The newest that can be believed is the one that counts. */
    for (size_t i = 0; i < entry->response_count; i++) {
        struct ocsp_response *response = entry->response[i];
        enum ocsp_answer answer =
            ocsp_response_check(response, certificate, issuer, inquiry->question->now, &finding);
        inquiry_let_answer_end(inquiry, finding.until);
        if (i == 0 || answer != OCSP_UNUSABLE)
            inquiry->why = finding.why;
        if (answer == OCSP_UNUSABLE)
            continue;
        atomic_store_explicit(&response->was_genuine, true, memory_order_relaxed);
        if (!delegate_is_revoked(inquiry, finding.delegate))
            return answer;
        inquiry->why = "the certificate of its OCSP responder is revoked";
        return OCSP_UNUSABLE;
    }
    return OCSP_UNUSABLE;
}

enum revocation_status inquiry_ask_ocsp(struct revocation_inquiry *inquiry)
{
    const struct certificate *certificate = inquiry->path->certificate[inquiry->index];
    struct revocation_need need = {.kind = EVIDENCE_OCSP};

    inquiry->why = "it names no OCSP responder";
    if (!ocsp_responder_uri(certificate, &need.url) || !revocation_url_is_sound(need.url))
        return STATUS_UNKNOWN;
    inquiry->why = "no OCSP request can be made for it";
    if (!ocsp_certificate_id_make(certificate, inquiry->path->certificate[inquiry->index + 1], &need.id))
        return STATUS_UNKNOWN;
    const struct evidence_entry *entry = inquiry_look(inquiry, &need);
    inquiry->why =
        entry == NULL ? "its OCSP responder was not asked yet" : "its OCSP responder cannot be asked";
    if (entry == NULL || entry->response_count == 0)
        return STATUS_UNKNOWN;
    enum ocsp_answer answer = read_answers(inquiry, entry);
    if (answer == OCSP_UNUSABLE)
        inquiry_doubt(inquiry, &need, entry);
    if (answer == OCSP_REVOKED)
        return STATUS_REVOKED;
    return answer == OCSP_GOOD ? STATUS_GOOD : STATUS_UNKNOWN;
}
