/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_EXPLAIN_H
#define FEDGATE_EXPLAIN_H

/* What the files of `fedgate explain` share: the question, what the judgements looked at, and the verdict.
 *
 *     explain.c         arguments -> question
 *     explain_chain.c   every path that was tried
 *     explain_dns.c     what DNS says: --srv, --dns, or nothing
 *     explain_tlsa.c    the same of TLSA records: --tlsa
 *     explain_judge.c   asks the judgements in the order of `run`
 *     explain_print.c, explain_json.c */

#include "gateway/command/evidence.h"
#include "gateway/command/lookup.h"
#include "gateway/command/options.h"
#include "gateway/command/remedy.h"
#include "gateway/sip/uri.h"
#include "policy/message_judgement.h"

#define EXPLAIN_CHECKS_MOST 48u
#define EXPLAIN_PATHS_MOST 64u

#define EXPLAIN_PORT 5061u                /* of --srv and --tlsa without one */
#define EXPLAIN_NOT_REACHED "not reached" /* the detail of a check that another one made needless */

/* Where a check belongs. */
enum explain_stage { STAGE_SESSION, STAGE_REQUEST, STAGE_LOCATION, STAGE_PARTNER };

struct explain_check {
    enum explain_stage stage;
    char name[32];
    enum check_result result;
    char detail[512];
};

/* One way from the presented leaf. */
struct explain_path {
    const struct certificate *certificate[TRUST_PATH_LONGEST];
    size_t count;
    const struct trust_anchor *anchor; /* where it ends; NULL: it did not get there */
    const struct certificate *at;      /* where it broke */
    enum reason reason;                /* REASON_OK: it holds */
    const char *detail;                /* a literal; "" when it holds */
    int64_t valid_until;               /* when it holds */
};

enum explain_outcome { EXPLAIN_ALLOW, EXPLAIN_DENY, EXPLAIN_NEED };

struct explanation {
    /* The question. */
    const struct settings *settings;
    enum direction direction;
    int64_t now;
    const char *from, *to; /* as written */
    struct sip_uri to_uri;
    struct message_facts facts;
    struct presented_chain *chain;        /* owned; NULL: none was given */
    const struct option_values *srv;      /* --srv, checked */
    const struct option_values *tlsa;     /* --tlsa, checked */
    enum dns_security srv_security;       /* of them */
    struct lookup *lookup;                /* owned; NULL: --dns was not given */
    const struct srv_record_set *records; /* held: of the resolver */
    struct srv_target target[OPTION_VALUES_MOST];
    struct srv_answer given;                            /* --srv as an answer */
    struct tlsa_answer tlsa_answer[OPTION_VALUES_MOST]; /* --tlsa, of each of the targets */
    struct tlsa_record tlsa_record[OPTION_VALUES_MOST + 1];
    uint8_t tlsa_data[OPTION_VALUES_MOST + 1][TLSA_DATA_LONGEST];

    /* What was seen. */
    enum explain_stage stage; /* under way */
    struct explain_check check[EXPLAIN_CHECKS_MOST];
    size_t check_count;
    struct explain_path path[EXPLAIN_PATHS_MOST];
    size_t path_count, paths_left_out;
    struct peer peer;
    struct revocation_evidence *evidence; /* held: what `run` has kept of CRLs and OCSP answers; or NULL */
    bool has_peer;                        /* the chain was judged */
    const struct srv_answer *answer;      /* of DNS, when there was one */

    /* The verdict. */
    enum explain_outcome outcome;
    enum reason reason;
    const struct partner *partner;
    struct text domain;
    const struct trust_path *accepted; /* what the peer is believed through */
    char need[400];                    /* what is missing, in words */
    char detail[PEER_DETAIL];          /* more on a denial; "" when there is nothing to add */
};

/* explain_chain.c */
struct trust_trace explain_trace(struct explanation *explanation);
void explain_keep_found_paths(struct explanation *explanation);
/* The certificate that a reason is about, as the paths tell; NULL: none of them does. */
const struct certificate *explain_broken_at(const struct explanation *explanation, enum reason reason);

/* explain_dns.c. Is DOMAIN=HOST[:PORT] or DOMAIN=none well written? */
bool explain_srv_is_valid(const char *written);
/* What is known of a domain's SRV records, and for rule dane of the TLSA records of the targets, noted as
 * checks; NULL: nothing, and explanation->need says so, as it does where TLSA records are missing. */
const struct srv_answer *explain_srv(struct explanation *explanation, struct text domain);
/* Where the partner's servers are; asked only with --dns. REASON_OK where one of them has an address. */
enum reason explain_addresses(struct explanation *explanation, const struct partner *partner);

/* explain_tlsa.c. Is HOST:PORT=USAGE SELECTOR MATCHING HEX or HOST:PORT=none well written? */
bool explain_tlsa_is_valid(const char *written);
void explain_take_tlsa(struct explanation *explanation); /* --tlsa into explanation->given */
void explain_note_tlsa(struct explanation *explanation, const struct srv_answer *answer);
#define TLSA_ANSWER_SHOWN 400u
/* "_5061._tcp.edge.example: 3 1 1 4bf5122f...", or why there is none. The target has an answer. */
void tlsa_answer_show(const struct srv_target *target, char to[TLSA_ANSWER_SHOWN]);

/* explain_judge.c */
void explain_judge(struct explanation *explanation);
void explain_note(struct explanation *explanation, const char *name, enum check_result result,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

const char *explain_outcome_word(enum explain_outcome outcome); /* "allow", "deny", "need" */
const char *explain_result_word(enum check_result result);      /* "passed", ... */
const char *explain_stage_word(enum explain_stage stage);       /* "session", ... */
/* One sentence. */
const char *explain_remedy(const struct explanation *explanation, char to[REMEDY_SIZE]);
void explain_print(const struct explanation *explanation, FILE *out);
void explain_json(const struct explanation *explanation, FILE *out);

#endif
