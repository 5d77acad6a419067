/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_RELAY_FIXTURE_H
#define FEDGATE_TEST_RELAY_FIXTURE_H

/* A whole worker without loop, sockets, TLS and DNS: what goes out stays in the sessions' buffers, the clock
 * stands until it is moved, and the resolver says what the test wants. (The linker puts the fakes in the
 * place of the real ones: -Wl,--wrap.)
 *
 * Fabrikam owns fabrikam.example, contoso contoso.example, each with an anchor of its own; our domain is
 * corp.example. A session is given, not shaken hands for: `outside` came from fabrikam, `inside` from
 * fe1.corp.example, `edge` and `fe1` are those that we opened to them and that requests are sent on. */

#include "gateway/relay/hop.h"
#include "gateway/relay/relay.h"
#include "test/unit/relay/relay_test.h"

#define WORDS_MOST 256
#define EVENTS_MOST 64

/* What was written to the audit log. */
struct event {
    enum audit_event event;
    enum reason reason;
    int status;
    char method[32], partner[32], detail[128];
};

struct lab {
    struct fixture fixture;
    struct worker *worker; /* &fixture.worker */
    struct shared shared;
    struct partner_set *partners;
    struct partner *fabrikam, *contoso;
    struct trust_anchor anchor[3]; /* fabrikam's, contoso's, ours */
    struct certificate certificate[3], root[3];
    struct certificate_name name[3];
    struct presented_chain chain[3];
    struct session *outside, *inside, *edge, *fe1;
    struct sip_header header[2][WORDS_MOST + HEADERS_ADDED_MOST];

    struct event event[EVENTS_MOST]; /* the last ones */
    size_t event_count;
    const void *full; /* the session of which stream_waiting says `waiting`; `edge` at first */
    size_t waiting;
    size_t read_most;             /* of the session that was told last */
    const void *paused, *resumed; /* the sessions that last were */
    bool writing_fails;           /* the next write to any channel */
    struct session *fed[64];      /* whose channels were given octets that the stream read, in order */
    size_t fed_count;
    enum tls_state fed_state;                                     /* what feeding says */
    void (*written)(struct session *session, struct text octets); /* what goes to the channel of a session;
                                                                     NULL: nowhere */
    /* The resolver: NULL asks; a question is kept until lab_answer. */
    const struct srv_record_set *known;
    size_t questions, abandoned, address_questions;
    struct session *connecting; /* the last one that we began to open */
    size_t connects;
};

extern struct lab lab;

int lab_set_up(void **state);
int lab_tear_down(void **state); /* fails when a counter is not back at 0 */

/* One more session of the kind of those above. */
struct session *lab_session(enum peer_side side, bool we_connected, size_t who);
/* Puts a session that we opened under a hop, where requests find it. */
void lab_join(struct session *session, const struct partner *partner, const char *host, uint16_t port);

/* One more partner, fabrikam's like but for its name and domain, number 2 and up. */
void lab_add_partner(size_t number);

/* Lets the text come in on a session: "\n" stands for CR LF, "$L" for the length of the body. */
void lab_hear(struct session *session, const char *text);
/* What has been queued since the last time, NUL-terminated, CR LF as "\n"; "" when there is nothing. */
const char *lab_said(struct session *session);
/* The branch of the top Via of what was said last. */
const char *lab_branch(void);
/* The oldest question under way is answered. */
void lab_answer(const struct srv_record_set *records);
void lab_answer_addresses(enum reason outcome, size_t count);
bool lab_is_asked(bool for_addresses);      /* is such a question under way? */
void lab_connect_fails(enum reason reason); /* of the session that is being opened */
struct session *lab_connected(void);        /* it is open now, and proven to be fabrikam (or fe1) */
void lab_pass(uint64_t ms);                 /* time passes: timers fire */
void lab_close_ended(void);                 /* the close callbacks of ended sessions run */
struct event *lab_last_event(void);

static inline void expect_event(enum reason reason, int status)
{
    struct event *event = lab_last_event();
    assert_string_equal(reason_token(event->reason), reason_token(reason));
    assert_int_equal(event->status, status);
}

#define assert_says(session, expected)                                                                       \
    assert_int_equal(strncmp(lab_said(session), expected, strlen(expected)), 0)
#define assert_silent(session) assert_string_equal(lab_said(session), "")

#endif
