/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk goes from the leaf upwards, depth first: at each certificate it tries the anchors that have its
 * issuer's name, then the presented certificates that have it. Whatever is cheap is checked on the way; when
 * an anchor is reached, names and signatures of the whole path follow, the anchor's first. The same walk,
 * without looking at what is broken, then tells why nothing was found: what a path that would have reached an
 * anchor broke on.
 *
 * A root copied with another key gets nowhere: a path ends only at an anchor, and what lies below it must be
 * signed by the key in the anchor's own certificate. */
#include "policy/trust_path_rules.h"

#include <string.h>

#include "policy/distinguished_name.h"
#include "policy/name_constraints.h"

/* How far the best of the broken paths got. */
enum progress { PROGRESS_NONE, PROGRESS_FORGED, PROGRESS_BROKEN, PROGRESS_NAMES };

/* One certificate of the path under way, and which issuers of it were tried. */
struct frame {
    size_t presented;                  /* its index in the chain */
    const struct trust_anchor *anchor; /* the last one tried */
    bool anchors_tried, any;           /* all anchors were; any issuer of the right name was seen */
    size_t next;                       /* the next presented one to try */
    size_t intermediates; /* of those from the leaf up to this one: not self-issued, the leaf not counted */
    enum reason broken;   /* explaining: the first thing wrong on the way from the leaf */
};

struct walk {
    const struct trust_search *search;
    struct trust_path path; /* what is under way; count is the depth */
    struct frame frame[TRUST_PATH_LONGEST];
    /* The names of the chain in numbers: equal names, equal numbers. */
    uint8_t subject[PRESENTED_CHAIN_MOST], issuer[PRESENTED_CHAIN_MOST];
    const struct text *name[2 * PRESENTED_CHAIN_MOST];
    size_t name_count;
    enum reason verdict[PRESENTED_CHAIN_MOST]; /* of each certificate by itself */
    const char *verdict_text[PRESENTED_CHAIN_MOST];
    bool explaining, over, found;
    uint32_t steps, comparisons; /* left */
    struct signature_log signatures;
    enum progress progress;
    enum reason reason; /* of the path that got furthest */
};

static void note(struct walk *walk, enum progress progress, enum reason reason)
{
    if (progress > walk->progress) {
        walk->progress = progress;
        walk->reason = reason;
    }
}

static void trace(const struct walk *walk, const struct trust_path *so_far, const struct certificate *at,
                  enum reason reason, const char *detail)
{
    if (walk->search->trace != NULL && !walk->explaining)
        walk->search->trace->broke(walk->search->trace->context, so_far, at, reason, detail);
}

/* ---- the presented chain, looked at once ---- */

static uint8_t number_of(struct walk *walk, uint64_t *hashes, const struct text *name)
{
    uint64_t hash = distinguished_name_hash(*name);

    for (size_t i = 0; i < walk->name_count; i++) {
        if (hashes[i] == hash && distinguished_name_equal(*walk->name[i], *name))
            return (uint8_t)i;
    }
    hashes[walk->name_count] = hash;
    walk->name[walk->name_count] = name;
    return (uint8_t)walk->name_count++;
}

static void look_at_chain(struct walk *walk)
{
    uint64_t hashes[2 * PRESENTED_CHAIN_MOST];
    const struct presented_chain *chain = walk->search->chain;

    for (size_t i = 0; i < chain->count; i++) {
        walk->subject[i] = number_of(walk, hashes, &chain->certificate[i]->subject);
        walk->issuer[i] = number_of(walk, hashes, &chain->certificate[i]->issuer);
        walk->verdict[i] =
            path_check_certificate(chain->certificate[i], i == 0 ? PATH_LEAF : PATH_INTERMEDIATE,
                                   walk->search->now, &walk->verdict_text[i]);
    }
}

/* ---- the path under way ---- */

static struct frame *top_frame(struct walk *walk)
{
    return &walk->frame[walk->path.count - 1];
}

/* RFC 5280 6.1: no certificate twice. The same name with the same key is the same CA: a way through it twice
 * is only longer. */
static bool is_on_path(const struct walk *walk, const struct certificate *certificate)
{
    for (size_t i = 0; i < walk->path.count; i++) {
        const struct certificate *other = walk->path.certificate[i];
        if (memcmp(other->key_sha256, certificate->key_sha256, sizeof(other->key_sha256)) == 0 &&
            distinguished_name_equal(other->subject, certificate->subject))
            return true;
    }
    return false;
}

/* RFC 5280 6.1.4 (l), (m): how many CAs may follow, self-issued ones not counted. */
static enum reason check_path_length(const struct certificate *ca, const struct frame *below,
                                     const char **why)
{
    if (!ca->has_path_length || below->intermediates <= ca->path_length)
        return REASON_OK;
    *why = "more CAs follow than its pathLenConstraint allows";
    return REASON_WRONG_KEY_USAGE;
}

static void push(struct walk *walk, size_t presented, enum reason broken)
{
    struct frame *frame = &walk->frame[walk->path.count];
    bool counts = walk->path.count > 0 && walk->subject[presented] != walk->issuer[presented];

    *frame = (struct frame){.presented = presented, .next = 1, .broken = broken};
    if (walk->path.count > 0)
        frame->intermediates = walk->frame[walk->path.count - 1].intermediates + (counts ? 1 : 0);
    walk->path.certificate[walk->path.count++] = walk->search->chain->certificate[presented];
}

static enum reason first_of(enum reason a, enum reason b)
{
    return a != REASON_OK ? a : b;
}

/* ---- the end of a path ---- */

static void check_whole_path(struct walk *walk, struct trust_path *path)
{
    bool self_issued[TRUST_PATH_LONGEST] = {false};
    const char *why = "";

    for (size_t i = 0; i + 1 < path->count; i++) {
        size_t presented = walk->frame[i].presented;
        self_issued[i] = walk->subject[presented] == walk->issuer[presented];
    }
    enum reason reason = path_check_names(path, self_issued, &walk->comparisons, &why);
    if (reason == REASON_OK) {
        reason = path_check_signatures(path, &walk->signatures, &why);
        walk->over = walk->over || walk->signatures.exhausted;
        if (reason == REASON_OK) {
            walk->found = true;
            path_sum_up(path);
            walk->over = !walk->search->found(walk->search->context, path);
            return;
        }
        note(walk, PROGRESS_FORGED, reason);
    } else {
        note(walk, PROGRESS_NAMES, reason);
    }
    trace(walk, path, path->certificate[0], reason, why);
}

/* `anchor` NULL: a presented CA as the end. */
static void try_end(struct walk *walk, const struct certificate *certificate,
                    const struct trust_anchor *anchor)
{
    const struct frame *below = top_frame(walk);
    const struct certificate *child = walk->path.certificate[walk->path.count - 1];
    const char *why = "";

    if (is_on_path(walk, certificate))
        return;
    top_frame(walk)->any = true;
    if (path_key_ids_differ(child, certificate)) {
        trace(walk, &walk->path, certificate, REASON_UNTRUSTED_CHAIN, "its key is not the one that signed");
        return;
    }
    enum reason reason = path_check_certificate(certificate, PATH_ANCHOR, walk->search->now, &why);
    if (reason == REASON_OK)
        reason = path_check_issuer(child, certificate, &why);
    if (reason == REASON_OK)
        reason = check_path_length(certificate, below, &why);
    if (first_of(below->broken, reason) != REASON_OK) {
        note(walk, PROGRESS_BROKEN, first_of(below->broken, reason));
        trace(walk, &walk->path, certificate, reason, why);
        return;
    }
    if (walk->explaining)
        return; /* whole and sound: the first walk has dealt with it */
    struct trust_path path = walk->path;
    path.certificate[path.count++] = certificate;
    path.anchor = anchor;
    check_whole_path(walk, &path);
}

static void try_anchor(struct walk *walk, const struct trust_anchor *anchor)
{
    if (walk->search->accepts == NULL || walk->search->accepts(walk->search->context, anchor))
        try_end(walk, anchor->certificate, anchor);
}

/* ---- the walk ---- */

/* The next anchor that has the issuer's name; NULL when there is none left. */
static const struct trust_anchor *next_anchor(struct walk *walk, struct frame *frame)
{
    if (frame->anchors_tried || walk->search->anchors == NULL)
        return NULL;
    frame->anchor = trust_anchors_by_subject(walk->search->anchors,
                                             *walk->name[walk->issuer[frame->presented]], frame->anchor);
    frame->anchors_tried = frame->anchor == NULL;
    return frame->anchor;
}

static void try_presented(struct walk *walk, size_t index)
{
    struct frame *frame = top_frame(walk);
    const struct certificate *child = walk->path.certificate[walk->path.count - 1];
    const struct certificate *issuer = walk->search->chain->certificate[index];
    const char *why = walk->verdict_text[index];

    if (walk->subject[index] != walk->issuer[frame->presented] || is_on_path(walk, issuer) ||
        path_key_ids_differ(child, issuer))
        return;
    frame->any = true;
    if (walk->search->ends_at_presented)
        try_end(walk, issuer, NULL);
    enum reason reason = walk->verdict[index];
    if (reason == REASON_OK)
        reason = path_check_issuer(child, issuer, &why);
    if (reason == REASON_OK)
        reason = check_path_length(issuer, frame, &why);
    if (reason == REASON_OK && walk->path.count + 1 >= TRUST_PATH_LONGEST) {
        reason = REASON_UNTRUSTED_CHAIN;
        why = "the path is too long";
    }
    if (reason != REASON_OK)
        trace(walk, &walk->path, issuer, reason, why);
    if (walk->path.count + 1 < TRUST_PATH_LONGEST && (reason == REASON_OK || walk->explaining))
        push(walk, index, first_of(frame->broken, reason));
}

/* One step: the next possible issuer of the certificate on top, or, when none is left, off with it. */
static void step(struct walk *walk)
{
    struct frame *frame = top_frame(walk);
    const struct trust_anchor *anchor = next_anchor(walk, frame);

    if (anchor != NULL) {
        try_anchor(walk, anchor);
        return;
    }
    if (frame->next < walk->search->chain->count) {
        try_presented(walk, frame->next++);
        return;
    }
    walk->path.count--;
    if (!frame->any)
        trace(walk, &walk->path, walk->path.certificate[walk->path.count], REASON_UNTRUSTED_CHAIN,
              "its issuer was not presented and is no anchor here");
}

static void walk_from_leaf(struct walk *walk)
{
    const struct certificate *leaf = walk->search->chain->certificate[0];

    walk->path.count = 0;
    walk->steps = TRUST_PATH_STEP_BUDGET;
    if (walk->verdict[0] != REASON_OK) {
        trace(walk, &walk->path, leaf, walk->verdict[0], walk->verdict_text[0]);
        if (!walk->explaining)
            return;
    }
    push(walk, 0, walk->verdict[0]);
    while (walk->path.count > 0 && !walk->over && walk->steps > 0) {
        walk->steps--;
        step(walk);
    }
}

enum reason trust_path_search(const struct trust_search *search)
{
    struct walk walk = {
        .search = search,
        .signatures = {.chain = search->chain},
        .comparisons = NAME_CONSTRAINTS_BUDGET,
        .reason = REASON_UNTRUSTED_CHAIN,
    };

    if (search->chain->defect != REASON_OK)
        return search->chain->defect;
    if (search->chain->count == 0)
        return REASON_NO_CERTIFICATE;
    look_at_chain(&walk);
    walk_from_leaf(&walk);
    if (walk.found)
        return REASON_OK;
    if (walk.progress < PROGRESS_BROKEN) {
        walk.explaining = true;
        walk.over = false;
        walk_from_leaf(&walk);
    }
    return walk.reason;
}
