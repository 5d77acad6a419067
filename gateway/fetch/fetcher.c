/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/fetch/fetcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/fetch/fetched_folder.h"
#include "gateway/fetch/source.h"

#define DUE_MS 1000u
#define ANNOUNCE_MS 50u /* several results of one moment make one snapshot */

struct queued_need {
    enum evidence_kind kind;
    char url[REVOCATION_URL_LONGEST + 1];
    struct ocsp_certificate_id id;
    bool is_doubted;
    char owner[PARTNER_NAME_LONGEST + 1]; /* empty: our own */
    char key[REVOCATION_KEY_LONGEST];     /* EVIDENCE_CRL */
    size_t key_length;
};

int64_t fetcher_now(void)
{
    return time(NULL);
}

/* ---- what is due ---- */

static bool may_begin(const struct fetcher *fetcher, const struct source *source)
{
    size_t same = 0;

    for (size_t i = 0; i < FETCHER_ACTIVE_MOST; i++) {
        if (fetcher->active[i] != NULL && strcmp(fetcher->active[i]->owner, source->owner) == 0)
            same++;
    }
    return same < FETCHER_ACTIVE_OF_ONE_MOST;
}

void fetcher_begin_due(struct fetcher *fetcher)
{
    int64_t now = fetcher_now();
    struct source *source, *next;

    HASH_ITER(hh, fetcher->sources, source, next)
    {
        if (fetcher->active_count >= FETCHER_ACTIVE_MOST)
            return;
        bool is_wanted = source->is_listed || source->needed >= source->next;
        if (!source->is_active && is_wanted && source->next <= now && may_begin(fetcher, source))
            source_begin(source);
    }
}

static void set_place(struct fetcher *fetcher, const struct source *from, const struct source *to)
{
    size_t place = 0;

    while (fetcher->active[place] != from)
        place++;
    fetcher->active[place] = to;
}

void fetcher_source_begun(struct source *source)
{
    source->is_active = true;
    set_place(source->fetcher, NULL, source);
    source->fetcher->active_count++;
}

void fetcher_source_done(struct source *source)
{
    source->is_active = false;
    set_place(source->fetcher, source, NULL);
    source->fetcher->active_count--;
}

/* ---- needs ---- */

void fetcher_ask(struct fetcher *fetcher, const struct revocation_needs *needs)
{
    bool any = false;

    uv_mutex_lock(&fetcher->lock);
    for (size_t i = 0; i < needs->count && fetcher->queued < FETCHER_QUEUE_MOST; i++) {
        const struct revocation_need *need = &needs->need[i];
        struct queued_need *queued = &fetcher->queue[fetcher->queued];
        if (need->url.length >= sizeof(queued->url))
            continue;
        queued->kind = need->kind;
        queued->id = need->id;
        queued->is_doubted = need->is_doubted;
        snprintf(queued->owner, sizeof(queued->owner), "%s", need->owner == NULL ? "" : need->owner);
        memcpy(queued->url, need->url.at, need->url.length);
        queued->url[need->url.length] = '\0';
        memcpy(queued->key, need->key, need->key_length);
        queued->key_length = need->key_length;
        fetcher->queued++;
        any = true;
    }
    uv_mutex_unlock(&fetcher->lock);
    if (any)
        uv_async_send(&fetcher->asked);
}

static void take_need(struct fetcher *fetcher, const struct queued_need *need)
{
    struct text url = text_of(need->url);
    struct text key = need->kind == EVIDENCE_CRL ? (struct text){need->key, need->key_length}
                                                 : (struct text){(const char *)&need->id, sizeof(need->id)};
    struct source *source = fetcher_source(fetcher, need->kind, key, url, need->owner, false);

    if (source == NULL)
        return;
    if (need->kind == EVIDENCE_OCSP && source->request_length == 0)
        source->request_length = ocsp_request_write(&need->id, source->request);
    source->needed = fetcher_now();
    if (need->is_doubted)
        source_doubt(source);
}

static void take_needs(uv_async_t *asked)
{
    struct fetcher *fetcher = asked->data;
    struct queued_need *queue = calloc(FETCHER_QUEUE_MOST, sizeof(*queue)), *taken;

    if (queue == NULL || fetcher->is_closing) { /* they will be needed again */
        free(queue);
        return;
    }
    uv_mutex_lock(&fetcher->lock);
    size_t count = fetcher->queued;
    taken = fetcher->queue;
    fetcher->queue = queue;
    fetcher->queued = 0;
    uv_mutex_unlock(&fetcher->lock);
    for (size_t i = 0; i < count; i++)
        take_need(fetcher, &taken[i]);
    free(taken);
    fetcher_begin_due(fetcher);
}

/* ---- handing out ---- */

static void announce(uv_timer_t *timer)
{
    struct fetcher *fetcher = timer->data;
    size_t count = HASH_COUNT(fetcher->sources), entries = 0;
    struct evidence_entry **entry = calloc(count == 0 ? 1 : count, sizeof(struct evidence_entry *));
    struct source *source, *next;

    if (entry == NULL)
        return;
    HASH_ITER(hh, fetcher->sources, source, next)
    {
        if (source->entry != NULL)
            entry[entries++] = source->entry;
    }
    uint64_t generation = fetcher->evidence == NULL ? 1 : fetcher->evidence->generation + 1;
    struct revocation_evidence *evidence =
        revocation_evidence_create(entry, entries, generation, fetcher->changed);
    free(entry);
    if (evidence == NULL)
        return;
    revocation_evidence_release(fetcher->evidence);
    fetcher->evidence = evidence;
    fetcher->changed = 0;
    fetcher->options.publish(fetcher->options.context, evidence);
    fetcher_begin_due(fetcher); /* places have become free */
}

void fetcher_changed(struct fetcher *fetcher, const struct source *source)
{
    fetcher->changed |= evidence_mark(source->kind, source->key);
    if (!fetcher->is_closing && !uv_is_active((uv_handle_t *)&fetcher->announce))
        uv_timer_start(&fetcher->announce, announce, ANNOUNCE_MS, 0);
}

static void due(uv_timer_t *timer)
{
    struct fetcher *fetcher = timer->data;

    if (fetcher->changed != 0) /* memory was short */
        announce(&fetcher->announce);
    fetcher_begin_due(fetcher);
}

/* ---- begin and end ---- */

static void free_if_ended(struct fetcher *fetcher)
{
    if (!fetcher->is_closing || fetcher->handles > 0 || fetcher->readings > 0)
        return;
    void (*on_closed)(void *) = fetcher->on_closed;
    void *context = fetcher->closed_context;
    uv_mutex_destroy(&fetcher->lock);
    revocation_evidence_release(fetcher->evidence);
    settings_release(fetcher->settings);
    free(fetcher->queue);
    free(fetcher);
    on_closed(context);
}

void fetcher_end(struct fetcher *fetcher)
{
    fetcher->readings--;
    free_if_ended(fetcher);
}

static void handle_closed(uv_handle_t *handle)
{
    struct fetcher *fetcher = handle->data;
    fetcher->handles--;
    free_if_ended(fetcher);
}

static void part_closed(void *context)
{
    struct fetcher *fetcher = context;
    fetcher->handles--;
    free_if_ended(fetcher);
}

static void sweep(uv_work_t *work)
{
    fetched_folder_sweep(work->data, fetcher_now());
}

static void swept(uv_work_t *work, int status)
{
    (void)status;
    free(work->data);
    free(work);
}

static void sweep_folder(struct fetcher *fetcher)
{
    uv_work_t *work = calloc(1, sizeof(*work));
    char *folder = text_copy(text_of(fetcher->settings->fetch.directory));

    if (work == NULL || folder == NULL)
        goto failed;
    work->data = folder;
    if (uv_queue_work(fetcher->options.loop, work, sweep, swept) == 0)
        return;
failed:
    free(work);
    free(folder);
}

static void start_handles(struct fetcher *fetcher)
{
    uv_loop_t *loop = fetcher->options.loop;

    uv_timer_init(loop, &fetcher->due);
    uv_timer_init(loop, &fetcher->announce);
    fetcher->due.data = fetcher->announce.data = fetcher->asked.data = fetcher;
    fetcher->handles = 5; /* two timers, the ear, the web, the resolver */
    uv_timer_start(&fetcher->due, due, DUE_MS, DUE_MS);
}

struct fetcher *fetcher_create(const struct fetcher_options *options, struct settings *settings, char *why,
                               size_t size)
{
    struct fetcher *fetcher = calloc(1, sizeof(*fetcher));
    bool has_lock = false;

    snprintf(why, size, "no memory for fetching CRLs");
    if (fetcher == NULL)
        return NULL;
    fetcher->options = *options;
    fetcher->settings = settings;
    settings_hold(settings);
    fetcher->queue = calloc(FETCHER_QUEUE_MOST, sizeof(*fetcher->queue));
    has_lock = fetcher->queue != NULL && uv_mutex_init(&fetcher->lock) == 0;
    if (!has_lock || (fetcher->resolver = fetcher_make_resolver(fetcher, why, size)) == NULL)
        goto failed;
    fetcher->web = web_create(options->loop);
    if (fetcher->web == NULL || uv_async_init(options->loop, &fetcher->asked, take_needs) != 0)
        goto failed;
    start_handles(fetcher);
    fetcher_list(fetcher);
    if (options->mode == FETCHER_RUNS)
        sweep_folder(fetcher);
    fetcher_begin_due(fetcher);
    return fetcher;

failed:
    if (fetcher->web != NULL)
        web_close(fetcher->web, NULL, NULL);
    if (fetcher->resolver != NULL)
        resolver_close(fetcher->resolver, NULL, NULL);
    if (has_lock)
        uv_mutex_destroy(&fetcher->lock);
    settings_release(settings);
    free(fetcher->queue);
    free(fetcher);
    return NULL;
}

void fetcher_close(struct fetcher *fetcher, void (*on_closed)(void *context), void *context)
{
    struct source *source, *next;

    fetcher->is_closing = true;
    fetcher->on_closed = on_closed;
    fetcher->closed_context = context;
    HASH_ITER(hh, fetcher->sources, source, next)
    {
        HASH_DEL(fetcher->sources, source);
        source_destroy(source);
    }
    web_close(fetcher->web, part_closed, fetcher);
    resolver_close(fetcher->resolver, part_closed, fetcher);
    uv_close((uv_handle_t *)&fetcher->asked, handle_closed);
    uv_close((uv_handle_t *)&fetcher->due, handle_closed);
    uv_close((uv_handle_t *)&fetcher->announce, handle_closed);
}

void fetcher_statistics(const struct fetcher *fetcher, struct fetcher_statistics *statistics)
{
    *statistics = (struct fetcher_statistics){.sources = HASH_COUNT(fetcher->sources),
                                              .active = fetcher->active_count,
                                              .fetched = fetcher->fetched,
                                              .failed = fetcher->failed};
}
