/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/explain.h"

#include <string.h>

#include "gateway/net/locate.h"
#include "policy/domain.h"

#define NO_RECORD "none"

/* ---- --srv ---- */

struct written_srv {
    struct text domain, host;
    uint16_t port;
    bool is_none;
};

static bool read_srv(const char *written, struct written_srv *srv)
{
    const char *equals = strchr(written, '=');
    struct sip_host host;

    if (equals == NULL)
        return false;
    srv->domain = text_from(written, equals);
    srv->is_none = strcmp(equals + 1, NO_RECORD) == 0;
    if (!domain_is_valid(srv->domain))
        return false;
    if (srv->is_none)
        return true;
    if (!sip_host_read(text_of(equals + 1), false, &host) || host.is_address || !domain_is_valid(host.host))
        return false;
    srv->host = domain_without_dot(host.host);
    srv->port = host.has_port ? host.port : EXPLAIN_PORT;
    return true;
}

bool explain_srv_is_valid(const char *written)
{
    struct written_srv srv;
    return read_srv(written, &srv);
}

/* All that --srv says of a domain; false: nothing. */
static bool take_given(struct explanation *explanation, struct text domain)
{
    struct srv_answer *answer = &explanation->given;
    bool any = false;

    *answer = (struct srv_answer){.outcome = REASON_SRV_NOT_FOUND,
                                  .security = explanation->srv_security,
                                  .target = explanation->target};
    for (size_t i = 0; i < explanation->srv->count; i++) {
        struct written_srv srv;
        if (!read_srv(explanation->srv->value[i], &srv) || !domain_equal(srv.domain, domain))
            continue;
        any = true;
        if (srv.is_none)
            continue;
        explanation->target[answer->target_count++] =
            (struct srv_target){.host = srv.host, .port = srv.port, .priority = (uint16_t)i};
        answer->outcome = REASON_OK;
    }
    return any;
}

/* ---- the answer as a check ---- */

static const char *security_word(enum dns_security security)
{
    if (security == DNS_SECURE)
        return "DNSSEC-secure";
    return security == DNS_BOGUS ? "DNSSEC-bogus" : "not DNSSEC-secure";
}

static void note_answer(struct explanation *explanation, struct text domain, const struct srv_answer *answer,
                        const char *source, const char *detail)
{
    char targets[300] = "";
    size_t used = 0;

    if (answer->outcome != REASON_OK) {
        explain_note(explanation, "srv", CHECK_FAILED, "%s: %s%s%s (%s)", source,
                     reason_sentence(answer->outcome), detail == NULL ? "" : ": ",
                     detail == NULL ? "" : detail, security_word(answer->security));
        return;
    }
    for (size_t i = 0; i < answer->target_count; i++) {
        int length = snprintf(targets + used, sizeof(targets) - used, "%s%.*s:%u", i == 0 ? "" : " ",
                              TEXT_ARGUMENTS(answer->target[i].host), answer->target[i].port);
        if (length < 0 || (size_t)length >= sizeof(targets) - used)
            break;
        used += (size_t)length;
    }
    explain_note(explanation, "srv", CHECK_PASSED, "%s: %.*s has %s (%s)", source, TEXT_ARGUMENTS(domain),
                 targets, security_word(answer->security));
}

/* What the rules that rest on DNSSEC need of the answer. */
static void note_proof(struct explanation *explanation, const struct partner *partner)
{
    const struct srv_answer *answer = explanation->answer;

    if (partner == NULL || !identity_rule_needs_dnssec(partner->identity) || answer->outcome != REASON_OK)
        return;
    if (answer->security == DNS_SECURE)
        explain_note(explanation, "dnssec", CHECK_PASSED, "the SRV answer is secure");
    else
        explain_note(explanation, "dnssec", CHECK_FAILED, "the SRV answer is %s%s",
                     security_word(answer->security),
                     explanation->records == NULL || explanation->settings->dns.trust_ad
                         ? ""
                         : ": dns.trust-ad is false, so that nothing is");
    explain_note_tlsa(explanation, answer);
}

const struct srv_answer *explain_srv(struct explanation *explanation, struct text domain)
{
    const struct partner *partner = policy_partner_of(&explanation->settings->policy, domain);

    if (take_given(explanation, domain)) {
        explanation->answer = &explanation->given;
        note_answer(explanation, domain, explanation->answer, "--srv", NULL);
        if (partner != NULL && partner->identity == IDENTITY_DANE)
            explain_take_tlsa(explanation);
    } else if (explanation->lookup != NULL) {
        explanation->records = lookup_srv(explanation->lookup, partner, domain);
        explanation->answer = &explanation->records->answer;
        note_answer(explanation, domain, explanation->answer,
                    explanation->records->service == NULL ? "DNS" : explanation->records->service,
                    explanation->records->detail);
    } else {
        explain_note(explanation, "srv", CHECK_SKIPPED, "needs the SRV records of %.*s",
                     TEXT_ARGUMENTS(domain));
        snprintf(
            explanation->need, sizeof(explanation->need),
            "the SRV records of _sipfederationtls._tcp.%.*s: give --srv %.*s=HOST:PORT, or ask with --dns",
            TEXT_ARGUMENTS(domain), TEXT_ARGUMENTS(domain));
    }
    if (explanation->answer != NULL)
        note_proof(explanation, partner);
    return explanation->answer;
}

/* ---- addresses ---- */

static enum reason look_up_host(struct explanation *explanation, const struct located_target *target)
{
    const struct address_set *set = lookup_addresses(explanation->lookup, target->host);
    enum reason outcome = set->outcome;
    char shown[ADDRESS_TEXT_SIZE], list[200] = "";
    size_t used = 0;

    for (size_t i = 0;
         outcome == REASON_OK && i < set->address_count && used + ADDRESS_TEXT_SIZE < sizeof(list); i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, " %s",
                                 address_print_host(&set->address[i], shown, sizeof(shown)));
    if (outcome == REASON_OK)
        explain_note(explanation, "addresses", CHECK_PASSED, "%.*s has%s", TEXT_ARGUMENTS(target->host),
                     list);
    else
        explain_note(explanation, "addresses", CHECK_FAILED, "%.*s: %s%s%s", TEXT_ARGUMENTS(target->host),
                     reason_sentence(outcome), set->detail == NULL ? "" : ": ",
                     set->detail == NULL ? "" : set->detail);
    address_set_release(set);
    return outcome;
}

enum reason explain_addresses(struct explanation *explanation, const struct partner *partner)
{
    struct located_target target[SRV_TARGETS_MOST];
    enum reason first = REASON_ADDRESS_NOT_FOUND;
    bool any = false;

    if (explanation->lookup == NULL) {
        explain_note(explanation, "addresses", CHECK_SKIPPED, "not looked up without --dns");
        return REASON_OK;
    }
    size_t count = partner->locate == LOCATE_FIXED
                       ? locate_fixed(partner->fixed, partner->fixed_count, target)
                       : locate_srv(explanation->answer, &locate_random_system, target);
    for (size_t i = 0; i < count && i < 8; i++) {
        enum reason outcome = look_up_host(explanation, &target[i]);
        any = any || outcome == REASON_OK;
        if (i == 0)
            first = outcome;
    }
    return any ? REASON_OK : first;
}
