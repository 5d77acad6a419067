/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands for sockets, TLS, DNS and the audit log. */
#include "relay_fixture.h"

#include <stdio.h>

#include <utlist.h>

#define ENDED_MOST 32768u /* all sessions of test/cost/growth.py */

static struct session *ended[ENDED_MOST];
static size_t ended_count;
static void (*on_closed[ENDED_MOST])(void *owner);

static void end_stream(struct stream *stream, void (*closed)(void *owner))
{
    assert_true(ended_count < COUNT_OF(ended));
    ended[ended_count] = (struct session *)(void *)stream; /* see lab_session */
    on_closed[ended_count++] = closed;
}

void __wrap_stream_close(struct stream *stream, void (*closed)(void *owner));
void __wrap_stream_close(struct stream *stream, void (*closed)(void *owner))
{
    end_stream(stream, closed);
}

void __wrap_stream_finish(struct stream *stream, uint64_t timeout_ms, void (*closed)(void *owner));
void __wrap_stream_finish(struct stream *stream, uint64_t timeout_ms, void (*closed)(void *owner))
{
    (void)timeout_ms;
    end_stream(stream, closed);
}

size_t __wrap_stream_waiting(const struct stream *stream);
size_t __wrap_stream_waiting(const struct stream *stream)
{
    return stream == lab.full ? lab.waiting : 0;
}

uint64_t __wrap_stream_last_progress(struct stream *stream);
uint64_t __wrap_stream_last_progress(struct stream *stream)
{
    (void)stream;
    return lab.worker->loop.time; /* it trickles */
}

void __wrap_stream_pause(struct stream *stream);
void __wrap_stream_pause(struct stream *stream)
{
    lab.paused = stream;
}

void __wrap_stream_resume(struct stream *stream);
void __wrap_stream_resume(struct stream *stream)
{
    lab.resumed = stream;
}

void __wrap_stream_read_at_most(struct stream *stream, size_t octets);
void __wrap_stream_read_at_most(struct stream *stream, size_t octets)
{
    (void)stream;
    lab.read_most = octets;
}

const union address *__wrap_stream_peer(const struct stream *stream);
const union address *__wrap_stream_peer(const struct stream *stream)
{
    static union address inner, outer;
    static bool are_read;
    const struct session *session = (const struct session *)(const void *)stream;

    if (!are_read)
        are_read = address_read(TEXT("10.0.0.5"), 40000, &inner) &&
                   address_read(TEXT("198.51.100.7"), 40001, &outer);
    assert_true(are_read);
    return session->side == PEER_INTERNAL ? &inner : &outer;
}

const char *__wrap_stream_peer_text(const struct stream *stream);
const char *__wrap_stream_peer_text(const struct stream *stream)
{
    const struct session *session = (const struct session *)(const void *)stream;
    return session->side == PEER_INTERNAL ? "10.0.0.5:40000" : "198.51.100.7:40001";
}

enum tls_state __wrap_tls_channel_state(const struct tls_channel *channel);
enum tls_state __wrap_tls_channel_state(const struct tls_channel *channel)
{
    (void)channel;
    return TLS_CLOSED;
}

void __wrap_tls_channel_shutdown(struct tls_channel *channel);
void __wrap_tls_channel_shutdown(struct tls_channel *channel)
{
    (void)channel;
}

bool __wrap_tls_channel_write(struct tls_channel *channel, struct text octets);
bool __wrap_tls_channel_write(struct tls_channel *channel, struct text octets)
{
    if (lab.written != NULL)
        lab.written((struct session *)(uintptr_t)channel, octets); /* the channel is its session, as above */
    return !lab.writing_fails;
}

enum tls_state __wrap_tls_channel_feed(struct tls_channel *channel, struct text ciphertext, char *scratch,
                                       size_t scratch_size);
enum tls_state __wrap_tls_channel_feed(struct tls_channel *channel, struct text ciphertext, char *scratch,
                                       size_t scratch_size)
{
    (void)scratch, (void)scratch_size;
    assert_true(ciphertext.length > 0 && lab.fed_count < COUNT_OF(lab.fed));
    lab.fed[lab.fed_count++] = (struct session *)(void *)channel;
    return lab.fed_state;
}

void __wrap_tls_channel_destroy(struct tls_channel *channel);
void __wrap_tls_channel_destroy(struct tls_channel *channel)
{
    (void)channel;
}

static void keep(char *to, size_t size, struct text from)
{
    snprintf(to, size, "%.*s", TEXT_ARGUMENTS(from));
}

void __wrap_audit_write(struct audit *audit, const struct audit_record *record);
void __wrap_audit_write(struct audit *audit, const struct audit_record *record)
{
    (void)audit;
    struct event *event = &lab.event[lab.event_count++ % EVENTS_MOST];
    *event = (struct event){.event = record->event, .reason = record->reason, .status = record->status};
    keep(event->method, sizeof(event->method), record->method);
    keep(event->partner, sizeof(event->partner), record->partner);
    keep(event->detail, sizeof(event->detail), record->detail);
}

bool __wrap_resolver_peek_federation_srv(struct resolver *resolver, struct text domain,
                                         const struct srv_record_set **answer);
bool __wrap_resolver_peek_federation_srv(struct resolver *resolver, struct text domain,
                                         const struct srv_record_set **answer)
{
    (void)resolver, (void)domain;
    if (lab.known != NULL)
        *answer = lab.known;
    return lab.known != NULL;
}

/* ---- questions ---- */

struct resolver_question {
    void (*srv)(void *context, const struct srv_record_set *answer);
    void (*addresses)(void *context, const struct address_set *answer);
    void *context;
    struct resolver_question *prev, *next;
};

static struct resolver_question *questions;

static struct resolver_question *ask(struct resolver_question question)
{
    struct resolver_question *kept = malloc(sizeof(*kept));
    assert_non_null(kept);
    *kept = question;
    DL_APPEND(questions, kept);
    return kept;
}

struct resolver_question *
__wrap_resolver_federation_srv(struct resolver *resolver, struct text domain,
                               void (*answered)(void *context, const struct srv_record_set *answer),
                               void *context);
struct resolver_question *
__wrap_resolver_federation_srv(struct resolver *resolver, struct text domain,
                               void (*answered)(void *context, const struct srv_record_set *answer),
                               void *context)
{
    (void)resolver, (void)domain;
    lab.questions++;
    return ask((struct resolver_question){.srv = answered, .context = context});
}

struct resolver_question *
__wrap_resolver_addresses(struct resolver *resolver, struct text host,
                          void (*answered)(void *context, const struct address_set *answer), void *context);
struct resolver_question *
__wrap_resolver_addresses(struct resolver *resolver, struct text host,
                          void (*answered)(void *context, const struct address_set *answer), void *context)
{
    (void)resolver, (void)host;
    lab.address_questions++;
    return ask((struct resolver_question){.addresses = answered, .context = context});
}

void __wrap_resolver_question_abandon(struct resolver_question *question);
void __wrap_resolver_question_abandon(struct resolver_question *question)
{
    DL_DELETE(questions, question);
    free(question);
    lab.abandoned++;
}

static struct resolver_question *oldest(bool for_addresses)
{
    struct resolver_question *question;
    DL_FOREACH(questions, question)
    {
        if ((question->addresses != NULL) == for_addresses)
            return question;
    }
    return NULL;
}

bool lab_is_asked(bool for_addresses)
{
    return oldest(for_addresses) != NULL;
}

/* The question is gone when its answer comes; the copy lives on the stack. */
static struct resolver_question take_oldest(bool for_addresses)
{
    struct resolver_question *question = oldest(for_addresses);
    assert_non_null(question);
    if (question == NULL) /* for compilers that do not know that the assertion does not return */
        abort();
    struct resolver_question taken = *question;
    DL_DELETE(questions, question);
    free(question);
    return taken;
}

void lab_answer(const struct srv_record_set *records)
{
    struct resolver_question question = take_oldest(false);
    question.srv(question.context, records);
}

void lab_answer_addresses(enum reason outcome, size_t count)
{
    union address addresses[4] = {{{0}}};
    struct resolver_question question = take_oldest(true);
    for (size_t i = 0; i < count; i++)
        assert_true(address_read(TEXT("192.0.2.80"), 0, &addresses[i]));
    question.addresses(
        question.context,
        &(const struct address_set){.outcome = outcome, .address = addresses, .address_count = count});
}

struct stream *__wrap_stream_connect(const struct stream_home *home, const union address *to,
                                     const union address *from, uint64_t timeout_ms,
                                     const struct stream_events *events, void *owner);
struct stream *__wrap_stream_connect(const struct stream_home *home, const union address *to,
                                     const union address *from, uint64_t timeout_ms,
                                     const struct stream_events *events, void *owner)
{
    (void)home, (void)to, (void)from, (void)timeout_ms, (void)events;
    lab.connecting = owner;
    lab.connects++;
    return owner;
}

struct tls_channel *__wrap_tls_channel_create(const struct tls_context *context, struct text server_name,
                                              const struct tls_channel_events *events, void *owner);
struct tls_channel *__wrap_tls_channel_create(const struct tls_context *context, struct text server_name,
                                              const struct tls_channel_events *events, void *owner)
{
    (void)context, (void)server_name, (void)events;
    return owner;
}

bool __wrap_tls_channel_proven(const struct tls_channel *channel);
bool __wrap_tls_channel_proven(const struct tls_channel *channel)
{
    (void)channel;
    return false; /* as a TLS 1.3 client */
}

const char *__wrap_tls_channel_protocol(const struct tls_channel *channel);
const char *__wrap_tls_channel_protocol(const struct tls_channel *channel)
{
    (void)channel;
    return "";
}

void lab_close_ended(void)
{
    for (size_t i = 0; i < ended_count; i++)
        on_closed[i](ended[i]);
    ended_count = 0;
}
