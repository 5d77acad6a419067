/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/peer_path.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct peer_verdict peer_conclude(const struct check_log *log, const char *check, enum reason reason,
                                  const char *format, ...)
{
    struct peer_verdict result = {.reason = reason};
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(result.detail, sizeof(result.detail), format, arguments);
    va_end(arguments);
    check_log_add(log, check, reason == REASON_OK ? CHECK_PASSED : CHECK_FAILED, "%s", result.detail);
    return result;
}

const char *peer_print_names(const struct certificate *leaf, char *to, size_t size)
{
    char name[160];
    size_t used = 0;

    snprintf(to, size, "none at all");
    for (size_t i = 0; i < leaf->name_count; i++) {
        certificate_name_print(&leaf->names[i], name, sizeof(name));
        int length = snprintf(to + used, size - used, "%s%s", i == 0 ? "" : " ", name);
        if (length < 0 || (size_t)length >= size - used) {
            snprintf(to + (size - 4), 4, "..."); /* more than fit */
            break;
        }
        used += (size_t)length;
    }
    return to;
}

/* ---- paths ---- */

struct collection {
    struct peer *peer;
    const struct partner *partner; /* only its anchors count; NULL: every anchor */
};

static bool accepts_anchor(void *context, const struct trust_anchor *anchor)
{
    const struct collection *collection = context;
    return collection->partner == NULL || partner_lists_anchor(collection->partner, anchor);
}

static bool keep_path(void *context, const struct trust_path *path)
{
    struct peer *peer = ((struct collection *)context)->peer;

    /* Also a second way to the same anchor: usage, pins and revocation may tell the two apart. */
    peer->path[peer->path_count++] = *path;
    return peer->path_count < PEER_PATHS_MOST;
}

enum reason peer_collect_paths(struct peer *peer, const struct trust_anchors *anchors,
                               const struct partner *partner, int64_t now, const struct trust_trace *trace)
{
    struct collection collection = {.peer = peer, .partner = partner};
    struct trust_search search = {
        .chain = peer->chain,
        .anchors = anchors,
        .now = now,
        .accepts = accepts_anchor,
        .found = keep_path,
        .context = &collection,
        .trace = trace,
    };
    enum reason reason = trust_path_search(&search);
    if (peer->path_count > 0)
        peer->valid_until = peer->path[0].valid_until;
    return reason;
}

static bool keep_presented(void *context, const struct trust_path *path)
{
    struct peer *peer = context;

    peer->path[PEER_PATHS_MOST + peer->presented_count++] = *path;
    return peer->presented_count < PEER_PRESENTED_MOST;
}

void peer_collect_presented(struct peer *peer, int64_t now)
{
    struct trust_search search = {.chain = peer->chain,
                                  .ends_at_presented = true,
                                  .now = now,
                                  .found = keep_presented,
                                  .context = peer};

    if (peer->presented_known)
        return;
    peer->presented_known = true;
    peer->presented_reason = trust_path_search(&search);
}

/* A refused chain is searched once more, to tell which certificate broke the path and how. */
struct broken_path {
    enum reason reason;
    char text[160];
};

static void note_broken(void *context, const struct trust_path *so_far, const struct certificate *at,
                        enum reason why, const char *detail)
{
    struct broken_path *broken = context;
    char subject[80];

    (void)so_far;
    if (why != broken->reason || broken->text[0] != '\0' || detail == NULL || at == NULL)
        return;
    certificate_subject_print(at->subject, subject, sizeof(subject));
    snprintf(broken->text, sizeof(broken->text), "%s: %s",
             subject[0] == '\0' ? "a certificate without a subject" : subject, detail);
}

struct peer_verdict peer_refuse_chain(const struct peer *peer, const struct trust_anchors *anchors,
                                      const struct partner *partner, enum reason reason, int64_t now,
                                      const char *names, const struct check_log *log)
{
    struct broken_path broken = {.reason = reason};
    struct trust_trace trace = {.broke = note_broken, .context = &broken};
    struct peer again = {.chain = peer->chain};

    (void)peer_collect_paths(&again, anchors, partner, now, &trace);
    return peer_conclude(log, "path", reason, "%s%s%s%s%s; names %s", partner == NULL ? "" : partner->name,
                         partner == NULL ? "" : ": ", reason_sentence(reason),
                         broken.text[0] == '\0' ? "" : ": ", broken.text, names);
}

/* ---- what a path may be used for ---- */

bool peer_usage_allows(const struct trust_path *path, enum peer_role role, bool lenient)
{
    uint32_t wanted = role == PEER_AS_CLIENT ? CERTIFICATE_EKU_CLIENT : CERTIFICATE_EKU_SERVER;
    if (lenient)
        wanted |= CERTIFICATE_EKU_SERVER | CERTIFICATE_EKU_SIP_DOMAIN;
    return path->leaf_may_sign && (path->extended_key_usage & (wanted | CERTIFICATE_EKU_ANY)) != 0;
}

const char *peer_usage_lack(const struct peer *peer, enum reason reason)
{
    if (reason != REASON_WRONG_KEY_USAGE || peer->path_count == 0)
        return "";
    if (!peer->path[0].leaf_may_sign)
        return ": the keyUsage of the leaf lacks digitalSignature";
    return peer->role == PEER_AS_CLIENT ? ": extendedKeyUsage lacks clientAuth"
                                        : ": extendedKeyUsage lacks serverAuth";
}

bool peer_pins_match(const struct partner *partner, const struct certificate *const *certificate,
                     size_t count)
{
    for (size_t i = 0; i < partner->pin_count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (memcmp(partner->pins[i].sha256, certificate[j]->key_sha256, 32) == 0)
                return true;
        }
    }
    return partner->pin_count == 0;
}

struct revocation_terms partner_revocation_terms(const struct partner *partner)
{
    return (struct revocation_terms){.owner = partner->name,
                                     .rule = partner->revocation,
                                     .store = partner->crl_store,
                                     .ocsp = partner->ocsp,
                                     .source = partner->crls,
                                     .source_count = partner->crl_count};
}

bool reason_is_about_revocation(enum reason reason)
{
    return reason == REASON_CERTIFICATE_REVOKED || reason == REASON_REVOCATION_UNKNOWN;
}

enum reason peer_path_reason(struct peer *peer, size_t index, const struct partner *partner, int64_t now)
{
    const struct trust_path *path = &peer->path[index];

    if (path->valid_until < now)
        return REASON_CERTIFICATE_EXPIRED;
    if (!peer_usage_allows(path, peer->role, partner->client_eku_lenient))
        return REASON_WRONG_KEY_USAGE;
    if (!peer_pins_match(partner, path->certificate, path->count))
        return REASON_PIN_MISMATCH;
    return peer_revocation_check(peer, index, partner_revocation_terms(partner), now);
}

const struct trust_path *peer_path_for(struct peer *peer, const struct partner *partner, int64_t now,
                                       enum reason *reason)
{
    *reason = REASON_UNTRUSTED_CHAIN;
    for (size_t i = 0; i < peer->path_count; i++) {
        if (!partner_lists_anchor(partner, peer->path[i].anchor))
            continue;
        enum reason found = peer_path_reason(peer, i, partner, now);
        if (found == REASON_OK)
            return &peer->path[i];
        if (*reason != REASON_CERTIFICATE_REVOKED) /* what another way lacks is the lesser trouble */
            *reason = found;
    }
    return NULL;
}
