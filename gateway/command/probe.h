/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_PROBE_H
#define FEDGATE_PROBE_H

/* What the files of `fedgate probe` share: one walk to a partner's server, step by step.
 *
 *     probe.c           arguments
 *     probe_walk.c      the order of the steps
 *     probe_inbound.c   the same way back, with a chain from a file
 *     probe_all.c       all partners, in parallel
 *     probe_step.c      what a step shows while it runs, and what is kept of it
 *     probe_server.c    one address: TCP, TLS, who is there, OPTIONS
 *     probe_fetch.c     CRLs and OCSP answers
 *     probe_session.c   a TLS session on the loop, waited for
 *     probe_message.c   the OPTIONS request and its answer
 *     probe_print.c     the end of it, for people and as JSON */

#include "gateway/command/evidence.h"
#include "gateway/command/json.h"
#include "gateway/command/lookup.h"
#include "gateway/command/remedy.h"
#include "gateway/net/locate.h"
#include "gateway/tls/context.h"

#define PROBE_STEPS_MOST 128u
#define PROBE_DETAIL 700u

struct probe_step {
    char name[24];
    enum check_result result;
    char *detail; /* owned; NULL where memory was short */
    uint64_t duration_ms;
};

struct probe {
    const struct settings *settings;
    struct lookup *lookup;         /* owned */
    struct tls_context *context;   /* owned */
    const struct partner *partner; /* NULL: not found */
    struct text domain;
    const struct srv_record_set *records; /* held; NULL: not asked */
    const struct srv_answer *answer;      /* what the identity rule gets to see, as in `run` */
    int64_t now;

    bool streams;     /* steps are printed as they end */
    bool is_terminal; /* and shown while they run */
    bool colour;
    struct probe_step *step; /* owned */
    size_t step_count, step_room;
    char under_way[24];
    uint64_t began_ns;

    bool works;
    enum reason reason; /* of the first failure; REASON_OK: none yet */
    char detail[PROBE_DETAIL];
    struct presented_chain *chain;        /* owned: of the first server that was refused */
    struct peer peer;                     /* judged from it; NULL chain: none was */
    struct revocation_evidence *evidence; /* held: what was fetched for it; or NULL */
    const struct certificate *at;
    int64_t valid_until; /* the earliest end of what the server showed; INT64_MAX: nothing was shown */
};

/* probe_walk.c. `what` is the name of a partner or a domain, and borrowed. */
void probe_init(struct probe *probe, const struct settings *settings, const char *what, int64_t now);
void probe_deinit(struct probe *probe);
/* A loop, a resolver and a TLS context, for this thread. False: said in `why`. */
bool probe_prepare(struct probe *probe, char *why, size_t size) __attribute__((warn_unused_result));
void probe_release(struct probe *probe); /* what was prepared; what was found stays */
void probe_walk(struct probe *probe);    /* the way to the partner's server */
/* The way from there, with the chain that it would present: taken in every case. */
void probe_inbound(struct probe *probe, struct presented_chain *take);
bool probe_check_partner(struct probe *probe, enum direction direction);
bool probe_ask_srv(struct probe *probe,
                   bool is_needed); /* false: it is needed, and there is no good answer */

/* probe_all.c: every domain of every partner. The exit status. */
int probe_all(const struct settings *settings, int64_t now, bool json);

/* A step begins, and is seen to. Then exactly one end. */
void probe_begin(struct probe *probe, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void probe_end(struct probe *probe, enum check_result result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The end of one that failed. The first failure is the reason of the whole. */
void probe_fail(struct probe *probe, enum reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One that is over at once. */
void probe_note(struct probe *probe, const char *name, enum check_result result, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* probe_fetch.c: the CRLs and OCSP answers that `judge` needs, as one step; see evidence_gather. True:
 * something was fetched, and it shall be judged again. */
bool probe_fetch(struct probe *probe, void (*judge)(void *context, struct peer *peer), void *context);

/* Everything on one address of a target. False: it does not work. */
bool probe_server(struct probe *probe, const struct located_target *target, const union address *address);

void probe_print_head(const struct probe *probe, FILE *out);
void probe_print_end(const struct probe *probe, FILE *out);
void probe_json(const struct probe *probe, struct json *json);

#endif
