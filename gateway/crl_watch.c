/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "gateway/monitor_parts.h"
#include "policy/calendar.h"
#include "policy/crl_store.h"
#include "policy/revocation_evidence.h"

/* A CRL ends by itself, too: one of a file when nobody fetched the next, a fetched one when fetching fails.
 */

#define ISSUER_SHOWN 160

/* Its successor is there. */
static bool is_outlived(const struct crl_store *store, const struct crl *crl)
{
    size_t count;
    struct crl *const *others = crl_store_of(store, crl->issuer, &count);

    for (size_t i = 0; i < count; i++) {
        if (others[i] != crl && crl_is_successor_of(others[i], crl, false))
            return true;
    }
    return false;
}

/* `thing` has side, partner and detail. */
static void watch_crl(struct watch *watch, struct ending_thing *thing, const struct crl *crl)
{
    char issuer[ISSUER_SHOWN], date[CALENDAR_TIME];
    const char *partner = thing->partner == NULL ? "-" : thing->partner;
    const struct text pieces[] = {
        TEXT("crl"),           text_of(partner), crl->issuer,
        crl->authority_key_id, crl->number,      {(const char *)&crl->this_update, sizeof(crl->this_update)},
        text_of(thing->detail)};

    certificate_subject_print(crl->issuer, issuer, sizeof(issuer));
    if (crl->next_update >= watch->since && crl->next_update < watch->now)
        operation_log(watch->gateway->shared.log, LOG_LEVEL_WARNING, "crl-expired",
                      "partner=%s issuer=%s ended=%s", partner, issuer,
                      calendar_time(crl->next_update, date));
    if (!watch_is_near(watch, crl->next_update))
        return;
    thing->what = "crl";
    thing->issuer = issuer;
    thing->begins = crl->this_update;
    thing->ends = crl->next_update;
    thing->id = ending_id_of(pieces, sizeof(pieces) / sizeof(pieces[0]));
    watch_thing(watch, thing);
}

static void watch_store(struct watch *watch, const struct crl_store *store, const struct partner *partner)
{
    for (size_t i = 0; store != NULL && i < crl_store_count(store); i++) {
        const struct crl *crl = crl_store_at(store, i);
        struct ending_thing thing = {.side = partner == NULL ? AUDIT_INTERNAL : AUDIT_EXTERNAL,
                                     .partner = partner == NULL ? NULL : partner->name,
                                     .detail = partner == NULL ? "internal.crls" : partner->file};
        if (!is_outlived(store, crl))
            watch_crl(watch, &thing, crl);
    }
}

/* Of one URL only the newest that was found genuine: anybody on the way may forge the others. */
static void watch_fetched(struct watch *watch, const struct evidence_entry *entry)
{
    char url[512];
    struct ending_thing thing = {.side = AUDIT_EXTERNAL, .detail = url};

    for (size_t i = 0; entry->kind == EVIDENCE_CRL && i < entry->crl_count; i++) {
        if (!atomic_load_explicit(&entry->crl[i]->was_genuine, memory_order_relaxed))
            continue;
        snprintf(url, sizeof(url), "%.*s", TEXT_ARGUMENTS(evidence_entry_url(entry)));
        watch_crl(watch, &thing, entry->crl[i]);
        return;
    }
}

void crl_watch(struct watch *watch)
{
    const struct settings *settings = watch->gateway->settings;
    const struct revocation_evidence *evidence = watch->gateway->evidence;

    watch_store(watch, settings->internal_crl_store, NULL);
    for (uint32_t i = 0; i < partner_set_count(settings->partners); i++) {
        const struct partner *partner = partner_set_at(settings->partners, i);
        watch_store(watch, partner->crl_store, partner);
    }
    for (size_t i = 0; evidence != NULL && i < evidence->count; i++)
        watch_fetched(watch, evidence->entry[i]);
}
