/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/monitor_parts.h"
#include "policy/calendar.h"
#include "policy/crl_file.h"

/* Certificates end by themselves, while nothing else changes: somebody should know in time. */

#define WORD_MOST 256u
#define CRL_LIFE_PARTS 4

bool watch_is_near(const struct watch *watch, int64_t ends)
{
    return ending_threshold(ends, watch->now) >= 0;
}

static const char *or_nothing(const char *word)
{
    return word == NULL ? "" : word;
}

/* A series that comes twice makes a collector refuse the whole file. */
static bool is_printed(const struct watch *watch, const struct ending_thing *thing)
{
    for (size_t i = 0; i < watch->series; i++) {
        if (watch->printed[i] == thing->id.word[0])
            return true;
    }
    return false;
}

static void print_series(struct watch *watch, const struct ending_thing *thing)
{
    char id[17];

    if (watch->series >= WATCH_SERIES_MOST || thing->ends < 0 || is_printed(watch, thing))
        return;
    watch->printed[watch->series++] = thing->id.word[0];
    snprintf(id, sizeof(id), "%016llx", (unsigned long long)thing->id.word[0]);
    metrics_value(watch->page, (uint64_t)thing->ends, "what", thing->what, "side",
                  thing->side == AUDIT_INTERNAL ? "internal" : "external", "partner",
                  thing->partner == NULL || *thing->partner == '\0' ? METRICS_NOBODY : thing->partner,
                  "subject", or_nothing(thing->subject != NULL ? thing->subject : thing->issuer), "id", id,
                  NULL);
}

/* A CRL that is made anew each week always ends soon: only the last quarter of its life counts. */
static bool counts(const struct ending_thing *thing, int threshold)
{
    return thing->begins == 0 || threshold == 0 ||
           threshold * CALENDAR_DAY <= (thing->ends - thing->begins) / CRL_LIFE_PARTS;
}

static void tell(struct watch *watch, const struct ending_thing *thing, int threshold)
{
    struct text names[WATCH_NAMES_MOST];
    size_t count = 0;
    int64_t left = thing->ends - watch->now;

    while (count < WATCH_NAMES_MOST && thing->name[count] != NULL) {
        names[count] = text_of(thing->name[count]);
        count++;
    }
    enum reason ended = thing->begins != 0 ? REASON_REVOCATION_UNKNOWN : REASON_CERTIFICATE_EXPIRED;
    audit_write(watch->gateway->audit, &(struct audit_record){.event = AUDIT_CERTIFICATE_ENDING,
                                                              .reason = threshold == 0 ? ended : REASON_OK,
                                                              .side = thing->side,
                                                              .partner = text_of(or_nothing(thing->partner)),
                                                              .certificate_names = names,
                                                              .certificate_name_count = count,
                                                              .issuer = text_of(or_nothing(thing->issuer)),
                                                              .anchor = text_of(or_nothing(thing->anchor)),
                                                              .policy = watch->gateway->settings->generation,
                                                              .what = text_of(thing->what),
                                                              .subject = text_of(or_nothing(thing->subject)),
                                                              .ends = thing->ends,
                                                              .days_left = left > 0 ? left / CALENDAR_DAY : 0,
                                                              .detail = text_of(or_nothing(thing->detail))});
}

void watch_thing(struct watch *watch, const struct ending_thing *thing)
{
    int threshold = ending_threshold(thing->ends, watch->now);

    print_series(watch, thing);
    if (threshold < 0 || !counts(thing, threshold) || watch->lines >= WATCH_LINES_MOST ||
        !endings_note(watch->gateway->endings, thing->id, thing->ends, threshold))
        return;
    watch->lines++;
    tell(watch, thing, threshold);
}

/* ---- certificates that the configuration names ---- */

static void print_hash(char to[static 2 * 32 + 1], const uint8_t sha256[32])
{
    for (size_t i = 0; i < 32; i++)
        snprintf(to + 2 * i, 3, "%02x", sha256[i]);
}

static struct ending_id id_of(const char *what, enum audit_side side, const char *partner,
                              const uint8_t sha256[32])
{
    const struct text pieces[] = {text_of(what),
                                  side == AUDIT_INTERNAL ? TEXT("internal") : TEXT("external"),
                                  text_of(or_nothing(partner)),
                                  {(const char *)sha256, 32}};
    return ending_id_of(pieces, sizeof(pieces) / sizeof(pieces[0]));
}

/* `thing` has what, side, partner and detail. */
static void watch_certificate(struct watch *watch, struct ending_thing *thing,
                              const struct certificate *certificate)
{
    char subject[WORD_MOST], issuer[WORD_MOST], name[WATCH_NAMES_MOST][WORD_MOST], anchor[WORD_MOST + 80];
    char hash[2 * 32 + 1];
    size_t count = 0;

    certificate_subject_print(certificate->subject, subject, sizeof(subject));
    certificate_subject_print(certificate->issuer, issuer, sizeof(issuer));
    thing->subject = subject;
    thing->issuer = issuer;
    if (strcmp(thing->what, "anchor") == 0) {
        print_hash(hash, certificate->sha256);
        snprintf(anchor, sizeof(anchor), "sha256:%s %s", hash, subject);
        thing->anchor = anchor;
    }
    for (size_t i = 0; thing->anchor == NULL && i < certificate->name_count && count < WATCH_NAMES_MOST;
         i++) {
        if (certificate->names[i].kind == CERTIFICATE_NAME_OTHER ||
            certificate_name_print(&certificate->names[i], name[count], WORD_MOST) < 0)
            continue;
        thing->name[count] = name[count];
        count++;
    }
    thing->ends = certificate->not_after;
    thing->id = id_of(thing->what, thing->side, thing->partner, certificate->sha256);
    watch_thing(watch, thing);
}

/* All certificates of our own are in metrics.prom, however far their end is. */
static void watch_own(struct watch *watch, const struct side_settings *own, enum audit_side side)
{
    for (size_t i = 0; i < own->certificates.count; i++) {
        struct ending_thing thing = {
            .what = "own-certificate", .side = side, .detail = own->certificate_file};
        watch_certificate(watch, &thing, own->certificates.certificate[i]);
    }
}

static void watch_own_anchors(struct watch *watch, const struct trust_anchors *anchors)
{
    for (uint32_t i = 0; i < trust_anchors_count(anchors); i++) {
        const struct certificate *certificate = trust_anchors_at(anchors, i)->certificate;
        struct ending_thing thing = {.what = "anchor", .side = AUDIT_INTERNAL, .detail = "internal.roots"};
        if (watch_is_near(watch, certificate->not_after))
            watch_certificate(watch, &thing, certificate);
    }
}

static void watch_partners(struct watch *watch, const struct partner_set *partners)
{
    for (uint32_t i = 0; i < partner_set_count(partners); i++) {
        const struct partner *partner = partner_set_at(partners, i);
        enum reason state = partner_state(partner, watch->now);
        if (state == REASON_PARTNER_DISABLED || state == REASON_PARTNER_ENDED)
            continue;
        for (size_t j = 0; j < partner->anchor_count; j++) {
            const struct certificate *certificate = partner->anchors[j]->certificate;
            struct ending_thing thing = {
                .what = "anchor", .side = AUDIT_EXTERNAL, .partner = partner->name, .detail = partner->file};
            if (watch_is_near(watch, certificate->not_after))
                watch_certificate(watch, &thing, certificate);
        }
    }
}

/* ---- and those that peers have shown ---- */

static void watch_leaf(void *context, const struct seen_leaf *leaf)
{
    enum audit_side side = leaf->is_internal ? AUDIT_INTERNAL : AUDIT_EXTERNAL;
    struct ending_thing thing = {.what = "peer-certificate",
                                 .side = side,
                                 .partner = leaf->partner,
                                 .subject = leaf->subject,
                                 .issuer = leaf->issuer,
                                 .ends = leaf->ends,
                                 .id = id_of("peer-certificate", side, leaf->partner, leaf->sha256)};

    for (size_t i = 0; i < SEEN_NAMES && i < WATCH_NAMES_MOST; i++)
        thing.name[i] = leaf->name[i];
    watch_thing(context, &thing);
}

void certificate_watch(struct gateway *gateway, struct metrics_page *page)
{
    const struct settings *settings = gateway->settings;
    struct watch watch = {
        .gateway = gateway, .page = page, .now = (int64_t)time(NULL), .since = gateway->watched};
    size_t length = 0;

    gateway->watched = watch.now;
    metrics_family(page, "fedgate_certificate_end_timestamp_seconds", METRICS_GAUGE,
                   "When certificates and CRLs end: our own, and what ends within 60 days of others.");
    watch_own(&watch, &settings->internal, AUDIT_INTERNAL);
    watch_own(&watch, &settings->external, AUDIT_EXTERNAL);
    watch_own_anchors(&watch, settings->internal_anchors);
    crl_watch(&watch);
    watch_partners(&watch, settings->partners);
    seen_ending(gateway->shared.seen, watch.now + ENDING_DAYS_MOST * CALENDAR_DAY,
                watch.now - ENDING_DAYS_AFTER * CALENDAR_DAY, watch_leaf, &watch);
    endings_forget(gateway->endings, watch.now);
    char *told = endings_print(gateway->endings, &length);
    if (told != NULL)
        log_writer_replace(gateway->writer, ENDINGS_FILE, (struct text){told, length});
    free(told);
}
