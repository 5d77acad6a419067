/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <time.h>

#include "gateway/gateway_parts.h"
#include "policy/calendar.h"
#include "policy/revocation.h"

/* A CRL ends by itself, while nothing else changes: somebody should know. */

#define ISSUER_SHOWN 160

static void look(struct gateway *gateway, const struct crl_store *store, const char *owner, int64_t since,
                 int64_t now)
{
    char issuer[ISSUER_SHOWN], date[CALENDAR_TIME];

    for (size_t i = 0; store != NULL && i < crl_store_count(store); i++) {
        const struct crl *crl = crl_store_at(store, i);
        if (crl->next_update < since || crl->next_update >= now)
            continue;
        certificate_subject_print(crl->issuer, issuer, sizeof(issuer));
        operation_log(gateway->shared.log, LOG_LEVEL_WARNING, "crl-expired", "partner=%s issuer=%s ended=%s",
                      owner, issuer, calendar_time(crl->next_update, date));
    }
}

void crl_watch(struct gateway *gateway)
{
    const struct settings *settings = gateway->settings;
    int64_t now = (int64_t)time(NULL), since = gateway->crls_seen;

    gateway->crls_seen = now;
    look(gateway, settings->internal_crl_store, "-", since, now);
    for (size_t i = 0; i < partner_set_count(settings->partners); i++) {
        const struct partner *partner = partner_set_at(settings->partners, (uint32_t)i);
        look(gateway, partner->crl_store, partner->name, since, now);
    }
}
