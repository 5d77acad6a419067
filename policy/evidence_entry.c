/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/revocation_evidence.h"

#include "policy/distinguished_name.h"

/* How what comes joins what is known of a source. */

/* ---- CRLs: newest first; a newer one that nobody could check does not displace one that was genuine ---- */

static bool holds(const struct evidence_entry *entry, const struct crl *crl)
{
    for (size_t i = 0; i < entry->crl_count; i++) {
        if (text_equal(entry->crl[i]->der, crl->der))
            return true;
    }
    return false;
}

/* Is there a genuine one of the same issuer that is newer? Then nobody will look at this one again. */
static bool is_outlived(const struct evidence_entry *entry, const struct crl *crl)
{
    for (size_t i = 0; i < entry->crl_count; i++) {
        const struct crl *other = entry->crl[i];
        if (other != crl && atomic_load_explicit(&other->was_genuine, memory_order_relaxed) &&
            crl_is_successor_of(other, crl, false))
            return true;
    }
    return false;
}

static void drop(struct evidence_entry *entry, size_t index)
{
    crl_destroy(entry->crl[index]);
    entry->crl_count--;
    for (size_t i = index; i < entry->crl_count; i++)
        entry->crl[i] = entry->crl[i + 1];
}

/* The oldest that nobody has found genuine; when all are, the oldest. */
static void make_room(struct evidence_entry *entry)
{
    size_t victim = entry->crl_count - 1;

    while (victim > 0 && atomic_load_explicit(&entry->crl[victim]->was_genuine, memory_order_relaxed))
        victim--;
    drop(entry, atomic_load_explicit(&entry->crl[victim]->was_genuine, memory_order_relaxed)
                    ? entry->crl_count - 1
                    : victim);
}

bool evidence_entry_add_crl(struct evidence_entry *entry, struct crl *crl)
{
    if (holds(entry, crl) || is_outlived(entry, crl)) {
        crl_destroy(crl);
        return false;
    }
    for (size_t i = entry->crl_count; i-- > 0;) {
        if (is_outlived(entry, entry->crl[i]))
            drop(entry, i);
    }
    if (entry->crl_count == EVIDENCE_CRLS_MOST)
        make_room(entry);
    size_t place = entry->crl_count++;
    while (place > 0 && crl_is_newer(crl, entry->crl[place - 1])) {
        entry->crl[place] = entry->crl[place - 1];
        place--;
    }
    entry->crl[place] = crl;
    return true;
}

/* ---- OCSP answers: newest first, in the same way ---- */

static bool was_genuine(const struct ocsp_response *response)
{
    return atomic_load_explicit(&response->was_genuine, memory_order_relaxed);
}

bool evidence_entry_add_response(struct evidence_entry *entry, struct ocsp_response *response)
{
    struct ocsp_response **all = entry->response;

    for (size_t i = 0; i < entry->response_count; i++) {
        bool is_outlived = was_genuine(all[i]) && all[i]->produced_at > response->produced_at;
        if (is_outlived || text_equal(all[i]->der, response->der)) {
            ocsp_response_destroy(response);
            return false;
        }
    }
    if (entry->response_count == EVIDENCE_RESPONSES_MOST) { /* the older goes, unless only it was genuine */
        size_t victim = was_genuine(all[1]) && !was_genuine(all[0]) ? 0 : 1;
        ocsp_response_destroy(all[victim]);
        all[0] = all[1 - victim];
        entry->response_count = 1;
    }
    bool is_newer = entry->response_count == 0 || response->produced_at >= all[0]->produced_at;
    all[entry->response_count++] = response;
    if (is_newer && entry->response_count == 2) {
        all[1] = all[0];
        all[0] = response;
    }
    return true;
}

/* ---- what counts of it ---- */

static int64_t response_end(const struct ocsp_response *response)
{
    int64_t ends = INT64_MAX;

    for (size_t i = 0; i < response->single_count; i++) {
        if (response->single[i].ends < ends)
            ends = response->single[i].ends;
    }
    return ends;
}

static size_t count_of(const struct evidence_entry *entry)
{
    return entry->kind == EVIDENCE_CRL ? entry->crl_count : entry->response_count;
}

static int64_t end_at(const struct evidence_entry *entry, size_t index)
{
    return entry->kind == EVIDENCE_CRL ? entry->crl[index]->next_update
                                       : response_end(entry->response[index]);
}

static bool is_proven_at(const struct evidence_entry *entry, size_t index, int64_t now)
{
    bool is_genuine = entry->kind == EVIDENCE_CRL
                          ? atomic_load_explicit(&entry->crl[index]->was_genuine, memory_order_relaxed)
                          : was_genuine(entry->response[index]);
    return is_genuine && end_at(entry, index) > now;
}

int64_t evidence_entry_end(const struct evidence_entry *entry, int64_t now)
{
    int64_t first = INT64_MAX, last = INT64_MIN;

    for (size_t i = 0; i < count_of(entry); i++) {
        int64_t end = end_at(entry, i);
        if (is_proven_at(entry, i, now))
            return end;
        if (end > now && end < first)
            first = end;
        if (end > last)
            last = end;
    }
    return first != INT64_MAX ? first : last;
}

bool evidence_entry_is_proven(const struct evidence_entry *entry, int64_t now)
{
    size_t index = 0;

    while (index < count_of(entry) && !is_proven_at(entry, index, now))
        index++;
    return index < count_of(entry);
}
