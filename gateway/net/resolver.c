/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The happy path of a question: it is not in the cache, a lookup is started or joined, the lookup comes to an
 * answer, the answer is cached, and delivered to all who asked in the next turn of the loop.
 *
 * It can fail by overload (too many queries wait), by the deadline, by what the DNS says; and it can be
 * abandoned, or the resolver closed, at any of these points. When the DNS fails, an expired answer helps out
 * for a while. */
#include "gateway/net/resolver_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void deliver(uv_idle_t *idle);
static void deadline_over(uv_timer_t *timer);

/* ---- answers on their way to the askers ---- */

static void wake_delivery(struct resolver *resolver)
{
    uv_idle_start(&resolver->deliver, deliver);
}

/* The question leaves its lookup and waits for its turn. Takes no reference away from the caller. */
static void answer_question(struct resolver_question *question, const void *set)
{
    struct resolver *resolver = question->resolver;

    if (question->lookup != NULL)
        DL_DELETE(question->lookup->questions, question);
    question->lookup = NULL;
    question->answer = set_hold(question->kind, set);
    DL_APPEND(resolver->answered, question);
    wake_delivery(resolver);
}

static void resolver_gone(uv_handle_t *handle)
{
    struct resolver *resolver = handle->data;

    if (--resolver->open_handles > 0)
        return;
    if (resolver->on_closed != NULL)
        resolver->on_closed(resolver->context);
    resolver_free(resolver);
}

/* Closing: the last answers are delivered and the channel is gone. */
static void end_when_idle(struct resolver *resolver)
{
    if (!resolver->closing || resolver->ended || resolver->channel != NULL || resolver->answered != NULL)
        return;
    resolver->ended = true;
    uv_close((uv_handle_t *)&resolver->deliver, resolver_gone);
    uv_close((uv_handle_t *)&resolver->deadline, resolver_gone);
}

static void deliver(uv_idle_t *idle)
{
    struct resolver *resolver = idle->data;
    struct resolver_question *question;
    size_t count;

    /* Those that a callback asks anew wait for the next turn. */
    DL_COUNT(resolver->answered, question, count);
    for (; count > 0 && resolver->answered != NULL; count--) {
        question = resolver->answered;
        DL_DELETE(resolver->answered, question);
        question_answer(question);
        set_release(question->kind, question->answer);
        free(question);
    }
    if (resolver->answered == NULL)
        uv_idle_stop(idle);
    end_when_idle(resolver);
}

/* ---- lookups ---- */

static void arm_deadline(struct resolver *resolver)
{
    uint64_t now = uv_now(resolver->loop);

    if (resolver->lookups == NULL) {
        uv_timer_stop(&resolver->deadline);
        return;
    }
    uint64_t deadline = resolver->lookups->deadline;
    uv_timer_start(&resolver->deadline, deadline_over, deadline > now ? deadline - now : 0, 0);
}

static void deadline_over(uv_timer_t *timer)
{
    struct resolver *resolver = timer->data;

    while (resolver->lookups != NULL && resolver->lookups->deadline <= uv_now(resolver->loop))
        lookup_give_up(resolver->lookups, "no answer in time");
    arm_deadline(resolver);
}

static void lookup_free(struct lookup *lookup)
{
    struct resolver *resolver = lookup->resolver;
    bool was_first = lookup == resolver->lookups;

    HASH_DEL(resolver->lookup_by_name[lookup->kind], lookup);
    DL_DELETE(resolver->lookups, lookup);
    proof_free(lookup->proof);
    free(lookup);
    if (was_first)
        arm_deadline(resolver);
}

static void lookup_answer(struct lookup *lookup, const void *set)
{
    struct resolver_question *question, *next;

    DL_FOREACH_SAFE(lookup->questions, question, next)
    {
        answer_question(question, set);
    }
    lookup_free(lookup);
}

void resolver_finish(struct lookup *lookup, void *take_set, enum reason outcome, uint64_t ttl_ms,
                     uint64_t stale_ms)
{
    struct resolver *resolver = lookup->resolver;
    struct dns_cache *cache = resolver->sets[lookup->kind];
    struct text name = {lookup->name, lookup->name_length};
    enum question_kind kind = lookup->kind;
    uint64_t now = uv_now(resolver->loop), begun = lookup->deadline - resolver->timeout_ms, until;

    resolver_count_lookup(resolver->counts, kind, outcome, now > begun ? now - begun : 0);
    /* RFC 8767 5: an expired answer is better than none, for a while. */
    void *older = outcome == REASON_DNS_FAILED ? dns_cache_prolong(cache, name, now, &until) : NULL;
    if (older != NULL) {
        set_note_times(kind, older, until, true);
        resolver_count_add(&resolver->counts->stale[kind], 1);
        lookup_answer(lookup, older);
    } else if (take_set != NULL) {
        set_note_times(kind, take_set, now + ttl_ms, false);
        set_hold(kind, take_set);
        dns_cache_put(cache, name, now, take_set, ttl_ms, stale_ms);
        lookup_answer(lookup, take_set);
    } else {
        lookup_answer(lookup, set_static(kind, REASON_OVERLOADED));
    }
    if (take_set != NULL)
        set_release(kind, take_set);
    atomic_store_explicit(&resolver->counts->entries[kind], dns_cache_count(cache), memory_order_relaxed);
}

/* NULL: no memory, or too many queries wait. */
static struct lookup *lookup_create(struct resolver *resolver, enum question_kind kind, struct text name)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL)
        return NULL;
    uv_update_time(resolver->loop); /* the deadline counts from now */
    lookup->resolver = resolver;
    lookup->kind = kind;
    lookup->deadline = uv_now(resolver->loop) + resolver->timeout_ms;
    lookup->name_length = name.length;
    for (size_t i = 0; i < name.length; i++)
        lookup->name[i] = text_lower(name.at[i]);
    lookup->linked = true;
    HASH_ADD(hh, resolver->lookup_by_name[kind], name, lookup->name_length, lookup);
    if (!lookup->linked) {
        free(lookup);
        return NULL;
    }
    DL_APPEND(resolver->lookups, lookup); /* all have the same time: the last one ends last */
    if (!lookup_start(lookup)) {
        lookup_free(lookup);
        return NULL;
    }
    if (resolver->lookups == lookup)
        arm_deadline(resolver);
    return lookup;
}

static struct lookup *lookup_find(struct resolver *resolver, enum question_kind kind, struct text name)
{
    char key[DOMAIN_LONGEST];
    struct lookup *lookup;

    for (size_t i = 0; i < name.length; i++)
        key[i] = text_lower(name.at[i]);
    HASH_FIND(hh, resolver->lookup_by_name[kind], key, name.length, lookup);
    return lookup;
}

/* ---- questions ---- */

struct resolver_question *question_ask(struct resolver_question *question, struct text name)
{
    struct resolver *resolver = question->resolver;
    enum question_kind kind = question->kind;

    assert(!resolver->closing);
    name = domain_without_dot(name);
    const void *known = known_answer(resolver, kind, name);
    if (known != NULL) {
        answer_question(question, known);
        return question;
    }
    resolver_count_add(&resolver->counts->misses[kind], 1);
    struct lookup *lookup = lookup_find(resolver, kind, name);
    if (lookup == NULL)
        lookup = lookup_create(resolver, kind, name);
    if (lookup == NULL) {
        resolver_count_add(&resolver->counts->overloaded, 1);
        answer_question(question, set_static(kind, REASON_OVERLOADED));
        return question;
    }
    question->lookup = lookup;
    DL_APPEND(lookup->questions, question);
    return question;
}

struct resolver_question *question_create(struct resolver *resolver, enum question_kind kind, void *context)
{
    struct resolver_question *question = calloc(1, sizeof *question);
    if (question == NULL)
        return NULL;
    question->resolver = resolver;
    question->kind = kind;
    question->context = context;
    return question;
}

struct resolver_question *
resolver_federation_srv(struct resolver *resolver, struct text domain,
                        void (*answered)(void *context, const struct srv_record_set *answer), void *context)
{
    struct resolver_question *question = question_create(resolver, QUESTION_SRV, context);
    if (question == NULL)
        return NULL;
    question->answered.srv = answered;
    return question_ask(question, domain);
}

struct resolver_question *
resolver_federation_tlsa(struct resolver *resolver, struct text domain,
                         void (*answered)(void *context, const struct srv_record_set *answer), void *context)
{
    struct resolver_question *question = question_create(resolver, QUESTION_PROOF, context);
    if (question == NULL)
        return NULL;
    question->answered.srv = answered;
    return question_ask(question, domain);
}

struct resolver_question *
resolver_addresses(struct resolver *resolver, struct text host,
                   void (*answered)(void *context, const struct address_set *answer), void *context)
{
    struct resolver_question *question = question_create(resolver, QUESTION_ADDRESSES, context);
    if (question == NULL)
        return NULL;
    question->answered.addresses = answered;
    return question_ask(question, host);
}

void resolver_question_abandon(struct resolver_question *question)
{
    if (question->lookup != NULL) {
        DL_DELETE(question->lookup->questions, question);
    } else {
        DL_DELETE(question->resolver->answered, question);
        set_release(question->kind, question->answer);
    }
    free(question);
}

/* ---- the end ---- */

static void channel_closed(void *context)
{
    struct resolver *resolver = context;

    resolver->channel = NULL;
    end_when_idle(resolver);
}

void resolver_close(struct resolver *resolver, void (*on_closed)(void *context), void *context)
{
    assert(!resolver->closing);
    resolver->closing = true;
    resolver->on_closed = on_closed;
    resolver->context = context;
    while (resolver->lookups != NULL) {
        struct lookup *lookup = resolver->lookups;
        lookup_abandon(lookup);
        lookup_answer(lookup, set_static(lookup->kind, REASON_SHUTTING_DOWN));
    }
    dns_channel_close(resolver->channel, channel_closed, resolver);
}

void resolver_statistics(const struct resolver *resolver, struct resolver_statistics *statistics)
{
    const struct dns_channel_statistics *channel = dns_channel_statistics(resolver->channel);

    *statistics = (struct resolver_statistics){.queries = channel->queries,
                                               .answers = channel->answers,
                                               .failures = channel->failures,
                                               .timeouts = channel->timeouts,
                                               .overloaded = resolver->counts->overloaded,
                                               .in_flight = channel->in_flight,
                                               .waiting = channel->waiting};
}
