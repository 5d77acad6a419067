/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/fetch/source.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/fetch/fetched_folder.h"
#include "policy/calendar.h"
#include "policy/der.h"
#include "policy/pem.h"

/* What came, read on a thread of the pool. */

/* ---- octets to what they hold ---- */

static bool read_crl(struct source_reading *reading, struct text der)
{
    struct crl *crl = crl_read(der, &reading->why);

    if (crl == NULL)
        return false;
    if (crl_is_delta(crl) || crl->is_indirect) {
        reading->why = crl_is_delta(crl) ? "it is a delta CRL, which counts only as a file"
                                         : "it is an indirect CRL, which counts only as a file";
        crl_destroy(crl);
        return false;
    }
    reading->is_new = evidence_entry_add_crl(reading->after, crl) || reading->is_new;
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
    reading->is_new = evidence_entry_add_response(reading->after, response) || reading->is_new;
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

/* What is in force is asked for again when three quarters of its time are over. */
static int64_t ask_again(const struct evidence_entry *entry, int64_t fetched)
{
    int64_t ends = evidence_entry_end(entry, fetched), wait = ends > fetched ? (ends - fetched) / 4 * 3 : 0;

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
    if (!reading->from_folder && reading->fetcher->options.mode == FETCHER_RUNS)
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
    int64_t end = evidence_entry_end(entry, fetcher_now());

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
    source->fetched = reading->fetched;
    if (reading->is_new)
        source->doubts = 0;
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
        fetcher_source_done(source);
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
