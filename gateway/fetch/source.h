/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_FETCH_SOURCE_H
#define FEDGATE_FETCH_SOURCE_H

/* One CRL or OCSP answer and its way here:
 *
 *   idle --source_begin--> (first time: from the folder) --> asking for the address --> transfer
 *        --> being read, and kept in the folder --> idle
 *
 * A redirect begins at the address again. Between fetcher.c, fetcher_follow.c, source.c and source_read.c;
 * nobody else's. */

#include <uthash.h>

#include "gateway/fetch/fetcher.h"
#include "gateway/fetch/web.h"
#include "gateway/net/resolver.h"

#define SOURCE_DETAIL 160u
#define SOURCE_REFRESH_LEAST_SECONDS 5 /* between two fetches, however soon what came ends */

/* What a thread of the pool does for a source: read what came, or what the folder has. */
struct source_reading {
    uv_work_t work;
    struct fetcher *fetcher;
    struct source *source; /* NULL: it is gone meanwhile */
    bool from_folder;      /* else `content` came from the web, and is to be kept in the folder */
    char *folder;          /* owned */
    size_t most;
    char *content; /* owned */
    size_t length;
    int64_t fetched;               /* when; seconds since 1970 */
    struct evidence_entry *before; /* held, or NULL: what was known */
    struct evidence_entry *after;  /* the result, held; NULL: nothing of use */
    bool is_new;                   /* it differs from what was known */
    const char *why;               /* a literal: why there is no result */
    const char *not_kept;          /* static: why it could not be written into the folder; NULL: it was */
};

struct source {
    UT_hash_handle hh; /* in fetcher->sources, by `id` */
    struct fetcher *fetcher;
    char *id; /* owned; kind and key */
    size_t id_length;
    enum evidence_kind kind;
    struct text key;                      /* in `id` */
    char owner[PARTNER_NAME_LONGEST + 1]; /* whose terms wanted it last; empty: our own */
    char *url;                            /* owned */
    uint8_t request[OCSP_REQUEST_MOST];
    size_t request_length;

    struct evidence_entry *entry; /* held; what is known, as it was last published; NULL: nothing yet */
    bool is_listed;               /* by the settings in force; otherwise it was needed */
    int64_t needed;               /* when it was needed last */
    int64_t next;                 /* when it is due: seconds since 1970 */
    unsigned failures;            /* in a row */
    int64_t fetched;              /* what is known of it: when */
    unsigned doubts; /* how often what is known was asked for anew since nobody could believe it */
    bool folder_tried;

    bool is_active;
    unsigned redirects;
    char *at; /* owned; the URL of this step */
    char *host;
    uint16_t port;
    struct resolver_question *question;
    struct web_request *transfer;
    struct source_reading *reading;
};

struct fetcher {
    struct fetcher_options options;
    struct settings *settings; /* held */
    struct resolver *resolver;
    struct web *web;
    struct source *sources;                           /* by uthash */
    const struct source *active[FETCHER_ACTIVE_MOST]; /* NULL: that place is free */
    size_t active_count;
    uint64_t fetched, failed;

    uv_mutex_t lock;
    struct queued_need *queue; /* under the lock; owned; FETCHER_QUEUE_MOST */
    size_t queued;
    uv_async_t asked;
    uv_timer_t due;                       /* each second */
    uv_timer_t announce;                  /* soon after a change */
    struct revocation_evidence *evidence; /* held; the last that was handed out */
    uint64_t changed;                     /* since then */
    unsigned handles, readings;           /* that are not closed, not back */
    bool is_closing;
    void (*on_closed)(void *context);
    void *closed_context;
};

/* source_table.c. The source of this key, made where it is not known, for this owner (NULL: our own). For one
 * that is not listed, another of the same owner may be forgotten. NULL: too many, or no memory. */
struct source *fetcher_source(struct fetcher *fetcher, enum evidence_kind kind, struct text key,
                              struct text url, const char *owner, bool is_listed);
void fetcher_forget(struct fetcher *fetcher, struct source *source); /* one that is idle */
/* fetcher.c */
void fetcher_begin_due(struct fetcher *fetcher);
void fetcher_source_begun(struct source *source);
/* fetcher_follow.c: marks what the settings list; a resolver as they want it, or NULL with `why` a sentence.
 */
void fetcher_list(struct fetcher *fetcher);
struct resolver *fetcher_make_resolver(struct fetcher *fetcher, char *why, size_t size);

/* fetcher.c: a source has come to its end, one way or another. */
void fetcher_source_done(struct source *source);
void fetcher_changed(struct fetcher *fetcher, const struct source *source);
void fetcher_end(struct fetcher *fetcher); /* one thing less to wait for while closing */
int64_t fetcher_now(void);

/* source.c. begin: idle, and due. forget: stops what is under way and frees; a reading comes back to nobody.
 */
void source_begin(struct source *source);
void source_destroy(struct source *source);
/* The step ended without a result. `why` a literal, `detail` for the log or NULL. */
void source_fail(struct source *source, const char *why, const char *detail);

/* A judgement could not believe what came: it is due sooner, but later with each time that it is no better.
 */
void source_doubt(struct source *source);

/* source_read.c. Takes `content` (from the web), or reads the folder where it is NULL. */
void source_read(struct source *source, char *content, size_t length);

#endif
