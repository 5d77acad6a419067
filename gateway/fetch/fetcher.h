/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_FETCH_FETCHER_H
#define FEDGATE_FETCH_FETCHER_H

/* Fetches what judgements of revocation go by: the CRLs that partner files list by URL, and the CRLs and OCSP
 * answers that judgements asked for. Whenever something came, or failed to come, a new snapshot of all that
 * is known is handed out. It checks no signature: that is the judgement's, which knows the issuer.
 *
 * On the gateway's own loop, where nothing of the traffic runs; reading, writing and parsing are on threads
 * of the pool. Bounded: sources, transfers at a time, octets, time, redirects; a source that fails is asked
 * again after longer and longer times. */

#include "gateway/log/operation_log.h"
#include "gateway/settings.h"
#include "policy/revocation_needs.h"

#include <uv.h>

#define FETCHER_SOURCES_MOST                                                                                 \
    10000u                     /* CRLs and certificates that are known of; further ones are not asked for */
#define FETCHER_ACTIVE_MOST 8u /* fetched at a time */
/* Of these for one partner, who may name servers that hang, and as many of them as he likes: he shall neither
 * keep the others waiting nor crowd them out. */
#define FETCHER_ACTIVE_OF_ONE_MOST 4u
#define FETCHER_SOURCES_OF_ONE_MOST 1000u /* that no settings list: the one not needed for longest goes */
#define FETCHER_REDIRECTS_MOST 3u
#define FETCHER_QUEUE_MOST 1024u /* needs on their way from the judgements */
#define FETCHER_RETRY_SECONDS 30 /* after the first failure; doubled with each that follows */
#define FETCHER_RETRY_MOST_SECONDS 3600
#define FETCHER_REFRESH_MOST_SECONDS 86400 /* what is in force is fetched anew at least that often */

struct fetcher;

enum fetcher_mode {
    FETCHER_RUNS,  /* what is listed, too, again and again; what comes is kept in the folder */
    FETCHER_ONCE,  /* only what is asked for, from the web; the folder is of no concern */
    FETCHER_FOLDER /* only what is asked for, from the folder */
};

struct fetcher_options {
    uv_loop_t *loop;
    enum fetcher_mode mode;
    struct operation_log *log; /* lives longer; NULL: nobody reads it */
    /* A new snapshot, borrowed during the call. From the loop. */
    void (*publish)(void *context, struct revocation_evidence *evidence);
    void *context;
};

/* NULL: `why` holds a sentence. */
struct fetcher *fetcher_create(const struct fetcher_options *options, struct settings *settings, char *why,
                               size_t size) __attribute__((warn_unused_result));
/* After a reload: other sources may be listed now, and everything in use is fetched anew at once. */
void fetcher_follow(struct fetcher *fetcher, struct settings *settings);
/* Any thread; copies what it needs. */
void fetcher_ask(struct fetcher *fetcher, const struct revocation_needs *needs);
/* Once, on the loop's thread. No fetcher_ask may be under way or follow. The memory is gone when on_closed is
 * called, from the loop. */
void fetcher_close(struct fetcher *fetcher, void (*on_closed)(void *context), void *context);

struct fetcher_statistics {
    size_t sources, active;
    uint64_t fetched, failed;
};
void fetcher_statistics(const struct fetcher *fetcher, struct fetcher_statistics *statistics);

#endif
