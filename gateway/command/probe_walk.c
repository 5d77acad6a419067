/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/probe.h"

#include <inttypes.h>
#include <stdlib.h>

#include "gateway/command/explain.h"
#include "gateway/net/locate.h"
#include "gateway/relay/records.h"
#include "policy/calendar.h"

/* The way a request would take to a partner, each step told as it goes. It uses what the relay uses, not the
 * relay. */

#define TARGETS_MOST 8u
#define ADDRESSES_TRIED_MOST 4u /* of one target */

/* ---- before a packet is sent ---- */

bool probe_check_partner(struct probe *probe, enum direction direction)
{
    const struct partner *partner = probe->partner;
    uint32_t wanted = direction == DIRECTION_INBOUND ? PARTNER_DIRECTION_INBOUND : PARTNER_DIRECTION_OUTBOUND;

    probe_begin(probe, "partner", "%s", "");
    if (partner == NULL) {
        probe_fail(probe, REASON_UNKNOWN_DOMAIN, "%.*s is neither a partner nor a domain of one",
                   TEXT_ARGUMENTS(probe->domain));
        return false;
    }
    enum reason reason = partner_state(partner, probe->now);
    if (reason == REASON_OK && policy_is_blocked(&probe->settings->policy, probe->domain))
        reason = REASON_DOMAIN_BLOCKED;
    if (reason == REASON_OK && (partner->direction & wanted) == 0)
        reason = REASON_DIRECTION_NOT_ALLOWED;
    if (reason == REASON_OK)
        probe_end(probe, CHECK_PASSED, "%s is in force, identity %s", partner->name,
                  identity_rule_word(partner->identity));
    else
        probe_fail(probe, reason, "%s", reason_sentence(reason));
    return reason == REASON_OK;
}

static void note_own_certificate(struct probe *probe)
{
    const struct certificate_list *list = &probe->settings->external.certificates;
    char shown[CERTIFICATE_SHOWN], date[CALENDAR_DATE];

    if (list->count == 0)
        return;
    int64_t end = list->certificate[0]->not_after;
    probe_note(probe, "ours", end < probe->now ? CHECK_FAILED : CHECK_PASSED,
               "%s ends %s, in %" PRId64 " days", certificate_show(list->certificate[0], shown),
               calendar_date(end, date), (end - probe->now) / CALENDAR_DAY);
}

/* ---- where ---- */

static void end_srv(struct probe *probe)
{
    const struct srv_answer *answer = &probe->records->answer;
    char targets[PROBE_DETAIL / 2] = "";
    size_t used = 0;

    if (answer->outcome != REASON_OK) {
        probe_fail(probe, answer->outcome, "%s%s%s", reason_sentence(answer->outcome),
                   probe->records->detail == NULL ? "" : ": ",
                   probe->records->detail == NULL ? "" : probe->records->detail);
        return;
    }
    for (size_t i = 0; i < answer->target_count && used < sizeof(targets) / 2; i++)
        used += (size_t)snprintf(targets + used, sizeof(targets) - used, "%s%.*s:%u", i == 0 ? "" : " ",
                                 TEXT_ARGUMENTS(answer->target[i].host), answer->target[i].port);
    probe_end(probe, CHECK_PASSED, "%s: %s", probe->records->service, targets);
}

static void note_security(struct probe *probe)
{
    enum dns_security security = probe->records->answer.security;

    probe_begin(probe, "dnssec", "%s", "");
    if (security == DNS_SECURE)
        probe_end(probe, CHECK_PASSED, "secure");
    else if (security == DNS_BOGUS)
        probe_fail(probe, REASON_DNS_BOGUS, "%s", reason_sentence(REASON_DNS_BOGUS));
    else if (probe->answer->outcome == REASON_OK && identity_rule_needs_dnssec(probe->partner->identity))
        probe_fail(probe, REASON_SRV_NOT_SECURE, "%s%s", reason_sentence(REASON_SRV_NOT_SECURE),
                   probe->settings->dns.trust_ad ? "" : ": dns.trust-ad is false, so that nothing is");
    else
        probe_end(probe, CHECK_SKIPPED, "not secure: the answer is not signed, or not believed to be");
}

/* Of each target; where one can be used, the others are no failure. */
static void note_tlsa(struct probe *probe, enum reason all)
{
    const struct srv_answer *answer = probe->answer;
    char shown[TLSA_ANSWER_SHOWN];

    for (size_t i = 0; i < answer->target_count; i++) {
        if (answer->target[i].tlsa == NULL)
            continue;
        tlsa_answer_show(&answer->target[i], shown);
        probe_begin(probe, "tlsa", "%s", "");
        if (tlsa_answer_reason(answer->target[i].tlsa) == REASON_OK)
            probe_end(probe, CHECK_PASSED, "%s", shown);
        else if (all == REASON_OK)
            probe_end(probe, CHECK_SKIPPED, "%s: it is not connected to", shown);
        else
            probe_fail(probe, all, "%s", shown);
    }
}

bool probe_ask_srv(struct probe *probe, bool is_needed)
{
    if (!is_needed) {
        probe_note(probe, "srv", CHECK_SKIPPED, "not needed: locate is %s, identity %s",
                   probe->partner->locate == LOCATE_FIXED ? "fixed" : "srv",
                   identity_rule_word(probe->partner->identity));
        probe_note(probe, "dnssec", CHECK_SKIPPED, "nothing of the DNS is believed but addresses");
        return true;
    }
    probe_begin(probe, "srv", "_sipfederationtls._tcp.%.*s", TEXT_ARGUMENTS(probe->domain));
    probe->records = lookup_srv(probe->lookup, probe->partner, probe->domain);
    probe->answer = &probe->records->answer;
    end_srv(probe);
    note_security(probe);
    enum reason reason = records_reason(probe->partner, probe->records);
    note_tlsa(probe, reason);
    return reason == REASON_OK;
}

static bool try_target(struct probe *probe, const struct located_target *target)
{
    char shown[ADDRESS_TEXT_SIZE], list[PROBE_DETAIL / 2] = "";
    size_t used = 0;
    bool works = false;

    probe_begin(probe, "addresses", "%.*s", TEXT_ARGUMENTS(target->host));
    const struct address_set *set = lookup_addresses(probe->lookup, target->host);
    if (set->outcome != REASON_OK) {
        probe_fail(probe, set->outcome, "%.*s: %s%s%s", TEXT_ARGUMENTS(target->host),
                   reason_sentence(set->outcome), set->detail == NULL ? "" : ": ",
                   set->detail == NULL ? "" : set->detail);
        address_set_release(set);
        return false;
    }
    for (size_t i = 0; i < set->address_count && used < sizeof(list) / 2; i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, " %s",
                                 address_print_host(&set->address[i], shown, sizeof(shown)));
    probe_end(probe, CHECK_PASSED, "%.*s:%s", TEXT_ARGUMENTS(target->host), list);
    for (size_t i = 0; i < set->address_count && i < ADDRESSES_TRIED_MOST && !works; i++) {
        union address address = set->address[i];
        if (!records_allow_address(probe->settings, probe->partner, target->host, &address)) {
            probe_begin(probe, "tcp", "%s", address_print_host(&address, shown, sizeof(shown)));
            probe_fail(probe, REASON_ADDRESS_REFUSED,
                       "%s is private, and no discovered domain may lead there; write a partner file", shown);
            continue;
        }
        address_set_port(&address, target->port);
        works = probe_server(probe, target, &address);
    }
    address_set_release(set);
    return works;
}

/* As the gateway does: not where rule dane has nothing to hold the server against (RFC 7673 3.2), nor, by
 * rule srv-target, outside of the domain. */
static bool may_be_tried(const struct probe *probe, const struct located_target *target)
{
    const struct partner *partner = probe->partner;

    if (partner->locate == LOCATE_SRV && partner->identity == IDENTITY_SRV_TARGET)
        return identity_may_prove_target(partner, probe->domain, &(struct srv_target){.host = target->host});
    if (partner->identity != IDENTITY_DANE || partner->locate == LOCATE_FIXED)
        return true;
    const struct srv_answer of_target =
        identity_answer_of_server(partner, probe->answer, target->host, target->port);
    return identity_answer_reason(partner, &of_target) == REASON_OK;
}

void probe_walk(struct probe *probe)
{
    struct located_target target[SRV_TARGETS_MOST];
    const struct partner *partner = probe->partner;

    if (!probe_check_partner(probe, DIRECTION_OUTBOUND))
        return;
    note_own_certificate(probe);
    if (!probe_ask_srv(probe, partner->locate == LOCATE_SRV || identity_rule_needs_dns(partner->identity)))
        return;
    size_t count = partner->locate == LOCATE_FIXED
                       ? locate_fixed(partner->fixed, partner->fixed_count, target)
                       : locate_srv(probe->answer, &locate_random_system, target);
    bool any = false;
    for (size_t i = 0; i < count && i < TARGETS_MOST && !probe->works; i++) {
        if (!may_be_tried(probe, &target[i]))
            continue;
        any = true;
        probe->works = try_target(probe, &target[i]);
    }
    if (!any && count > 0 && partner->identity == IDENTITY_SRV_TARGET) {
        probe_begin(probe, "identity", "%s", "");
        probe_fail(probe, REASON_SRV_TARGET_OUTSIDE_DOMAIN, "rule srv-target: no target lies within %.*s",
                   TEXT_ARGUMENTS(probe->domain));
    }
}

/* ---- what it needs ---- */

void probe_init(struct probe *probe, const struct settings *settings, const char *what, int64_t now)
{
    struct text name = text_of(what);

    *probe = (struct probe){.settings = settings, .domain = name, .now = now, .valid_until = INT64_MAX};
    probe->partner = partner_set_by_name(settings->partners, name);
    if (probe->partner != NULL && !probe->partner->is_discovered)
        probe->domain = text_of(probe->partner->domains[0]);
    else
        probe->partner = policy_partner_of(&settings->policy, name);
}

bool probe_prepare(struct probe *probe, char *why, size_t size)
{
    const struct side_settings *side = &probe->settings->external;

    probe->lookup = lookup_create(probe->settings, why, size);
    if (probe->lookup != NULL)
        probe->context =
            tls_context_create(TLS_CLIENT, (struct text){side->certificate_pem, side->certificate_pem_length},
                               (struct text){side->key_pem, side->key_pem_length}, why, size);
    return probe->context != NULL;
}

void probe_release(struct probe *probe)
{
    lookup_destroy(probe->lookup);
    probe->lookup = NULL;
    tls_context_destroy(probe->context);
    probe->context = NULL;
}

void probe_deinit(struct probe *probe)
{
    probe_release(probe);
    srv_record_set_release(probe->records);
    presented_chain_destroy(probe->chain);
    revocation_evidence_release(probe->evidence);
    for (size_t i = 0; i < probe->step_count; i++)
        free(probe->step[i].detail);
    free(probe->step);
}
