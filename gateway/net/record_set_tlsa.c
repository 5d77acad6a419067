/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/net/record_set_build.h"

#include <stdlib.h>
#include <string.h>

/* Memory that is handed out piece by piece: structs first, then octets. */
struct room {
    char *at;
};

static struct text put(struct room *room, struct text octets)
{
    struct text copy = {room->at, octets.length};

    if (octets.length > 0)
        memcpy(room->at, octets.at, octets.length);
    room->at += octets.length;
    return copy;
}

struct tlsa_set *tlsa_set_empty(enum reason outcome, const char *detail)
{
    struct tlsa_set *set = calloc(1, sizeof *set);

    if (set == NULL)
        return NULL;
    set->answer.outcome = outcome;
    set->answer.detail = detail;
    set->references = 1;
    return set;
}

struct tlsa_set *tlsa_set_read(struct dns_answer *answer)
{
    struct tlsa_record kept[TLSA_RECORDS_MOST];
    struct dns_record record;
    size_t count = 0, octets = 0;

    while (count < TLSA_RECORDS_MOST && dns_answer_next(answer, &record)) {
        if (record.tlsa.data.length > TLSA_DATA_LONGEST)
            continue;
        kept[count++] = record.tlsa;
        octets += record.tlsa.data.length;
    }
    struct tlsa_set *set = calloc(1, sizeof *set + count * sizeof kept[0] + octets);
    if (set == NULL)
        return NULL;
    struct tlsa_record *to = (struct tlsa_record *)(set + 1);
    struct room room = {(char *)(to + count)};
    for (size_t i = 0; i < count; i++) {
        to[i] = kept[i];
        to[i].data = put(&room, kept[i].data);
    }
    set->answer = (struct tlsa_answer){
        .outcome = count > 0 ? REASON_OK : REASON_TLSA_MISMATCH, .record = to, .count = count};
    set->references = 1;
    return set;
}

/* What a copy of the answers takes besides the structs of the targets. */
static size_t size_of(const struct tlsa_answer *tlsa, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++) {
        size += sizeof tlsa[i] + tlsa[i].base.length + tlsa[i].count * sizeof tlsa[i].record[0];
        for (size_t j = 0; j < tlsa[i].count; j++)
            size += tlsa[i].record[j].data.length;
    }
    return size;
}

/* The answers lie behind the targets, all records behind the answers, all octets at the end. */
static void copy_answers(struct srv_target *target, size_t count, const struct tlsa_answer *tlsa,
                         void *memory)
{
    struct tlsa_answer *to = memory;
    struct tlsa_record *record = (struct tlsa_record *)(to + count);
    struct room room = {(char *)record};

    for (size_t i = 0; i < count; i++)
        room.at += tlsa[i].count * sizeof *record;
    for (size_t i = 0; i < count; i++) {
        to[i] = tlsa[i];
        to[i].base = put(&room, tlsa[i].base);
        to[i].record = record;
        for (size_t j = 0; j < tlsa[i].count; j++) {
            *record = tlsa[i].record[j];
            record++->data = put(&room, tlsa[i].record[j].data);
        }
        target[i].tlsa = &to[i];
    }
}

struct srv_record_set *srv_record_set_with_tlsa(const struct srv_record_set *srv,
                                                const struct tlsa_answer *tlsa)
{
    size_t count = srv->answer.target_count, octets = 0;

    if (count > TLSA_TARGETS_MOST)
        count = TLSA_TARGETS_MOST;
    for (size_t i = 0; i < count; i++)
        octets += srv->answer.target[i].host.length;
    size_t answers = tlsa == NULL ? 0 : size_of(tlsa, count);
    struct srv_record_set *set =
        calloc(1, sizeof *set + count * sizeof(struct srv_target) + answers + octets);
    if (set == NULL)
        return NULL;
    struct srv_target *target = (struct srv_target *)(set + 1);
    struct room room = {(char *)(target + count) + answers};

    set->answer = srv->answer;
    set->answer.target = count == 0 ? NULL : target;
    set->answer.target_count = count;
    set->answer.tlsa_known = true;
    set->service = srv->service;
    set->detail = srv->detail;
    set->references = 1;
    for (size_t i = 0; i < count; i++) {
        target[i] = srv->answer.target[i];
        target[i].tlsa = NULL;
        target[i].host = put(&room, srv->answer.target[i].host);
    }
    if (tlsa != NULL)
        copy_answers(target, count, tlsa, target + count);
    return set;
}
