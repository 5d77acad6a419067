/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "gateway/command/remedy_parts.h"
#include "policy/calendar.h"
#include "policy/domain.h"

/* Remedies that are found by judging again with another setting. */

/* ---- which identity rule would have accepted ---- */

static bool rule_accepts(const struct remedy_case *what, enum identity_rule rule, char *name)
{
    struct partner variant = *what->partner;

    variant.identity = rule;
    variant.identity_names = &name;
    variant.identity_name_count = name == NULL ? 0 : 1;
    return identity_check(&variant, what->chain->certificate[0], what->domain, what->answer).verdict ==
           IDENTITY_PROVEN;
}

/* The host name to list under `names`: one within the domain, else the first; no wildcard, no odd octets. */
static bool host_name_of(const struct certificate *leaf, struct text domain, char to[DOMAIN_LONGEST + 1])
{
    bool any = false;

    for (size_t i = 0; i < leaf->name_count; i++) {
        struct text name = leaf->names[i].value;
        if (leaf->names[i].kind != CERTIFICATE_NAME_DNS || !domain_is_valid(name) ||
            name.length > DOMAIN_LONGEST)
            continue;
        if (any && !domain_is_within(name, domain))
            continue;
        memcpy(to, name.at, name.length);
        to[name.length] = '\0';
        if (domain_is_within(name, domain))
            return true;
        any = true;
    }
    return any;
}

static void add_rule(struct remedy_text *text, size_t *count, const char *before, const char *name,
                     const char *after)
{
    remedy_add(text, "%sidentity: %s%s%s'", (*count)++ == 0 ? "Set '" : ", or '", before, name, after);
}

static void suggest_identity(const struct remedy_case *what, struct remedy_text *text)
{
    const struct certificate *leaf = what->chain->certificate[0];
    const char *file = remedy_file(what->partner->file);
    char name[DOMAIN_LONGEST + 1];
    size_t count = 0;

    if (rule_accepts(what, IDENTITY_DOMAIN, NULL))
        add_rule(text, &count, "domain", "", "");
    if (rule_accepts(what, IDENTITY_SRV_TARGET, NULL))
        add_rule(text, &count, "srv-target", "", "");
    if (rule_accepts(what, IDENTITY_SECURE_SRV, NULL))
        add_rule(text, &count, "secure-srv", "", "");
    if (host_name_of(leaf, what->domain, name) && rule_accepts(what, IDENTITY_NAMES, name))
        add_rule(text, &count, "{names: [", name, "]}");
    if (count > 0)
        remedy_add(text, " in %s, which accepts this certificate; or have it issued for %.*s.", file,
                   TEXT_ARGUMENTS(what->domain));
    else
        remedy_add(
            text,
            "No identity rule accepts this certificate: it must be issued for %.*s (SAN sip:%.*s or DNS).",
            TEXT_ARGUMENTS(what->domain), TEXT_ARGUMENTS(what->domain));
}

static bool leads_to(const struct peer *peer, const struct partner *partner)
{
    for (size_t i = 0; i < peer->path_count; i++) {
        if (partner_lists_anchor(partner, peer->path[i].anchor))
            return true;
    }
    return false;
}

static bool write_identity(const struct remedy_case *what, struct remedy_text *text)
{
    if (what->partner == NULL || what->chain == NULL || what->chain->count == 0 || what->domain.length == 0)
        return false;
    if (what->peer != NULL && what->peer->path_count > 0 && !leads_to(what->peer, what->partner))
        remedy_add(
            text,
            "The certificate must lead to a root of %s; if %s is theirs too, list it under roots in %s.",
            what->partner->name, what->peer->path[0].anchor->subject, remedy_file(what->partner->file));
    else
        suggest_identity(what, text);
    return true;
}

static bool write_from(const struct remedy_case *what, struct remedy_text *text)
{
    const char *gateway = remedy_file(what->settings->file);

    if (what->direction == DIRECTION_OUTBOUND)
        remedy_add(text, "From must be one of internal.domains in %s; add its domain there if it is ours.",
                   gateway);
    else if (what->domain.length == 0)
        remedy_add(text, "From must be a sip: or sips: URI with the domain of a partner.");
    else if (policy_is_own_domain(&what->settings->policy, what->domain))
        remedy_add(text,
                   "No partner speaks for %.*s, which is one of internal.domains in %s: From must be theirs.",
                   TEXT_ARGUMENTS(what->domain), gateway);
    else
        return write_identity(what, text);
    return true;
}

/* ---- the others ---- */

static bool lenient_accepts(const struct remedy_case *what)
{
    struct partner variant = *what->partner;

    if (what->peer == NULL || what->peer->path_count == 0)
        return false;
    variant.client_eku_lenient = true;
    struct peer again = *what->peer; /* what it remembers may change */
    struct speak_result speak =
        peer_may_speak_for(&again, &variant, what->domain, what->answer, what->now, NULL);
    return speak.verdict != SPEAK_DENIED ||
           (speak.reason != REASON_WRONG_KEY_USAGE && speak.reason != REASON_UNTRUSTED_CHAIN);
}

static bool write_usage(const struct remedy_case *what, struct remedy_text *text)
{
    bool as_client = what->direction == DIRECTION_INBOUND;

    if (what->partner != NULL && lenient_accepts(what)) {
        remedy_add(text, "Set 'client-eku: lenient' in %s, or have the certificate issued with %s.",
                   remedy_file(what->partner->file), as_client ? "clientAuth" : "serverAuth");
    } else if (what->peer != NULL && what->peer->path_count > 0) {
        remedy_add(text,
                   "The certificate must be issued anew for %s: extendedKeyUsage with it, or none at all.",
                   as_client ? "TLS clients (clientAuth)" : "TLS servers (serverAuth)");
    } else {
        char shown[CERTIFICATE_SHOWN];
        remedy_add(text, "%s must be issued anew: what it signs or is used for, it may not (see the paths).",
                   what->at == NULL ? "A certificate" : certificate_show(what->at, shown));
    }
    return true;
}

/* Where the presented certificates, followed by name, leave off. */
static const struct certificate *topmost(const struct presented_chain *chain)
{
    const struct certificate *top = chain->certificate[0];

    for (size_t round = 0; round < chain->count; round++) {
        for (size_t i = 1; i < chain->count && !certificate_is_self_issued(top); i++) {
            if (text_equal(chain->certificate[i]->subject, top->issuer)) {
                top = chain->certificate[i];
                break;
            }
        }
    }
    return top;
}

static bool write_untrusted(const struct remedy_case *what, struct remedy_text *text)
{
    char issuer[CERTIFICATE_SHOWN];
    const char *file = what->partner == NULL ? "the file of its partner" : remedy_file(what->partner->file);

    if (what->chain == NULL || what->chain->count == 0)
        return false;
    certificate_subject_print(topmost(what->chain)->issuer, issuer, sizeof(issuer));
    remedy_add(text,
               "The chain leaves off at the issuer '%s': the peer must send every intermediate, and the root "
               "above them be "
               "listed under roots in %s.",
               issuer, file);
    return true;
}

static bool write_other_anchor(const struct remedy_case *what, struct remedy_text *text)
{
    const char *file = what->partner == NULL ? "its partner's file" : remedy_file(what->partner->file);

    remedy_add(text,
               "The certificate must come from a root of the partner that owns the name in it; if this one "
               "is theirs "
               "too, list it under roots in %s.",
               file);
    return true;
}

static bool write_target_outside(const struct remedy_case *what, struct remedy_text *text)
{
    if (write_identity(what, text))
        return true;
    remedy_add(text, "The SRV target must lie in %.*s.", TEXT_ARGUMENTS(what->domain));
    return true;
}

static bool write_refusal(const struct remedy_case *what, struct remedy_text *text)
{
    char date[CALENDAR_TIME];

    if (what->partner == NULL) {
        remedy_add(text, "The gateway itself answers this one; nothing in the configuration refuses it.");
        return true;
    }
    if (what->path != NULL)
        remedy_add(text, "It ends by itself at %s, with the path. ",
                   calendar_time(what->path->valid_until, date));
    remedy_add(text, "To refuse it now, set 'enabled: false' in %s, or add %.*s to blocked-domains in %s.",
               remedy_file(what->partner->file), TEXT_ARGUMENTS(what->domain),
               remedy_file(what->settings->file));
    return true;
}

static bool is_identity_reason(enum reason reason)
{
    return reason == REASON_IDENTITY_MISMATCH || reason == REASON_SRV_TARGET_OUTSIDE_DOMAIN;
}

bool remedy_by_trial(const struct remedy_case *what, struct remedy_text *text)
{
    if (what->reason == REASON_OK)
        return write_refusal(what, text);
    if (what->reason == REASON_FROM_DOMAIN_NOT_AUTHORIZED)
        return write_from(what, text);
    if (is_identity_reason(what->reason))
        return what->reason == REASON_IDENTITY_MISMATCH ? write_identity(what, text)
                                                        : write_target_outside(what, text);
    if (what->reason == REASON_WRONG_KEY_USAGE)
        return write_usage(what, text);
    if (what->reason == REASON_UNTRUSTED_CHAIN)
        return write_untrusted(what, text);
    if (what->reason == REASON_ANCHOR_OF_OTHER_PARTNER)
        return write_other_anchor(what, text);
    return false;
}
