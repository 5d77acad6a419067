/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/explain.h"

/* ---- the paths ---- */

static struct explain_path *next_path(struct explanation *explanation, const struct trust_path *path)
{
    if (explanation->path_count == EXPLAIN_PATHS_MOST) {
        explanation->paths_left_out++;
        return NULL;
    }
    struct explain_path *kept = &explanation->path[explanation->path_count++];
    *kept = (struct explain_path){.count = path->count, .anchor = path->anchor, .detail = ""};
    for (size_t i = 0; i < path->count; i++)
        kept->certificate[i] = path->certificate[i];
    return kept;
}

static void broke(void *context, const struct trust_path *so_far, const struct certificate *at,
                  enum reason why, const char *detail)
{
    struct explain_path *path = next_path(context, so_far);

    if (path == NULL)
        return;
    path->at = at;
    path->reason = why;
    path->detail = detail;
}

struct trust_trace explain_trace(struct explanation *explanation)
{
    return (struct trust_trace){.broke = broke, .context = explanation};
}

void explain_keep_found_paths(struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->peer.path_count; i++) {
        struct explain_path *path = next_path(explanation, &explanation->peer.path[i]);
        if (path != NULL)
            path->valid_until = explanation->peer.path[i].valid_until;
    }
}

const struct certificate *explain_broken_at(const struct explanation *explanation, enum reason reason)
{
    for (size_t i = 0; i < explanation->path_count; i++) {
        if (explanation->path[i].reason == reason)
            return explanation->path[i].at;
    }
    return NULL;
}
