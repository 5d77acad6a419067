/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/evidence.h"

#include <stdlib.h>

struct revocation_evidence *evidence_gather(const struct settings *settings, enum fetcher_mode mode,
                                            void (*judge)(void *context, struct peer *peer), void *context)
{
    struct revocation_needs *needs = calloc(1, sizeof(*needs));
    struct peer *peer = calloc(1, sizeof(*peer));
    struct revocation_evidence *evidence = NULL;
    uv_loop_t loop;
    size_t known = 0;

    if (needs == NULL || peer == NULL || uv_loop_init(&loop) != 0)
        goto out;
    for (unsigned round = 0; round < EVIDENCE_ROUNDS_MOST; round++) {
        peer->evidence = (struct peer_evidence){.fetched = evidence, .needs = needs};
        judge(context, peer);
        if (needs->count == known)
            break;
        known = needs->count;
        struct revocation_evidence *more = fetch_once(&loop, mode, (struct settings *)settings, needs);
        if (more == NULL)
            break;
        revocation_evidence_release(evidence);
        evidence = more;
    }
    while (uv_loop_close(&loop) == UV_EBUSY)
        uv_run(&loop, UV_RUN_ONCE);
out:
    free(needs);
    free(peer);
    return evidence;
}
