/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/peer_revocation.h"

#include <stdio.h>

#include "policy/peer_judgement.h"

static bool same_terms(const struct revocation_terms *a, const struct revocation_terms *b)
{
    return a->rule == b->rule && a->ocsp == b->ocsp && a->store == b->store && a->source == b->source &&
           a->source_count == b->source_count;
}

static struct peer_revocation *place_for(struct peer_revocations *revocations, size_t path,
                                         const struct revocation_terms *terms)
{
    size_t count = revocations->asked < PEER_REVOCATIONS_MOST ? revocations->asked : PEER_REVOCATIONS_MOST;

    for (size_t i = 0; i < count; i++) {
        if (revocations->kept[i].path == path && same_terms(&revocations->kept[i].terms, terms))
            return &revocations->kept[i];
    }
    struct peer_revocation *place = &revocations->kept[revocations->asked++ % PEER_REVOCATIONS_MOST];
    *place = (struct peer_revocation){.path = path, .terms = *terms, .finding.until = INT64_MIN};
    return place;
}

static const struct peer_revocation *ask(struct peer *peer, size_t path, const struct revocation_terms *terms,
                                         int64_t now)
{
    struct peer_revocations *revocations = &peer->revocations;
    struct peer_revocation *place = place_for(revocations, path, terms);
    const struct revocation_question question = {.terms = &place->terms,
                                                 .evidence = peer->evidence.fetched,
                                                 .chain = peer->chain,
                                                 .needs = peer->evidence.needs,
                                                 .now = now,
                                                 .unasked_passes_until = peer->evidence.unasked_passes_until};

    if (now <= place->finding.until)
        return place;
    place->reason = revocation_check(&peer->path[path], &question, &place->finding);
    if (revocations->until == 0 || place->finding.until < revocations->until)
        revocations->until = place->finding.until;
    revocations->marks |= place->finding.marks;
    return place;
}

enum reason peer_revocation_check(struct peer *peer, size_t path, struct revocation_terms terms, int64_t now)
{
    if (terms.rule == REVOCATION_OFF && terms.ocsp == REVOCATION_OFF)
        return REASON_OK;
    return ask(peer, path, &terms, now)->reason;
}

bool peer_revocation_is_stale(const struct peer *peer, int64_t now)
{
    return peer->revocations.until != 0 && peer->revocations.until < now;
}

void peer_revocation_renew(struct peer *peer, const struct revocation_evidence *fetched, uint64_t changed)
{
    struct peer_revocations *revocations = &peer->revocations;

    peer->evidence.fetched = fetched;
    if ((revocations->marks & changed) == 0)
        return;
    revocations->until = INT64_MIN;
    for (size_t i = 0; i < PEER_REVOCATIONS_MOST; i++)
        revocations->kept[i].finding.until = INT64_MIN;
}

/* ---- for people ---- */

static void print(const char *before, const struct revocation_finding *finding,
                  char to[PEER_REVOCATION_SHOWN])
{
    const struct certificate *certificate = finding->certificate;
    char name[80];

    certificate_subject_print(certificate->subject, name, sizeof(name));
    if (name[0] == '\0' && certificate->name_count > 0)
        (void)certificate_name_print(&certificate->names[0], name, sizeof(name));
    snprintf(to, PEER_REVOCATION_SHOWN, "%s%s: %s", before,
             name[0] == '\0' ? "a certificate without a name" : name, finding->why);
}

const char *peer_revocation_refusal(struct peer *peer, const struct partner *partner,
                                    struct revocation_terms terms, enum reason reason, int64_t now,
                                    char to[PEER_REVOCATION_SHOWN])
{
    to[0] = '\0';
    if (reason != REASON_CERTIFICATE_REVOKED && reason != REASON_REVOCATION_UNKNOWN)
        return to;
    for (size_t i = 0; i < peer->path_count; i++) {
        if (partner != NULL && !partner_lists_anchor(partner, peer->path[i].anchor))
            continue;
        const struct peer_revocation *revocation = ask(peer, i, &terms, now);
        if (revocation->reason != reason)
            continue;
        print(": ", &revocation->finding, to);
        break;
    }
    return to;
}

const char *peer_revocation_note(struct peer *peer, size_t path, struct revocation_terms terms, int64_t now,
                                 char to[PEER_REVOCATION_SHOWN])
{
    to[0] = '\0';
    if (!revocation_terms_have_sources(&terms))
        return to;
    const struct peer_revocation *revocation = ask(peer, path, &terms, now);
    if (revocation->finding.certificate != NULL)
        print("; revocation unknown: ", &revocation->finding, to);
    return to;
}

static const char *good_by(const struct revocation_terms *terms)
{
    if (terms->ocsp == REVOCATION_OFF)
        return "no certificate of the path is on a CRL";
    return terms->rule == REVOCATION_OFF ? "its OCSP responders know every certificate of the path as good"
                                         : "CRLs and OCSP know every certificate of the path as good";
}

void peer_revocation_log(const struct check_log *log, struct peer *peer, size_t path,
                         struct revocation_terms terms, int64_t now)
{
    char shown[PEER_REVOCATION_SHOWN];

    if (log == NULL)
        return;
    if (terms.rule == REVOCATION_OFF && terms.ocsp == REVOCATION_OFF) {
        check_log_add(log, "revocation", CHECK_SKIPPED, "it is off");
        return;
    }
    const struct peer_revocation *revocation = ask(peer, path, &terms, now);
    if (revocation->finding.certificate == NULL) {
        check_log_add(log, "revocation", CHECK_PASSED, "%s", good_by(&terms));
        return;
    }
    print("unknown, and not required: ", &revocation->finding, shown);
    check_log_add(log, "revocation", CHECK_SKIPPED, "%s",
                  revocation_terms_have_sources(&terms) ? shown : "no CRLs are listed");
}
