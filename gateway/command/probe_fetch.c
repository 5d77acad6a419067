/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/probe.h"

static size_t count_failures(const struct revocation_evidence *evidence, const struct evidence_entry **first)
{
    size_t failures = 0;

    for (size_t i = 0; i < evidence->count; i++) {
        if (evidence->entry[i]->failure == NULL)
            continue;
        *first = failures++ == 0 ? evidence->entry[i] : *first;
    }
    return failures;
}

bool probe_fetch(struct probe *probe, void (*judge)(void *context, struct peer *peer), void *context)
{
    const struct evidence_entry *first = NULL;

    probe_begin(probe, "fetch", "%s", "CRLs and OCSP answers");
    struct revocation_evidence *evidence = evidence_gather(probe->settings, FETCHER_ONCE, judge, context);
    if (evidence == NULL) {
        probe_end(probe, CHECK_SKIPPED, "nothing could be fetched");
        return false;
    }
    size_t failures = count_failures(evidence, &first);
    if (failures > 0 && first->kind == EVIDENCE_CRL)
        probe_end(probe, CHECK_SKIPPED, "%zu of %zu sources of revocation: %.*s: %s", failures,
                  evidence->count, TEXT_ARGUMENTS(evidence_entry_url(first)), first->failure);
    else if (failures > 0)
        probe_end(probe, CHECK_SKIPPED, "%zu of %zu sources of revocation: OCSP: %s", failures,
                  evidence->count, first->failure);
    else
        probe_end(probe, CHECK_PASSED, "%zu source%s of revocation", evidence->count,
                  evidence->count == 1 ? "" : "s");
    revocation_evidence_release(probe->evidence);
    probe->evidence = evidence;
    return true;
}
