/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/net/record_set_build.h"

#include "policy/domain.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define STATIC_SET UINT_MAX /* references of a set that nobody owns */

/* One target while the best of an answer are sought. */
struct kept_target {
    struct srv_target target; /* host.at is set at the end */
    char host[DOMAIN_LONGEST];
};

/* Puts a record in its place by priority, behind its equals; the worst falls off the end. */
static size_t keep(struct kept_target *kept, size_t count, const struct dns_record *record)
{
    size_t place = count;

    while (place > 0 && kept[place - 1].target.priority > record->priority)
        place--;
    if (place == SRV_TARGETS_MOST)
        return count;
    size_t moved = (count < SRV_TARGETS_MOST ? count : SRV_TARGETS_MOST - 1) - place;
    memmove(kept + place + 1, kept + place, moved * sizeof kept[0]);
    kept[place].target = (struct srv_target){
        .host = record->host, .port = record->port, .priority = record->priority, .weight = record->weight};
    memcpy(kept[place].host, record->host.at, record->host.length);
    return place + 1 + moved;
}

/* The set, its targets and their names in one piece of memory. */
static struct srv_record_set *pack(const struct kept_target *kept, size_t count)
{
    size_t octets = 0;
    for (size_t i = 0; i < count; i++)
        octets += kept[i].target.host.length;

    struct srv_record_set *set = calloc(1, sizeof *set + count * sizeof(struct srv_target) + octets);
    if (set == NULL)
        return NULL;
    struct srv_target *target = (struct srv_target *)(set + 1);
    char *name = (char *)(target + count);
    for (size_t i = 0; i < count; i++) {
        target[i] = kept[i].target;
        target[i].host.at = memcpy(name, kept[i].host, target[i].host.length);
        name += target[i].host.length;
    }
    set->answer.target = count == 0 ? NULL : target;
    set->answer.target_count = count;
    set->references = 1;
    return set;
}

struct srv_record_set *srv_record_set_empty(enum reason outcome, const char *detail)
{
    struct srv_record_set *set = pack(NULL, 0);
    if (set == NULL)
        return NULL;
    set->answer.outcome = outcome;
    set->detail = detail;
    return set;
}

struct srv_record_set *srv_record_set_read(struct dns_answer *answer, const char *service)
{
    struct kept_target *kept = calloc(SRV_TARGETS_MOST, sizeof *kept);
    struct dns_record record;
    size_t count = 0;

    if (kept == NULL)
        return NULL;
    while (dns_answer_next(answer, &record)) {
        /* RFC 2782: a target of "." means that the service is decidedly not available at this domain. */
        if (record.host.length > 0 && record.port > 0)
            count = keep(kept, count, &record);
    }
    struct srv_record_set *set = pack(kept, count);
    free(kept);
    if (set == NULL)
        return NULL;
    set->answer.outcome = count > 0 ? REASON_OK : REASON_SRV_NOT_FOUND;
    set->service = count > 0 ? service : NULL;
    return set;
}

struct address_set *address_set_join(enum reason outcome, const char *canonical, const union address *first,
                                     size_t first_count, const union address *second, size_t second_count)
{
    size_t count = first_count + second_count, written = 0;
    size_t name = canonical == NULL ? 0 : strlen(canonical) + 1;

    if (count > ADDRESSES_MOST)
        count = ADDRESSES_MOST;
    struct address_set *set = calloc(1, sizeof *set + count * sizeof(union address) + name);
    if (set == NULL)
        return NULL;
    union address *address = (union address *)(set + 1);
    if (canonical != NULL)
        set->canonical = memcpy(address + count, canonical, name);
    for (size_t i = 0; written < count; i++) {
        if (i < first_count)
            address[written++] = first[i];
        if (i < second_count && written < count)
            address[written++] = second[i];
    }
    set->outcome = outcome;
    set->address = count == 0 ? NULL : address;
    set->address_count = count;
    set->references = 1;
    return set;
}

/* The counts are not const, whatever the pointer says. */
static void hold(unsigned *references)
{
    if (*references != STATIC_SET)
        (*references)++;
}

static bool let_go(unsigned *references)
{
    return *references != STATIC_SET && --*references == 0;
}

const struct srv_record_set *srv_record_set_hold(const struct srv_record_set *set)
{
    hold((unsigned *)(uintptr_t)&set->references);
    return set;
}

void srv_record_set_release(const struct srv_record_set *set)
{
    if (set != NULL && let_go((unsigned *)(uintptr_t)&set->references))
        free((void *)(uintptr_t)set);
}

const struct address_set *address_set_hold(const struct address_set *set)
{
    hold((unsigned *)(uintptr_t)&set->references);
    return set;
}

void address_set_release(const struct address_set *set)
{
    if (set != NULL && let_go((unsigned *)(uintptr_t)&set->references))
        free((void *)(uintptr_t)set);
}

const struct tlsa_set *tlsa_set_hold(const struct tlsa_set *set)
{
    hold((unsigned *)(uintptr_t)&set->references);
    return set;
}

void tlsa_set_release(const struct tlsa_set *set)
{
    if (set != NULL && let_go((unsigned *)(uintptr_t)&set->references))
        free((void *)(uintptr_t)set);
}

const struct srv_record_set *srv_record_set_static(enum reason outcome)
{
    static const struct srv_record_set not_found = {.answer.outcome = REASON_SRV_NOT_FOUND,
                                                    .references = STATIC_SET};
    static const struct srv_record_set failed = {.answer.outcome = REASON_DNS_FAILED,
                                                 .references = STATIC_SET};
    static const struct srv_record_set overloaded = {.answer.outcome = REASON_OVERLOADED,
                                                     .references = STATIC_SET};
    static const struct srv_record_set ending = {.answer.outcome = REASON_SHUTTING_DOWN,
                                                 .references = STATIC_SET};

    if (outcome == REASON_SRV_NOT_FOUND)
        return &not_found;
    if (outcome == REASON_OVERLOADED)
        return &overloaded;
    return outcome == REASON_SHUTTING_DOWN ? &ending : &failed;
}

const struct address_set *address_set_static(enum reason outcome)
{
    static const struct address_set not_found = {.outcome = REASON_ADDRESS_NOT_FOUND,
                                                 .references = STATIC_SET};
    static const struct address_set failed = {.outcome = REASON_DNS_FAILED, .references = STATIC_SET};
    static const struct address_set overloaded = {.outcome = REASON_OVERLOADED, .references = STATIC_SET};
    static const struct address_set ending = {.outcome = REASON_SHUTTING_DOWN, .references = STATIC_SET};

    if (outcome == REASON_ADDRESS_NOT_FOUND)
        return &not_found;
    if (outcome == REASON_OVERLOADED)
        return &overloaded;
    return outcome == REASON_SHUTTING_DOWN ? &ending : &failed;
}

const struct tlsa_set *tlsa_set_static(enum reason outcome)
{
    static const struct tlsa_set none = {.answer.outcome = REASON_TLSA_MISMATCH, .references = STATIC_SET};
    static const struct tlsa_set failed = {.answer.outcome = REASON_DNS_FAILED, .references = STATIC_SET};
    static const struct tlsa_set overloaded = {.answer.outcome = REASON_OVERLOADED, .references = STATIC_SET};
    static const struct tlsa_set ending = {.answer.outcome = REASON_SHUTTING_DOWN, .references = STATIC_SET};

    if (outcome == REASON_TLSA_MISMATCH)
        return &none;
    if (outcome == REASON_OVERLOADED)
        return &overloaded;
    return outcome == REASON_SHUTTING_DOWN ? &ending : &failed;
}
