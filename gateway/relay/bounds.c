/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/discovered.h"
#include "gateway/relay/request.h"
#include "policy/domain.h"

/* How much a partner may send. A discovered peer has bounds of its own besides, told by its certificate, and
 * they are looked at first: so none takes what all of them may together. */

static const char *const beyond_why[] = {
    [DISCOVERED_TOO_FAST] = "limits.discovered-rate of this peer",
    [DISCOVERED_TOO_MANY_ADDRESSES] = "limits.discovered-users: this peer wrote to too many addresses; "
                                      "give it a partner file, or block it",
    [DISCOVERED_FULL] = "too many discovered peers, or no memory",
};

/* Which bound one more message is beyond; NULL: none. The counters are those of the snapshot that the session
 * was judged under. */
static const char *beyond_rate(struct session *session, const struct partner *partner)
{
    struct worker *worker = session->worker;
    int64_t now_ns = (int64_t)uv_hrtime();

    if (partner == NULL)
        return NULL;
    if (partner->is_discovered) {
        enum discovered_answer answer =
            discovered_take_message(worker->shared->discovered, &worker->snapshot->settings->limits,
                                    session->chain->certificate[0]->sha256, now_ns);
        if (answer != DISCOVERED_ALLOWED)
            return beyond_why[answer];
    }
    struct partner_counters *counters = snapshot_counters(worker, session->snapshot, partner);
    return counters == NULL || rate_allows(counters, &partner->limits, now_ns) ? NULL
                                                                               : "limits.messages-per-second";
}

bool request_is_within_rate(struct request *request)
{
    struct session *session = request->session;
    const struct partner *sender = request_sender(session);
    const char *beyond = beyond_rate(session, sender);

    if (beyond == NULL)
        return true;
    request_refuse(request, REASON_RATE_LIMITED, sender, TEXT_NONE, beyond);
    session_rest_after_refusals(session);
    return false;
}

/* Is this for somebody, whom the peer has to know? Within a dialog not, where it is for a contact, belongs to
 * the call, or began with one of our users; but the proof of one call is none for everybody. */
static bool is_for_a_user(const struct request *request, const struct message_facts *facts)
{
    const struct policy *policy = &request->worker->snapshot->settings->policy;

    if (!facts->in_dialog || !domain_equal(facts->dialog_domain, facts->from_domain))
        return true;
    return facts->dialog_direction == DIRECTION_INBOUND && method_is_governed(facts->method) &&
           policy_is_own_domain(policy, facts->request_domain);
}

static const char *beyond_addresses(struct request *request, const struct message_facts *facts)
{
    struct session *session = request->session;
    struct worker *worker = request->worker;
    const struct sip_uri *to = &request->route.request_uri;
    const struct discovered_request wanted = {
        .certificate = session->chain->certificate[0]->sha256,
        .user = is_for_a_user(request, facts) ? to->user : TEXT_NONE,
        .host = to->host,
        .now_ns = (int64_t)uv_hrtime(),
    };
    bool is_first;

    enum discovered_answer answer = discovered_take_address(
        worker->shared->discovered, &worker->snapshot->settings->limits, &wanted, &is_first);
    if (is_first && answer == DISCOVERED_TOO_MANY_ADDRESSES)
        operation_log(worker->shared->log, LOG_LEVEL_WARNING, "discovered-peer-limited",
                      "session=%llx domain=%.*s why=%s", (unsigned long long)session->id,
                      TEXT_ARGUMENTS(facts->from_domain), beyond_why[answer]);
    else if (is_first)
        operation_log(worker->shared->log, LOG_LEVEL_NOTICE, "peer-discovered", "session=%llx domain=%.*s",
                      (unsigned long long)session->id, TEXT_ARGUMENTS(facts->from_domain));
    return beyond_why[answer];
}

bool request_is_within_bounds(struct request *request, const struct partner *partner,
                              const struct message_facts *facts)
{
    struct session *session = request->session;
    const char *beyond = partner == request_sender(session) ? NULL : beyond_rate(session, partner);

    session->unbelieved = 0;
    if (beyond == NULL && partner->is_discovered)
        beyond = beyond_addresses(request, facts);
    if (beyond != NULL)
        request_refuse(request, REASON_RATE_LIMITED, partner, TEXT_NONE, beyond);
    else if (!session_believe(session, partner))
        request_refuse(request, REASON_CONNECTION_LIMIT, partner, TEXT_NONE,
                       "limits.connections of the partner");
    else if (request->message->octets.length > partner->limits.message_size)
        request_refuse(request, REASON_MESSAGE_TOO_LARGE, partner, TEXT_NONE,
                       "limits.message-size of the partner");
    else
        return true;
    return false;
}
