/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/probe.h"

#include <inttypes.h>
#include <string.h>

#include "policy/calendar.h"

/* A partner that comes to us cannot be called; its chain, from a file, can be judged as if it came, with the
 * DNS asked live. */

/* Checks come before the verdict that gives their reason, so what failed is written by whoever knows it. */
static void note(void *context, const char *name, enum check_result result, const char *detail)
{
    struct probe *probe = context;

    if (result != CHECK_FAILED)
        probe_note(probe, name, result, "%s", detail);
    else
        snprintf(probe->under_way, sizeof(probe->under_way), "%s", name);
}

static void broke(void *context, const struct trust_path *so_far, const struct certificate *at,
                  enum reason why, const char *detail)
{
    struct probe *probe = context;

    (void)so_far;
    (void)why;
    (void)detail;
    probe->at = probe->at == NULL ? at : probe->at;
}

static void note_chain(struct probe *probe)
{
    char shown[CERTIFICATE_SHOWN], date[CALENDAR_DATE];

    for (size_t i = 0; i < probe->chain->count; i++) {
        const struct certificate *certificate = probe->chain->certificate[i];
        probe_note(probe, "chain", CHECK_PASSED, "%s ends %s, in %" PRId64 " days",
                   certificate_show(certificate, shown), calendar_date(certificate->not_after, date),
                   (certificate->not_after - probe->now) / CALENDAR_DAY);
    }
}

static void judge_silently(void *context, struct peer *peer)
{
    struct probe *probe = context;
    const struct policy *policy = &probe->settings->policy;

    if (peer_judge_inbound(policy, probe->chain, probe->now, NULL, NULL, peer).reason == REASON_OK ||
        peer->path_count > 0)
        (void)peer_may_speak_for(peer, probe->partner, probe->domain, probe->answer, probe->now, NULL);
}

static bool let_in(struct probe *probe, const struct check_log *log)
{
    struct trust_trace trace = {.broke = broke, .context = probe};
    struct revocation_needs needs = {.count = 0};

    probe->peer.evidence.needs = &needs;
    judge_silently(probe, &probe->peer);
    if (needs.count > 0)
        (void)probe_fetch(probe, judge_silently, probe);
    probe->peer.evidence = (struct peer_evidence){.fetched = probe->evidence};
    struct peer_verdict verdict =
        peer_judge_inbound(&probe->settings->policy, probe->chain, probe->now, log, &trace, &probe->peer);

    if (verdict.reason == REASON_OK)
        return true;
    if (probe->at == NULL && probe->chain->count > 0)
        probe->at = probe->chain->certificate[0];
    probe_fail(probe, verdict.reason, "%s", verdict.detail);
    return false;
}

void probe_inbound(struct probe *probe, struct presented_chain *take)
{
    struct check_log log = {.check = note, .context = probe};

    probe->chain = take;
    if (!probe_check_partner(probe, DIRECTION_INBOUND))
        return;
    note_chain(probe);
    if (!let_in(probe, &log))
        return;
    if (!probe_ask_srv(probe, identity_rule_needs_dns(probe->partner->identity)))
        return;
    struct speak_result speak =
        peer_may_speak_for(&probe->peer, probe->partner, probe->domain, probe->answer, probe->now, &log);
    probe->works = speak.verdict == SPEAK_ALLOWED;
    if (speak.verdict != SPEAK_ALLOWED)
        probe_fail(probe, speak.reason, "%s", reason_sentence(speak.reason));
}
