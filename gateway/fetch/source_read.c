/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/fetch/source.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/fetch/fetched_folder.h"
#include "policy/calendar.h"
#include "policy/der.h"
#include "policy/distinguished_name.h"
#include "policy/pem.h"

/* What came, read on a thread of the pool. */

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
            crl_is_newer(other, crl) && distinguished_name_equal(other->issuer, crl->issuer))
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

/* Takes the CRL. True: it was not known. */
static bool add_crl(struct evidence_entry *entry, struct crl *crl)
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

static bool read_crl(struct source_reading *reading, struct text der)
{
    struct crl *crl = crl_read(der, &reading->why);

    if (crl == NULL)
        return false;
    reading->is_new = add_crl(reading->after, crl) || reading->is_new;
    return true;
}

/* RFC 5280 4.2.1.13 wants DER; many a server has PEM. */
static bool read_pem(struct source_reading *reading, struct text pem)
{
    struct pem_block block;
    size_t line = 1, length = 0;

    reading->why = "it is neither DER nor PEM";
    if (pem_next(&pem, &line, &block) != PEM_BLOCK)
        return false;
    unsigned char *der = pem_decode(&block, &length);
    bool good = der != NULL && read_crl(reading, (struct text){(const char *)der, length});
    free(der);
    return good;
}

/* From the folder there may be several, one after another. */
static bool read_crls(struct source_reading *reading)
{
    struct text content = {reading->content, reading->length};
    struct der_value value;
    size_t count = 0;

    if (content.length > 0 && content.at[0] == '-')
        return read_pem(reading, content);
    reading->why = "it is no CRL";
    while (content.length > 0 && count < EVIDENCE_CRLS_MOST && der_next(&content, &value)) {
        if (!read_crl(reading, value.whole))
            return false;
        count++;
    }
    if (content.length == 0 && count > 0 && (reading->from_folder || count == 1))
        return true;
    reading->why = "it is no CRL, or more than one";
    return false;
}

/* ---- OCSP answers: newest first, in the same way ---- */

static bool was_genuine(struct ocsp_response *response)
{
    return atomic_load_explicit(&response->was_genuine, memory_order_relaxed);
}

/* Takes the response. True: it was not known. */
static bool add_response(struct evidence_entry *entry, struct ocsp_response *response)
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

static bool read_response(struct source_reading *reading, struct text der)
{
    struct ocsp_response *response = ocsp_response_read(der, &reading->why);

    if (response == NULL)
        return false;
    if (response->produced_at > fetcher_now() + OCSP_CLOCK_SKEW) {
        reading->why = "it is from the future";
        ocsp_response_destroy(response);
        return false;
    }
    reading->is_new = add_response(reading->after, response) || reading->is_new;
    return true;
}

static bool read_responses(struct source_reading *reading)
{
    struct text content = {reading->content, reading->length};
    struct der_value value;
    size_t count = 0;

    if (!reading->from_folder)
        return read_response(reading, content);
    while (content.length > 0 && count++ < EVIDENCE_RESPONSES_MOST && der_next(&content, &value)) {
        if (!read_response(reading, value.whole))
            return false;
    }
    return reading->after->response_count > 0;
}

/* ---- on the thread ---- */

static int64_t end_of(const struct evidence_entry *entry)
{
    int64_t ends = INT64_MAX;

    if (entry->kind == EVIDENCE_CRL)
        return entry->crl[0]->next_update;
    for (size_t i = 0; i < entry->response[0]->single_count; i++) {
        if (entry->response[0]->single[i].ends < ends)
            ends = entry->response[0]->single[i].ends;
    }
    return ends;
}

/* What is in force is asked for again when three quarters of its time are over. */
static int64_t ask_again(const struct evidence_entry *entry, int64_t fetched)
{
    int64_t ends = end_of(entry), wait = ends > fetched ? (ends - fetched) / 4 * 3 : 0;

    if (wait > FETCHER_REFRESH_MOST_SECONDS)
        wait = FETCHER_REFRESH_MOST_SECONDS;
    if (ends <= fetched) /* ended already: its server may have a new one soon */
        wait = FETCHER_RETRY_SECONDS;
    return fetched + (wait < SOURCE_REFRESH_LEAST_SECONDS ? SOURCE_REFRESH_LEAST_SECONDS : wait);
}

static bool copy_known(struct source_reading *reading, enum evidence_kind kind, struct text key)
{
    const struct evidence_entry *before = reading->before;

    reading->after = evidence_entry_create(kind, key);
    if (reading->after == NULL)
        return false;
    for (size_t i = 0; before != NULL && i < before->crl_count; i++)
        reading->after->crl[reading->after->crl_count++] = crl_hold(before->crl[i]);
    for (size_t i = 0; before != NULL && i < before->response_count; i++)
        reading->after->response[reading->after->response_count++] = ocsp_response_hold(before->response[i]);
    return true;
}

static void keep(struct source_reading *reading)
{
    struct text piece[EVIDENCE_CRLS_MOST];
    const struct evidence_entry *entry = reading->after;
    size_t count = 0;

    for (size_t i = 0; i < entry->crl_count; i++)
        piece[count++] = entry->crl[i]->der;
    for (size_t i = 0; i < entry->response_count; i++)
        piece[count++] = entry->response[i]->der;
    (void)fetched_folder_write(reading->folder, entry->kind, entry->key, piece, count, &reading->not_kept);
}

static void work(uv_work_t *work)
{
    struct source_reading *reading = work->data;
    enum evidence_kind kind = reading->after->kind;

    reading->fetched = fetcher_now();
    if (reading->from_folder)
        reading->content =
            fetched_folder_read(reading->folder, kind, reading->after->key,
                                reading->most * EVIDENCE_CRLS_MOST, &reading->length, &reading->fetched);
    reading->why = "nothing is kept of it";
    if (reading->content == NULL)
        return;
    bool good = kind == EVIDENCE_CRL ? read_crls(reading) : read_responses(reading);
    bool has_any = reading->after->crl_count + reading->after->response_count > 0;
    if (!good || !has_any)
        return;
    reading->why = NULL;
    reading->not_kept = NULL;
    reading->after->ask_again = ask_again(reading->after, reading->fetched);
    if (!reading->from_folder)
        keep(reading);
}

/* ---- and back on the loop ---- */

static void reading_free(struct source_reading *reading)
{
    evidence_entry_release(reading->before);
    evidence_entry_release(reading->after);
    free(reading->folder);
    free(reading->content);
    free(reading);
}

static void log_fetched(const struct source *source, const struct source_reading *reading)
{
    struct operation_log *log = source->fetcher->options.log;
    const struct evidence_entry *entry = reading->after;
    const char *kind = source->kind == EVIDENCE_CRL ? "crl" : "ocsp";
    char ends[CALENDAR_TIME], again[CALENDAR_TIME];
    int64_t end = end_of(entry);

    operation_log(log, LOG_LEVEL_NOTICE, "revocation-fetched",
                  "kind=%s url=%s from=%s new=%s ends=%s again=%s", kind, source->url,
                  reading->from_folder ? "folder" : "web", reading->is_new ? "yes" : "no",
                  calendar_time(end, ends), calendar_time(entry->ask_again, again));
    if (end < fetcher_now())
        operation_log(log, LOG_LEVEL_WARNING, "revocation-ended", "kind=%s url=%s ended=%s", kind,
                      source->url, ends);
    if (reading->not_kept != NULL)
        operation_log(log, LOG_LEVEL_WARNING, "fetch-folder-failed", "directory=%s why=%s", reading->folder,
                      reading->not_kept);
}

static void take_result(struct source *source, struct source_reading *reading)
{
    evidence_entry_release(source->entry);
    source->entry = reading->after;
    reading->after = evidence_entry_hold(source->entry);
    source->failures = 0;
    source->next = source->entry->ask_again;
    source->fetcher->fetched += reading->from_folder ? 0 : 1;
    log_fetched(source, reading);
    fetcher_changed(source->fetcher, source);
}

static void back(uv_work_t *work, int status)
{
    struct source_reading *reading = work->data;
    struct source *source = reading->source;

    if (source == NULL) {
        fetcher_end(reading->fetcher);
        reading_free(reading);
        return;
    }
    source->reading = NULL;
    fetcher_end(source->fetcher);
    if (status == 0 && reading->why == NULL)
        take_result(source, reading);
    if (reading->from_folder && source->next <= fetcher_now()) { /* nothing, or not fresh: to the web */
        source->is_active = false;
        source->fetcher->active--;
        source_begin(source);
    } else if (status != 0 || reading->why != NULL) {
        source_fail(source, "what came cannot be used", reading->why);
    } else {
        fetcher_source_done(source);
    }
    reading_free(reading);
}

void source_read(struct source *source, char *content, size_t length)
{
    struct fetcher *fetcher = source->fetcher;
    struct source_reading *reading = calloc(1, sizeof(*reading));

    if (reading == NULL) {
        free(content);
        source_fail(source, "there is no memory for it", NULL);
        return;
    }
    *reading = (struct source_reading){.work.data = reading,
                                       .fetcher = fetcher,
                                       .source = source,
                                       .from_folder = content == NULL,
                                       .content = content,
                                       .length = length,
                                       .most = fetcher->settings->fetch.size,
                                       .folder = text_copy(text_of(fetcher->settings->fetch.directory)),
                                       .why = "there is no memory for it"};
    if (source->entry != NULL)
        reading->before = evidence_entry_hold(source->entry);
    if (reading->folder == NULL || !copy_known(reading, source->kind, source->key) ||
        uv_queue_work(fetcher->options.loop, &reading->work, work, back) != 0) {
        reading_free(reading);
        source_fail(source, "there is no memory for it", NULL);
        return;
    }
    source->reading = reading;
    fetcher->readings++;
}
