/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/fetch/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The steps over the network: address, transfer, redirect. */

static void stop(struct source *source)
{
    if (source->question != NULL)
        resolver_question_abandon(source->question);
    if (source->transfer != NULL)
        web_abandon(source->transfer);
    source->question = NULL;
    source->transfer = NULL;
    free(source->at);
    free(source->host);
    source->at = source->host = NULL;
}

void source_destroy(struct source *source)
{
    stop(source);
    if (source->reading != NULL)
        source->reading->source = NULL;
    evidence_entry_release(source->entry);
    free(source->id);
    free(source->url);
    free(source);
}

/* ---- the end ---- */

static int64_t retry_after(unsigned failures)
{
    int64_t seconds = FETCHER_RETRY_SECONDS;

    for (unsigned i = 1; i < failures && seconds < FETCHER_RETRY_MOST_SECONDS; i++)
        seconds *= 2;
    return seconds < FETCHER_RETRY_MOST_SECONDS ? seconds : FETCHER_RETRY_MOST_SECONDS;
}

/* What is known stays known, with word of the failure beside it. */
static void note_failure(struct source *source, const char *why)
{
    struct evidence_entry *entry = evidence_entry_create(source->kind, source->key);

    if (entry == NULL)
        return; /* the old word stands; the next attempt tells anew */
    for (size_t i = 0; source->entry != NULL && i < source->entry->crl_count; i++)
        entry->crl[entry->crl_count++] = crl_hold(source->entry->crl[i]);
    for (size_t i = 0; source->entry != NULL && i < source->entry->response_count; i++)
        entry->response[entry->response_count++] = ocsp_response_hold(source->entry->response[i]);
    entry->failure = why;
    entry->ask_again = source->next;
    evidence_entry_release(source->entry);
    source->entry = entry;
    fetcher_changed(source->fetcher, source);
}

void source_fail(struct source *source, const char *why, const char *detail)
{
    struct fetcher *fetcher = source->fetcher;
    int64_t wait = retry_after(++source->failures);

    source->next = fetcher_now() + wait;
    fetcher->failed++;
    operation_log(fetcher->options.log, LOG_LEVEL_WARNING, "revocation-fetch-failed",
                  "kind=%s url=%s why=%s detail=%s again-in=%llds known=%s",
                  source->kind == EVIDENCE_CRL ? "crl" : "ocsp", source->url, why,
                  detail == NULL ? "" : detail, (long long)wait,
                  source->entry != NULL && (source->entry->crl_count + source->entry->response_count > 0)
                      ? "an older one"
                      : "nothing");
    note_failure(source, why);
    stop(source);
    fetcher_source_done(source);
}

void source_doubt(struct source *source)
{
    int64_t again = source->fetched + retry_after(source->doubts + 1);

    if (source->is_active || source->failures > 0 || again >= source->next)
        return;
    source->next = again;
    source->doubts++;
    operation_log(source->fetcher->options.log, LOG_LEVEL_WARNING, "revocation-not-believed",
                  "kind=%s url=%s doubts=%u", source->kind == EVIDENCE_CRL ? "crl" : "ocsp", source->url,
                  source->doubts);
}

/* ---- the transfer ---- */

static void follow_redirect(struct source *source, const char *location);

static void answered(void *context, const struct web_reply *reply)
{
    struct source *source = context;
    char detail[SOURCE_DETAIL];

    source->transfer = NULL;
    if (reply->failure != NULL) {
        source_fail(source, "there was no answer", reply->failure);
        return;
    }
    if (reply->status >= 300 && reply->status < 400) {
        follow_redirect(source, reply->location);
        return;
    }
    snprintf(detail, sizeof(detail), "HTTP status %ld", reply->status);
    if (reply->status != 200) {
        source_fail(source, "the server refused", detail);
        return;
    }
    char *content = text_copy(reply->body);
    if (content == NULL)
        source_fail(source, "there is no memory for the answer", NULL);
    else
        source_read(source, content, reply->body.length);
}

static size_t allowed(const struct source *source, const struct address_set *set, union address *to,
                      size_t most)
{
    size_t count = 0;

    for (size_t i = 0; i < set->address_count && count < most; i++) {
        if (source->fetcher->settings->fetch.allow_private || address_is_global(&set->address[i]))
            to[count++] = set->address[i];
    }
    return count;
}

static void located(void *context, const struct address_set *set)
{
    struct source *source = context;
    const struct settings *settings = source->fetcher->settings;
    union address address[ADDRESSES_MOST];

    source->question = NULL;
    if (set->outcome == REASON_SHUTTING_DOWN) { /* another resolver has taken over: at once again */
        source->next = fetcher_now();
        stop(source);
        fetcher_source_done(source);
        return;
    }
    if (set->outcome != REASON_OK && set->outcome != REASON_ADDRESS_REFUSED) {
        source_fail(source, "the address of the server is not known", reason_sentence(set->outcome));
        return;
    }
    size_t count = set->outcome == REASON_OK ? allowed(source, set, address, ADDRESSES_MOST) : 0;
    if (count == 0) {
        source_fail(source, "the server has a private or loopback address",
                    "fetch.allow-private: true would allow that");
        return;
    }
    const struct web_order order = {
        .url = source->at,
        .host = source->host,
        .port = source->port,
        .address = address,
        .address_count = count,
        .body = {(const char *)source->request, source->request_length},
        .content_type = "application/ocsp-request",
        .timeout_ms = settings->fetch.timeout_ms,
        .size_most = settings->fetch.size,
        .allow_private = settings->fetch.allow_private,
    };
    source->transfer = web_ask(source->fetcher->web, &order, answered, source);
    if (source->transfer == NULL)
        source_fail(source, "the transfer cannot begin", NULL);
}

/* Takes `url`. */
static void locate(struct source *source, char *url)
{
    stop(source);
    source->at = url;
    if (source->fetcher->options.mode == FETCHER_FOLDER) {
        source_fail(source, "nothing in force is kept of it, and nothing is fetched here", NULL);
        return;
    }
    if (url == NULL || !web_url_split(url, &source->host, &source->port)) {
        source_fail(source, "it is no http or https URL", url);
        return;
    }
    source->question = resolver_addresses(source->fetcher->resolver, text_of(source->host), located, source);
    if (source->question == NULL)
        source_fail(source, "the address of the server cannot be asked for", NULL);
}

static void follow_redirect(struct source *source, const char *location)
{
    if (++source->redirects > FETCHER_REDIRECTS_MOST)
        source_fail(source, "the server redirects too often", location);
    else if (location == NULL || !revocation_url_is_sound(text_of(location)))
        source_fail(source, "the server redirects to what is no http or https URL", location);
    else
        locate(source, text_copy(text_of(location)));
}

void source_begin(struct source *source)
{
    source->redirects = 0;
    fetcher_source_begun(source);
    if (!source->folder_tried) {
        source->folder_tried = true;
        source_read(source, NULL, 0);
        return;
    }
    locate(source, text_copy(text_of(source->url)));
}
