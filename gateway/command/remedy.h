/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_REMEDY_H
#define FEDGATE_REMEDY_H

/* What would have to change for the other verdict: one sentence a reason, for explain and probe. Where a
 * setting of the partner might do, it is tried with the running code before it is named. */

#include "gateway/settings.h"
#include "policy/peer_judgement.h"

#define REMEDY_SIZE 1024u

/* What is known of a verdict; all borrowed, NULL and empty where it is not. */
struct remedy_case {
    const struct settings *settings;
    enum direction direction;
    enum reason reason;            /* REASON_OK: what would refuse it */
    const struct partner *partner; /* the one concerned */
    struct text domain;            /* of the partner */
    struct text request_domain;    /* the host of the Request-URI */
    struct text method;
    const struct presented_chain *chain;
    const struct peer *peer;         /* judged from the chain */
    const struct srv_answer *answer; /* what DNS said of the domain */
    const struct certificate *at;    /* the one that the reason is about */
    const struct trust_path *path;   /* accepted: what the peer is believed through */
    int64_t now;
};

/* Returns `to`. */
const char *remedy_write(const struct remedy_case *what, char to[REMEDY_SIZE]);

/* A certificate in one line: its subject, or the first name in it; escaped. Returns `to`. */
#define CERTIFICATE_SHOWN 200u
const char *certificate_show(const struct certificate *certificate, char to[CERTIFICATE_SHOWN]);

#endif
