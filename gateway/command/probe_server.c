/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/probe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/command/probe_message.h"
#include "gateway/command/probe_session.h"
#include "policy/calendar.h"

/* The happy path: connect, shake hands, judge who is there by the code of `run`, ask OPTIONS.
 *
 * Other than `run` the probe lets the handshake of a peer that it refuses go on to its end, to see what else
 * there is to see; it then says nothing to it. */

#define ANSWER_MS 10000u
#define JUDGED_CHECKS_MOST 8u

struct judged {
    struct probe *probe;
    struct srv_answer answer;      /* what DNS says of this server, where probe->answer is there */
    struct presented_chain *chain; /* owned; NULL: the handshake did not get that far */
    struct peer peer;
    struct revocation_needs needs; /* what the judgement would like to know of revocation */
    struct peer_verdict verdict;
    const struct certificate *at;
    struct {
        char name[24];
        enum check_result result;
        char detail[512];
    } check[JUDGED_CHECKS_MOST];
    size_t check_count;
};

/* ---- in the handshake ---- */

static void note(void *context, const char *name, enum check_result result, const char *detail)
{
    struct judged *judged = context;

    if (judged->check_count == JUDGED_CHECKS_MOST)
        return;
    snprintf(judged->check[judged->check_count].name, sizeof(judged->check[0].name), "%s", name);
    snprintf(judged->check[judged->check_count].detail, sizeof(judged->check[0].detail), "%s", detail);
    judged->check[judged->check_count++].result = result;
}

static void broke(void *context, const struct trust_path *so_far, const struct certificate *at,
                  enum reason why, const char *detail)
{
    struct judged *judged = context;

    (void)so_far;
    (void)why;
    (void)detail;
    judged->at = judged->at == NULL ? at : judged->at;
}

static const struct srv_answer *answer_for(const struct judged *judged)
{
    return judged->probe->answer == NULL ? NULL : &judged->answer;
}

static void judge_chain(struct judged *judged)
{
    const struct probe *probe = judged->probe;
    struct check_log log = {.check = note, .context = judged};
    struct trust_trace trace = {.broke = broke, .context = judged};

    judged->check_count = 0;
    judged->peer.evidence = (struct peer_evidence){.fetched = probe->evidence, .needs = &judged->needs};
    judged->verdict =
        peer_judge_outbound(&probe->settings->policy, probe->partner, probe->domain, answer_for(judged),
                            judged->chain, probe->now, &log, &trace, &judged->peer);
    judged->peer.evidence.needs = NULL; /* the peer may outlive it */
}

static enum reason judge(void *owner, const struct text *ders, size_t count)
{
    struct judged *judged = owner;

    judged->chain = presented_chain_read(ders, count);
    if (judged->chain == NULL)
        return REASON_OVERLOADED;
    judge_chain(judged);
    return judged->chain->count == 0 ? judged->verdict.reason : REASON_OK;
}

static void judge_silently(void *context, struct peer *peer)
{
    const struct judged *judged = context;
    const struct probe *probe = judged->probe;

    (void)peer_judge_outbound(&probe->settings->policy, probe->partner, probe->domain, answer_for(judged),
                              judged->chain, probe->now, NULL, NULL, peer);
}

/* The CRLs and OCSP answers that it hangs on are fetched as `run` would, and it is judged again. */
static void fetch_evidence(struct probe *probe, struct judged *judged)
{
    if (judged->chain == NULL || judged->needs.count == 0)
        return;
    if (probe_fetch(probe, judge_silently, judged))
        judge_chain(judged);
}

/* ---- what it showed ---- */

static int64_t days_left(const struct certificate *certificate, int64_t now)
{
    return (certificate->not_after - now) / CALENDAR_DAY;
}

static void note_chain(struct probe *probe, const struct judged *judged)
{
    char shown[CERTIFICATE_SHOWN], date[CALENDAR_DATE];

    for (size_t i = 0; i < judged->chain->count; i++) {
        const struct certificate *certificate = judged->chain->certificate[i];
        if (certificate->not_after < probe->valid_until)
            probe->valid_until = certificate->not_after;
        probe_note(probe, "chain", CHECK_PASSED, "%s ends %s, in %" PRId64 " days",
                   certificate_show(certificate, shown), calendar_date(certificate->not_after, date),
                   days_left(certificate, probe->now));
    }
}

static void note_anchor(struct probe *probe, const struct peer *peer)
{
    char date[CALENDAR_DATE];

    if (peer->path_count == 0)
        return;
    const struct trust_anchor *anchor = peer->path[0].anchor;
    probe_note(probe, "root", CHECK_PASSED, "%s ends %s, in %" PRId64 " days", anchor->subject,
               calendar_date(anchor->certificate->not_after, date),
               days_left(anchor->certificate, probe->now));
}

/* The first refusal is kept, for what would have to change. */
static void keep(struct probe *probe, struct judged *judged)
{
    if (probe->chain != NULL)
        return;
    probe->chain = judged->chain;
    probe->peer = judged->peer;
    probe->at = judged->at != NULL         ? judged->at
                : judged->chain->count > 0 ? judged->chain->certificate[0]
                                           : NULL;
    judged->chain = NULL;
}

static void note_judgement(struct probe *probe, struct judged *judged)
{
    note_chain(probe, judged);
    for (size_t i = 0; i < judged->check_count; i++) {
        const char *name = judged->check[i].name;
        probe_begin(probe, name, "%s", "");
        if (judged->check[i].result == CHECK_FAILED)
            probe_fail(probe, judged->verdict.reason, "%s", judged->check[i].detail);
        else
            probe_end(probe, judged->check[i].result, "%s", judged->check[i].detail);
        if (strcmp(name, "path") == 0)
            note_anchor(probe, &judged->peer);
    }
    if (judged->verdict.reason != REASON_OK)
        keep(probe, judged);
}

/* ---- OPTIONS ---- */

/* Did their SIP server let us in, whatever it thinks of OPTIONS? */
static bool is_welcome(int status)
{
    static const int refusals[] = {401, 403, 407, 408, 488, 603, 606};

    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (status == refusals[i])
            return false;
    }
    return status < 500 || status == 501;
}

static bool ask_options(struct probe *probe, struct probe_session *session)
{
    struct probe_question *question = calloc(1, sizeof(*question));
    char why[PROBE_WHY] = "";
    bool good = false;

    probe_begin(probe, "options", "from sip:%s", probe->settings->domains[0]);
    if (question == NULL || !probe_question_write(question, probe->settings, probe->domain)) {
        probe_fail(probe, REASON_OVERLOADED, "no OPTIONS request could be made");
        free(question);
        return false;
    }
    enum reason reason = probe_session_ask(session, (struct text){question->octets, question->length},
                                           probe_question_is_answered, question, ANSWER_MS, why);
    if (reason == REASON_OK)
        reason = question->reason;
    if (reason != REASON_OK) {
        const char *what = question->what != NULL ? question->what : why;
        probe_fail(probe, reason, "%s%s%s", reason_sentence(reason), what[0] == '\0' ? "" : ": ", what);
    } else if (is_welcome(question->status)) {
        good = true;
        probe_end(probe, CHECK_PASSED, "%d %s%s%s", question->status, question->phrase,
                  question->server[0] == '\0' ? "" : ", from ", question->server);
    } else {
        probe_fail(probe, REASON_RELAYED, "%d %s: the partner's server refuses us", question->status,
                   question->phrase);
    }
    free(question);
    return good;
}

/* ---- the whole ---- */

static bool shake_hands(struct probe *probe, struct probe_session *session, struct judged *judged)
{
    char why[PROBE_WHY] = "";
    uint64_t most_ms = probe->settings->limits.handshake_timeout_ms;

    probe_begin(probe, "tls", "handshake");
    enum reason reason = probe_session_handshake(session, most_ms, why);
    bool is_judged = judged->chain != NULL && judged->verdict.reason != REASON_OK;
    if (reason == REASON_OK)
        probe_end(probe, CHECK_PASSED, "%s", probe_session_protocol(session));
    else if (is_judged && reason == judged->verdict.reason)
        probe_end(probe, CHECK_SKIPPED, "ended by us: see below");
    else
        probe_fail(probe, reason, "%s%s%s", reason_sentence(reason), why[0] == '\0' ? "" : ": ", why);
    fetch_evidence(probe, judged);
    is_judged = judged->chain != NULL && judged->verdict.reason != REASON_OK;
    if (judged->chain != NULL)
        note_judgement(probe, judged);
    if (is_judged)
        probe_note(probe, "options", CHECK_SKIPPED, "nothing is said to a peer that is refused");
    return reason == REASON_OK && !is_judged;
}

bool probe_server(struct probe *probe, const struct located_target *target, const union address *address)
{
    char shown[ADDRESS_TEXT_SIZE], why[PROBE_WHY] = "";
    struct judged *judged = calloc(1, sizeof(*judged));
    struct probe_session *session = NULL;
    bool works = false;

    address_print(address, shown, sizeof(shown));
    probe_begin(probe, "tcp", "%s", shown);
    if (judged != NULL) {
        judged->probe = probe;
        if (probe->answer != NULL)
            judged->answer =
                identity_answer_of_server(probe->partner, probe->answer, target->host, target->port);
        struct text name =
            identity_server_name(probe->partner, probe->answer, probe->domain, target->host, target->port);
        session = probe_session_create(lookup_loop(probe->lookup), probe->context, name, judge, judged);
    }
    if (session == NULL) {
        probe_fail(probe, REASON_OVERLOADED, "no memory for a session");
        free(judged);
        return false;
    }
    enum reason reason =
        probe_session_open(session, address, probe->settings->limits.connect_timeout_ms, why);
    if (reason != REASON_OK) {
        probe_fail(probe, reason, "%s: %s", shown, why);
    } else {
        probe_end(probe, CHECK_PASSED, "%s", shown);
        works = shake_hands(probe, session, judged) && ask_options(probe, session);
    }
    probe_session_close(session);
    presented_chain_destroy(judged->chain);
    free(judged);
    return works;
}
