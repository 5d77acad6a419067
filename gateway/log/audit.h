/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LOG_AUDIT_H
#define FEDGATE_LOG_AUDIT_H

/* audit.jsonl: one line for each decision (section 7 of the contract). */

#include "gateway/log/log_writer.h"
#include "policy/reason.h"

/* X(NAME, token) */
#define AUDIT_EVENTS(X)                                                                                      \
    X(SESSION_ACCEPTED, "session-accepted")                                                                  \
    X(SESSION_REFUSED, "session-refused")                                                                    \
    X(SESSION_CLOSED, "session-closed")                                                                      \
    X(REQUEST, "request")                                                                                    \
    X(POLICY_LOADED, "policy-loaded")                                                                        \
    X(POLICY_REJECTED, "policy-rejected")                                                                    \
    X(CERTIFICATE_ENDING, "certificate-ending")                                                              \
    X(STARTED, "started")                                                                                    \
    X(STOPPING, "stopping")                                                                                  \
    X(LINES_LOST, "lines-lost") /* written by the writer itself: how many lines could not be */

enum audit_event {
#define X(name, token) AUDIT_##name,
    AUDIT_EVENTS(X)
#undef X
};

enum audit_side { AUDIT_NO_SIDE, AUDIT_INTERNAL, AUDIT_EXTERNAL };
enum audit_users { AUDIT_USERS_FULL, AUDIT_USERS_DOMAIN, AUDIT_USERS_HASH };

struct partner_counts;

/* Zero is "does not apply" for every member but event and reason. Texts may hold any octets; they are
 * borrowed during the call. They are written in the order given here, after the time. */
struct audit_record {
    enum audit_event event;
    enum reason reason;
    uint64_t session; /* written as 16 hex digits */
    enum audit_side side;
    bool has_direction;
    enum direction direction;
    struct text partner;
    struct text peer;                     /* ip:port */
    const struct text *certificate_names; /* "dns:x", "sip:x", "cn:x" */
    size_t certificate_name_count;        /* at most AUDIT_NAMES_MOST are written */
    struct text issuer;
    struct text anchor; /* "sha256:HEX subject" */
    struct text tls;    /* "TLSv1.3 TLS_AES_128_GCM_SHA256" */
    struct text method;
    struct text from,
        to; /* URIs without parameters; the user part is shown as the settings say, a password never */
    struct text call_id;
    int status; /* SIP */
    bool has_duration;
    int64_t duration_ms;
    uint64_t policy;  /* generation */
    struct text what; /* certificate-ending: "own-certificate", "anchor", "peer-certificate", "crl" */
    struct text subject;
    int64_t ends;      /* certificate-ending: seconds since 1970; 0: does not apply */
    int64_t days_left; /* with `ends`: whole days */
    struct text detail;
    struct partner_counts *partner_counts; /* not written: the thread's own of this partner, see counts.h;
                                              NULL: its partner is not known */
};

#define AUDIT_NAMES_MOST 16u
#define AUDIT_KEY_OCTETS 16u
#define AUDIT_QUEUE_OCTETS (8u << 20)

struct operation_log;

/* Opens audit.jsonl; `log` is told of lost lines, too. NULL: `trouble` holds a sentence. */
struct log_file *audit_open(struct log_writer *writer, struct operation_log *log, char *trouble,
                            size_t trouble_size) __attribute__((warn_unused_result));

/* The pen of one thread: each has its own, on the same file. `key`: for AUDIT_USERS_HASH, the same for all
 * pens; whoever holds it can test guesses of users. Logs can be compared as long as it stays the same. NULL:
 * no memory. */
struct audit;
struct audit *audit_create(struct log_file *file, enum audit_users users, const uint8_t key[AUDIT_KEY_OCTETS])
    __attribute__((warn_unused_result));
void audit_destroy(struct audit *audit);                           /* NULL is fine */
void audit_set_users(struct audit *audit, enum audit_users users); /* after a reload */

/* Never blocks, never fails: see log_file_write. */
void audit_write(struct audit *audit, const struct audit_record *record);

/* The line itself, newline included, as audit_write would write it at `now_ms` (ms since 1970, UTC). Borrowed
 * until the next call. */
struct text audit_format(struct audit *audit, const struct audit_record *record, int64_t now_ms);

#endif
