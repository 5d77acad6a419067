/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The happy path of a proof: the SRV records are asked for, then the addresses of each target, then the TLSA
 * records of each; all of them are questions to the same resolver, so that they come from its caches, and
 * equal ones are joined. When none is open any more, what they came to is put together.
 *
 * What is not DNSSEC-secure ends the way of a target, or of the whole (RFC 7673 3.1, 3.2); nothing is asked
 * in vain. */
#include "gateway/net/resolver_parts.h"

#include <stdio.h>
#include <stdlib.h>

struct proof_target {
    struct lookup *lookup;
    struct resolver_question *question;  /* NULL: none is open */
    const struct address_set *addresses; /* held */
    const struct tlsa_set *tlsa;         /* held */
    struct tlsa_answer answer;
};

struct proof {
    struct resolver_question *question; /* SRV */
    const struct srv_record_set *srv;   /* held */
    struct proof_target target[TLSA_TARGETS_MOST];
    size_t target_count, open; /* targets; those whose way is not over */
    uint64_t expires;          /* of what was used so far */
};

void proof_free(struct proof *proof)
{
    if (proof == NULL)
        return;
    if (proof->question != NULL)
        resolver_question_abandon(proof->question);
    for (size_t i = 0; i < proof->target_count; i++) {
        if (proof->target[i].question != NULL)
            resolver_question_abandon(proof->target[i].question);
        address_set_release(proof->target[i].addresses);
        tlsa_set_release(proof->target[i].tlsa);
    }
    srv_record_set_release(proof->srv);
    free(proof);
}

static void note_end(struct proof *proof, uint64_t expires)
{
    if (expires < proof->expires)
        proof->expires = expires;
}

/* ---- the end ---- */

static void finish(struct lookup *lookup)
{
    const struct proof *proof = lookup->proof;
    struct tlsa_answer answer[TLSA_TARGETS_MOST];
    uint64_t now = uv_now(lookup->resolver->loop);

    for (size_t i = 0; i < proof->target_count; i++)
        answer[i] = proof->target[i].answer;
    struct srv_record_set *set =
        srv_record_set_with_tlsa(proof->srv, proof->target_count == 0 ? NULL : answer);
    resolver_finish(lookup, set, set == NULL ? REASON_OVERLOADED : set->answer.outcome,
                    proof->expires > now ? proof->expires - now : 0, 0);
}

static void way_over(struct proof_target *target)
{
    struct lookup *lookup = target->lookup;

    if (--lookup->proof->open == 0)
        finish(lookup);
}

static void refuse(struct proof_target *target, enum reason outcome, enum dns_security security,
                   const char *detail)
{
    target->answer.outcome = outcome;
    target->answer.security = security;
    target->answer.detail = detail;
    way_over(target);
}

/* ---- TLSA ---- */

static void tlsa_known(void *context, const struct tlsa_set *set);

/* RFC 6698 3 */
static void ask_tlsa(struct proof_target *target, size_t index, struct text base)
{
    struct lookup *lookup = target->lookup;
    char owner[DNS_NAME_SIZE + 16];

    target->answer.base = base;
    int length = snprintf(owner, sizeof owner, "_%u._tcp.%.*s", lookup->proof->srv->answer.target[index].port,
                          TEXT_ARGUMENTS(base));
    if (length < 0 || length > DOMAIN_LONGEST) {
        refuse(target, REASON_TLSA_MISMATCH, DNS_SECURE, "its name is too long to have a TLSA record");
        return;
    }
    struct resolver_question *question = question_create(lookup->resolver, QUESTION_TLSA, target);
    if (question == NULL) {
        refuse(target, REASON_OVERLOADED, DNS_INSECURE, "no memory");
        return;
    }
    question->answered.tlsa = tlsa_known;
    target->question = question_ask(question, (struct text){owner, (size_t)length});
}

static void tlsa_known(void *context, const struct tlsa_set *set)
{
    struct proof_target *target = context;
    struct proof *proof = target->lookup->proof;
    size_t index = (size_t)(target - proof->target);
    struct text host = proof->srv->answer.target[index].host, base = target->answer.base;

    target->question = NULL;
    note_end(proof, set->expires);
    if (set->answer.outcome == REASON_TLSA_MISMATCH && !domain_equal(base, host)) {
        ask_tlsa(target, index, host);
        return;
    }
    target->tlsa = tlsa_set_hold(set);
    target->answer = set->answer;
    target->answer.base = base;
    if (set->answer.outcome == REASON_OK && set->answer.security == DNS_INSECURE)
        target->answer.detail = "its TLSA records are not DNSSEC-secure";
    way_over(target);
}

/* ---- addresses ---- */

static void addresses_known(void *context, const struct address_set *set)
{
    struct proof_target *target = context;
    struct proof *proof = target->lookup->proof;
    size_t index = (size_t)(target - proof->target);

    target->question = NULL;
    target->addresses = address_set_hold(set);
    note_end(proof, set->expires);
    if (set->security == DNS_BOGUS)
        refuse(target, REASON_DNS_BOGUS, DNS_BOGUS, set->detail);
    else if (set->outcome != REASON_OK)
        refuse(target, set->outcome, set->security, set->detail);
    else if (set->stale)
        refuse(target, REASON_DNS_FAILED, DNS_INSECURE, "its addresses cannot be asked for again");
    else if (set->security != DNS_SECURE)
        refuse(target, REASON_TLSA_MISMATCH, DNS_INSECURE, "its addresses are not DNSSEC-secure");
    else
        ask_tlsa(target, index,
                 set->canonical == NULL ? proof->srv->answer.target[index].host : text_of(set->canonical));
}

/* ---- SRV ---- */

static void ask_addresses(struct proof_target *target, struct text host)
{
    struct lookup *lookup = target->lookup;
    struct resolver_question *question = question_create(lookup->resolver, QUESTION_ADDRESSES, target);

    target->answer = (struct tlsa_answer){.outcome = REASON_DNS_FAILED, .base = host};
    if (question == NULL) {
        refuse(target, REASON_OVERLOADED, DNS_INSECURE, "no memory");
        return;
    }
    question->answered.addresses = addresses_known;
    target->question = question_ask(question, host);
}

static void srv_known(void *context, const struct srv_record_set *set)
{
    struct lookup *lookup = context;
    struct proof *proof = lookup->proof;

    proof->question = NULL;
    proof->srv = srv_record_set_hold(set);
    note_end(proof, set->expires);
    if (set->answer.outcome != REASON_OK || set->answer.security != DNS_SECURE || set->answer.stale) {
        finish(lookup);
        return;
    }
    proof->target_count =
        set->answer.target_count < TLSA_TARGETS_MOST ? set->answer.target_count : TLSA_TARGETS_MOST;
    proof->open = proof->target_count + 1; /* one for us: nothing ends before all have begun */
    for (size_t i = 0; i < proof->target_count; i++) {
        proof->target[i].lookup = lookup;
        ask_addresses(&proof->target[i], set->answer.target[i].host);
    }
    if (--proof->open == 0)
        finish(lookup);
}

bool proof_start(struct lookup *lookup)
{
    struct proof *proof = calloc(1, sizeof *proof);
    struct resolver_question *question =
        proof == NULL ? NULL : question_create(lookup->resolver, QUESTION_SRV, lookup);

    if (question == NULL) {
        free(proof);
        return false;
    }
    lookup->proof = proof;
    proof->expires = UINT64_MAX;
    question->answered.srv = srv_known;
    proof->question = question_ask(question, (struct text){lookup->name, lookup->name_length});
    return true;
}

void proof_give_up(struct lookup *lookup, const char *detail)
{
    struct proof *proof = lookup->proof;

    note_end(proof, uv_now(lookup->resolver->loop) + DNS_FAILURE_TTL_MS);
    if (proof->srv == NULL) {
        resolver_finish(lookup, srv_record_set_empty(REASON_DNS_FAILED, detail), REASON_DNS_FAILED,
                        DNS_FAILURE_TTL_MS, 0);
        return;
    }
    for (size_t i = 0; i < proof->target_count; i++) {
        struct proof_target *target = &proof->target[i];
        if (target->question == NULL)
            continue;
        resolver_question_abandon(target->question);
        target->question = NULL;
        target->answer.outcome = REASON_DNS_FAILED;
        target->answer.security = DNS_INSECURE;
        target->answer.detail = detail;
    }
    finish(lookup);
}
