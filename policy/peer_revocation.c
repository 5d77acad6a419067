/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/peer_revocation.h"

#include <stdio.h>

#include "policy/peer_judgement.h"

static struct peer_revocation *place_for(struct peer_revocations *revocations, size_t path,
                                         const struct crl_store *store)
{
    size_t count = revocations->asked < PEER_REVOCATIONS_MOST ? revocations->asked : PEER_REVOCATIONS_MOST;

    for (size_t i = 0; i < count; i++) {
        if (revocations->kept[i].path == path && revocations->kept[i].store == store)
            return &revocations->kept[i];
    }
    struct peer_revocation *place = &revocations->kept[revocations->asked++ % PEER_REVOCATIONS_MOST];
    *place = (struct peer_revocation){.path = path, .store = store, .finding.until = INT64_MIN};
    return place;
}

static const struct peer_revocation *ask(struct peer *peer, size_t path, const struct crl_store *store,
                                         int64_t now)
{
    struct peer_revocations *revocations = &peer->revocations;
    struct peer_revocation *place = place_for(revocations, path, store);

    if (now <= place->finding.until)
        return place;
    place->reason = revocation_check(&peer->path[path], store, now, REVOCATION_REQUIRED, &place->finding);
    if (revocations->until == 0 || place->finding.until < revocations->until)
        revocations->until = place->finding.until;
    return place;
}

enum reason peer_revocation_check(struct peer *peer, size_t path, struct revocation_terms terms, int64_t now)
{
    if (terms.rule == REVOCATION_OFF)
        return REASON_OK;
    enum reason reason = ask(peer, path, terms.store, now)->reason;
    return reason == REASON_REVOCATION_UNKNOWN && terms.rule != REVOCATION_REQUIRED ? REASON_OK : reason;
}

bool peer_revocation_is_stale(const struct peer *peer, int64_t now)
{
    return peer->revocations.until != 0 && peer->revocations.until < now;
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
        const struct peer_revocation *revocation = ask(peer, i, terms.store, now);
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
    if (terms.rule == REVOCATION_OFF || terms.store == NULL)
        return to;
    const struct peer_revocation *revocation = ask(peer, path, terms.store, now);
    if (revocation->reason != REASON_OK)
        print("; revocation unknown: ", &revocation->finding, to);
    return to;
}

void peer_revocation_log(const struct check_log *log, struct peer *peer, size_t path,
                         struct revocation_terms terms, int64_t now)
{
    char shown[PEER_REVOCATION_SHOWN];

    if (log == NULL)
        return;
    if (terms.rule == REVOCATION_OFF) {
        check_log_add(log, "revocation", CHECK_SKIPPED, "it is off");
        return;
    }
    const struct peer_revocation *revocation = ask(peer, path, terms.store, now);
    if (revocation->reason == REASON_OK) {
        check_log_add(log, "revocation", CHECK_PASSED, "no certificate of the path is on a CRL");
        return;
    }
    print("unknown, and not required: ", &revocation->finding, shown);
    check_log_add(log, "revocation", CHECK_SKIPPED, "%s", terms.store == NULL ? "no CRLs are listed" : shown);
}
