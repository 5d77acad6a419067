/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/fetch/fetch_once.h"

#include "gateway/net/resolver.h"

struct once {
    struct revocation_evidence *evidence; /* held */
    bool is_closed;
};

static void take(void *context, struct revocation_evidence *evidence)
{
    struct once *once = context;

    revocation_evidence_release(once->evidence);
    once->evidence = revocation_evidence_hold(evidence);
}

static void closed(void *context)
{
    ((struct once *)context)->is_closed = true;
}

static bool has_all(const struct revocation_evidence *evidence, const struct revocation_needs *needs)
{
    for (size_t i = 0; i < needs->count; i++) {
        if (revocation_evidence_find(evidence, needs->need[i].kind, revocation_need_key(&needs->need[i])) ==
            NULL)
            return false;
    }
    return true;
}

struct revocation_evidence *fetch_once(uv_loop_t *loop, enum fetcher_mode mode, struct settings *settings,
                                       const struct revocation_needs *needs)
{
    struct once once = {.evidence = NULL};
    char why[RESOLVER_ERROR_SIZE];
    const struct fetcher_options options = {.loop = loop, .mode = mode, .publish = take, .context = &once};
    struct fetcher *fetcher = fetcher_create(&options, settings, why, sizeof(why));

    if (fetcher == NULL)
        return NULL;
    fetcher_ask(fetcher, needs);
    uv_update_time(loop);
    uint64_t until =
        uv_now(loop) + (FETCHER_REDIRECTS_MOST + 1) * (uint64_t)settings->fetch.timeout_ms + 5000;
    while (!has_all(once.evidence, needs) && uv_now(loop) < until)
        uv_run(loop, UV_RUN_ONCE); /* its timer comes each second */
    fetcher_close(fetcher, closed, &once);
    while (!once.is_closed)
        uv_run(loop, UV_RUN_ONCE);
    return once.evidence;
}
