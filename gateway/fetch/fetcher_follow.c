/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/fetch/source.h"

/* What the settings mean for fetching: which CRLs they list, and how addresses are asked for. */

#define FORGET_SECONDS 86400 /* a source that nobody listed or needed for so long */

static void list(struct fetcher *fetcher, const char *owner, char *const *entry, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct text url = text_of(entry[i]);
        if (revocation_url_is_sound(url))
            (void)fetcher_source(fetcher, EVIDENCE_CRL, url, url, owner, true);
    }
}

void fetcher_list(struct fetcher *fetcher)
{
    const struct settings *settings = fetcher->settings;

    if (fetcher->options.mode != FETCHER_RUNS)
        return;
    if (settings->internal_revocation != REVOCATION_OFF)
        list(fetcher, NULL, settings->internal_crls, settings->internal_crl_count);
    for (size_t i = 0; i < partner_set_count(settings->partners); i++) {
        const struct partner *partner = partner_set_at(settings->partners, (uint32_t)i);
        if (partner->revocation != REVOCATION_OFF && partner->enabled)
            list(fetcher, partner->name, partner->crls, partner->crl_count);
    }
}

struct resolver *fetcher_make_resolver(struct fetcher *fetcher, char *why, size_t size)
{
    const struct settings *settings = fetcher->settings;
    const struct resolver_options options = {
        .server = settings->dns.server,
        .server_count = settings->dns.server_count,
        .timeout_ms = settings->dns.timeout_ms,
        .host = settings->dns.host,
        .host_count = settings->dns.host_count,
        .allow_loopback = settings->dns.allow_loopback || settings->fetch.allow_private,
        .trust_ad = settings->dns.trust_ad,
    };
    return resolver_create(fetcher->options.loop, &options, why, size);
}

void fetcher_follow(struct fetcher *fetcher, struct settings *settings)
{
    char why[RESOLVER_ERROR_SIZE];
    struct source *source, *next;
    int64_t now = fetcher_now();

    settings_hold(settings);
    settings_release(fetcher->settings);
    fetcher->settings = settings;
    struct resolver *resolver = fetcher_make_resolver(fetcher, why, sizeof(why));
    if (resolver == NULL) {
        operation_log(fetcher->options.log, LOG_LEVEL_WARNING, "fetch-dns-unchanged", "why=%s", why);
    } else { /* the questions of the old one end as shutting-down, and are asked again */
        resolver_close(fetcher->resolver, NULL, NULL);
        fetcher->resolver = resolver;
    }
    HASH_ITER(hh, fetcher->sources, source, next)
    {
        source->is_listed = false;
        source->next = now;
        source->failures = 0;
    }
    fetcher_list(fetcher);
    HASH_ITER(hh, fetcher->sources, source, next)
    {
        if (!source->is_listed && !source->is_active && source->needed + FORGET_SECONDS < now)
            fetcher_forget(fetcher, source);
        else if (!source->is_listed && source->needed != 0)
            source->needed = now; /* on demand: anew, too */
    }
    fetcher_begin_due(fetcher);
}
