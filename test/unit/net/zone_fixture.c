/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/net/zone_fixture.h"

#include <string.h>

static const struct line *zone;
static size_t zone_lines;
unsigned zone_unchecked;

static void put_record(struct dns_message *reply, const struct line *line)
{
    uint32_t ttl = line->ttl == 0 ? 60 : line->ttl;

    if (line->value == NULL)
        message_soa(reply, ttl, ttl);
    else if (line->type == DNS_TYPE_SRV)
        message_srv(reply, line->name, ttl, (unsigned)reply->length, 1, 5061, line->value);
    else if (line->type == DNS_TYPE_A)
        message_a(reply, line->name, ttl, line->value);
    else
        message_tlsa(reply, line->name, ttl, 3, 1, 1, text_of(line->value));
}

static const char *alias_of(const struct line *line)
{
    return line->value != NULL && begins_with(line->value, "alias ") ? line->value + 6 : NULL;
}

/* What the zone has of a name, through its aliases; the state of the answer is the worst of its lines. */
static enum state put_answer(struct dns_message *reply, const char *name, uint16_t type)
{
    enum state state = SIGNED;
    bool any = false;

    for (size_t i = 0; i < zone_lines; i++) {
        const struct line *line = &zone[i];
        if (strcmp(line->name, name) != 0 || line->type != type)
            continue;
        any = true;
        state = line->state > state ? line->state : state;
        if (alias_of(line) == NULL) {
            put_record(reply, line);
            continue;
        }
        message_cname(reply, name, 60, alias_of(line));
        enum state further = put_answer(reply, alias_of(line), type);
        return further > state ? further : state;
    }
    if (!any)
        message_soa(reply, 60, 60);
    return state;
}

void zone_script(struct resolver_fixture *fixture, struct dns_exchange *exchange)
{
    enum state state = put_answer(&exchange->reply, exchange->name, exchange->type);
    bool fails = state == FAILING || state == BOGUS_SAID || (state == BOGUS && !exchange->is_unchecked);

    (void)fixture;
    zone_unchecked += exchange->is_unchecked;
    if (state == SILENT)
        exchange->reply.length = 0;
    else if (state == SIGNED)
        exchange->reply.at[3] |= DNS_FLAG_AUTHENTIC;
    if (!fails)
        return;
    message_begin(&exchange->reply, exchange->id, DNS_FLAG_ANSWER | DNS_RCODE_SERVER_FAILURE, exchange->name,
                  exchange->type);
    if (state == BOGUS_SAID)
        message_extended_error(&exchange->reply, 7, "");
}

void change_zone(const struct line *lines, size_t count)
{
    zone = lines;
    zone_lines = count;
}

void begin_zone(struct resolver_fixture *fixture, const struct line *lines, size_t count)
{
    change_zone(lines, count);
    zone_unchecked = 0;
    fixture->options.trust_ad = true;
    begin_resolver(fixture, zone_script);
}

const struct tlsa_answer *tlsa_of(const struct srv_record_set *set, size_t index)
{
    assert_int_equal(set->answer.outcome, REASON_OK);
    assert_true(set->answer.tlsa_known);
    assert_true(index < set->answer.target_count);
    assert_non_null(set->answer.target[index].tlsa);
    return set->answer.target[index].tlsa;
}
