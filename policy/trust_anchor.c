/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/trust_anchor.h"

#include <stdlib.h>
#include <string.h>

#include "policy/distinguished_name.h"

/* An entry is found by the hash of its subject, and by that of its octets. The entries of a bucket follow
 * each other by `next`, in the order they were added; adding passes none of them, since any number of
 * partners may list roots of one name. */
struct entry {
    struct trust_anchor anchor; /* first: an anchor's entry is found by a cast */
    uint64_t subject_hash, digest_hash;
    struct entry *next_by_subject, *next_by_digest;
};

struct bucket {
    struct entry *first, *last; /* NULL: empty */
};

struct trust_anchors {
    struct entry **entry; /* owned, in the order they were added */
    size_t count, room;
    struct bucket *by_subject, *by_digest; /* owned, `buckets` of each */
    size_t buckets;                        /* a power of two, more than count */
};

struct trust_anchors *trust_anchors_create(void)
{
    return calloc(1, sizeof(struct trust_anchors));
}

static void entry_destroy(struct entry *entry)
{
    certificate_destroy(entry->anchor.certificate);
    free(entry->anchor.subject);
    free(entry);
}

void trust_anchors_destroy(struct trust_anchors *anchors)
{
    if (anchors == NULL)
        return;
    for (size_t i = 0; i < anchors->count; i++)
        entry_destroy(anchors->entry[i]);
    free(anchors->entry);
    free(anchors->by_subject);
    free(anchors->by_digest);
    free(anchors);
}

/* ---- tables ---- */

static void link_entry(struct trust_anchors *anchors, struct entry *entry)
{
    struct bucket *subject = &anchors->by_subject[entry->subject_hash & (anchors->buckets - 1)];
    struct bucket *digest = &anchors->by_digest[entry->digest_hash & (anchors->buckets - 1)];

    *(subject->first == NULL ? &subject->first : &subject->last->next_by_subject) = entry;
    *(digest->first == NULL ? &digest->first : &digest->last->next_by_digest) = entry;
    subject->last = digest->last = entry;
    entry->next_by_subject = entry->next_by_digest = NULL;
}

/* Makes room for one more entry in the list and in both tables, or changes nothing. */
static bool make_room(struct trust_anchors *anchors)
{
    if (anchors->count < anchors->room)
        return true;
    size_t room = anchors->room == 0 ? 16 : anchors->room * 2, buckets = room * 2;
    struct entry **list = calloc(room, sizeof(struct entry *));
    struct bucket *by_subject = calloc(buckets, sizeof(struct bucket));
    struct bucket *by_digest = calloc(buckets, sizeof(struct bucket));
    if (list == NULL || by_subject == NULL || by_digest == NULL) {
        free(list);
        free(by_subject);
        free(by_digest);
        return false;
    }
    if (anchors->count > 0)
        memcpy(list, anchors->entry, anchors->count * sizeof(struct entry *));
    free(anchors->entry);
    free(anchors->by_subject);
    free(anchors->by_digest);
    anchors->entry = list;
    anchors->by_subject = by_subject;
    anchors->by_digest = by_digest;
    anchors->room = room;
    anchors->buckets = buckets;
    for (size_t i = 0; i < anchors->count; i++)
        link_entry(anchors, list[i]);
    return true;
}

static uint64_t digest_hash(const struct certificate *certificate)
{
    uint64_t hash;
    memcpy(&hash, certificate->sha256, sizeof(hash));
    return hash;
}

static const struct entry *find_same(const struct trust_anchors *anchors,
                                     const struct certificate *certificate)
{
    if (anchors->buckets == 0)
        return NULL;
    const struct entry *entry = anchors->by_digest[digest_hash(certificate) & (anchors->buckets - 1)].first;
    while (entry != NULL && !text_equal(entry->anchor.certificate->der, certificate->der))
        entry = entry->next_by_digest;
    return entry;
}

/* ---- entries ---- */

static struct entry *entry_create(struct certificate *certificate)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    int length = certificate_subject_print(certificate->subject, NULL, 0);
    char *subject = malloc((size_t)length + 1);

    if (entry == NULL || subject == NULL) {
        free(entry);
        free(subject);
        return NULL;
    }
    certificate_subject_print(certificate->subject, subject, (size_t)length + 1);
    entry->anchor.certificate = certificate;
    entry->anchor.subject = subject;
    entry->subject_hash = distinguished_name_hash(certificate->subject);
    entry->digest_hash = digest_hash(certificate);
    return entry;
}

const struct trust_anchor *trust_anchors_add(struct trust_anchors *anchors, struct certificate *take)
{
    const struct entry *same = find_same(anchors, take);
    if (same != NULL) {
        certificate_destroy(take);
        return &same->anchor;
    }
    struct entry *entry = make_room(anchors) && anchors->count < UINT32_MAX ? entry_create(take) : NULL;
    if (entry == NULL) {
        certificate_destroy(take);
        return NULL;
    }
    entry->anchor.index = (uint32_t)anchors->count;
    anchors->entry[anchors->count++] = entry;
    link_entry(anchors, entry);
    return &entry->anchor;
}

size_t trust_anchors_count(const struct trust_anchors *anchors)
{
    return anchors->count;
}

const struct trust_anchor *trust_anchors_at(const struct trust_anchors *anchors, uint32_t index)
{
    return index < anchors->count ? &anchors->entry[index]->anchor : NULL;
}

const struct trust_anchor *trust_anchors_by_subject(const struct trust_anchors *anchors, struct text subject,
                                                    const struct trust_anchor *previous)
{
    const struct entry *entry = NULL;
    uint64_t hash;

    if (previous != NULL) {
        entry = (const struct entry *)previous;
        hash = entry->subject_hash;
        entry = entry->next_by_subject;
    } else if (anchors->buckets > 0) {
        hash = distinguished_name_hash(subject);
        entry = anchors->by_subject[hash & (anchors->buckets - 1)].first;
    } else {
        return NULL;
    }
    while (entry != NULL && (entry->subject_hash != hash ||
                             !distinguished_name_equal(entry->anchor.certificate->subject, subject)))
        entry = entry->next_by_subject;
    return entry == NULL ? NULL : &entry->anchor;
}

/* ---- what may be an anchor ---- */

enum reason trust_anchor_check_use(const struct certificate *certificate, const char **why)
{
    *why = NULL;
    if (!certificate->is_ca) {
        *why = "it is no CA certificate: basicConstraints with cA is missing";
        return REASON_WRONG_KEY_USAGE;
    }
    if (certificate->has_key_usage && (certificate->key_usage & CERTIFICATE_KU_KEY_CERT_SIGN) == 0) {
        *why = "its keyUsage lacks keyCertSign";
        return REASON_WRONG_KEY_USAGE;
    }
    if (certificate->defect != REASON_OK) {
        *why = certificate->defect_text;
        return certificate->defect;
    }
    if (certificate->has_unknown_critical_extension) {
        *why = "it has a critical extension that is not known";
        return REASON_MALFORMED_CERTIFICATE;
    }
    /* RFC 5280 4.2.1.9 demands it of every CA; 6.1.4 does not look, so that only anchors, which are ours to
     * choose, are held to it. */
    if (!certificate->basic_constraints_critical) {
        *why = "its basicConstraints are not critical (RFC 5280 4.2.1.9)";
        return REASON_MALFORMED_CERTIFICATE;
    }
    return REASON_OK;
}

/* RFC 5280 4.2.1.1: only a self-signed certificate may do without authorityKeyIdentifier; self-signed by its
 * key, whatever the names say. */
static bool names_the_key_that_signed(const struct certificate *certificate)
{
    return certificate->authority_key_id.length > 0 || certificate_is_self_issued(certificate) ||
           signature_verify(&certificate->key, &certificate->algorithm, certificate->to_be_signed,
                            certificate->signature);
}

enum reason trust_anchor_check(const struct certificate *certificate, const char **why)
{
    enum reason reason = trust_anchor_check_use(certificate, why);
    if (reason != REASON_OK || names_the_key_that_signed(certificate))
        return reason;
    *why = "another CA signed it, and it has no authorityKeyIdentifier (RFC 5280 4.2.1.1)";
    return REASON_MALFORMED_CERTIFICATE;
}
