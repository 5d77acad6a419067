/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a table of test/policy-cases: each row is a test of its own. How a row reads:
 * test/policy-cases/README. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cases_world.h"

#define COLUMNS_MOST 6

struct row {
    char *name; /* owned: "12: the row" */
    char *text; /* owned; cut into columns when it runs */
    char *column[COLUMNS_MOST];
    size_t count;
};

struct table {
    const char *name;
    size_t columns;
    void (*run)(struct world *world, char **column, char *outcome, size_t size);
};

/* ---- outcomes ---- */

static const char *partner_name(const struct partner *partner)
{
    return partner == NULL ? "-" : partner->name;
}

static void say_session(const struct peer_verdict *verdict, const struct peer *peer, char *to, size_t size)
{
    const struct partner *partner = peer->candidate != NULL ? peer->candidate : peer->partner;

    if (verdict->reason == REASON_OK)
        snprintf(to, size, "allow %s", partner_name(partner));
    else
        snprintf(to, size, "%s", reason_token(verdict->reason));
}

static void say_message(const struct message_verdict *verdict, char *to, size_t size)
{
    if (verdict->verdict == SPEAK_NEEDS_SRV)
        snprintf(to, size, "need");
    else if (verdict->verdict == SPEAK_ALLOWED)
        snprintf(to, size, "allow");
    else
        snprintf(to, size, "%s", reason_token(verdict->reason));
}

/* ---- requests ---- */

static void set_request_word(struct message_facts *facts, char *word)
{
    char *value;

    if ((value = world_value(word, "route")) != NULL) {
        facts->route_host = text_of(value);
    } else if ((value = world_value(word, "maddr")) != NULL) {
        facts->maddr = text_of(value);
    } else if ((value = world_value(word, "began-inbound")) != NULL ||
               (value = world_value(word, "began-outbound")) != NULL) {
        facts->in_dialog = true;
        facts->dialog_domain = text_of(value);
        facts->dialog_direction = word[6] == 'i' ? DIRECTION_INBOUND : DIRECTION_OUTBOUND;
    } else if (strcmp(word, "us") == 0) {
        facts->names_us = true;
    } else {
        world_fail("no such property of a request", word);
    }
}

/* "MESSAGE fabrikam.example > corp.example route:fe1.corp.example" */
static struct message_facts read_request(char *words, enum direction direction)
{
    struct message_facts facts = {.direction = direction};
    char *word = world_word(&words), *from = world_word(&words), *arrow = world_word(&words),
         *to = world_word(&words);

    if (to == NULL || strcmp(arrow, ">") != 0)
        world_fail("a request reads METHOD FROM > TO", word == NULL ? "" : word);
    facts.method = text_of(word);
    facts.from_domain = strcmp(from, "-") == 0 ? TEXT_NONE : text_of(from);
    facts.request_domain = text_of(to);
    while ((word = world_word(&words)) != NULL)
        set_request_word(&facts, word);
    return facts;
}

/* ---- the tables ---- */

static void run_inbound_session(struct world *world, char **column, char *outcome, size_t size)
{
    struct presented_chain *chain = world_chain(column[1]);
    struct peer peer = {0};
    struct peer_verdict verdict = peer_judge_inbound(&world->policy, chain, world->now, NULL, NULL, &peer);

    say_session(&verdict, &peer, outcome, size);
    presented_chain_destroy(chain);
}

static void run_outbound_session(struct world *world, char **column, char *outcome, size_t size)
{
    struct world_dns dns;
    struct peer peer = {0};
    struct presented_chain *chain = world_chain(column[2]);
    const struct srv_answer *known = world_answer(column[3], chain, &dns);
    struct text domain = text_of(world_word(&column[1]));
    const char *server = world_word(&column[1]);
    const struct partner *partner =
        partner_set_by_domain(world->partners, domain) == NULL && world->discovery != NULL
            ? partner_set_discovered(world->partners)
            : world->fabrikam;
    if (server != NULL)
        dns.answer = identity_answer_of_server(partner, &dns.answer, text_of(server), 5061);

    struct peer_verdict verdict =
        peer_judge_outbound(&world->policy, partner, domain, known, chain, world->now, NULL, NULL, &peer);
    say_session(&verdict, &peer, outcome, size);
    presented_chain_destroy(chain);
}

static void run_internal_session(struct world *world, char **column, char *outcome, size_t size)
{
    struct presented_chain *chain = world_chain(column[1]);
    struct peer peer = {0};
    enum peer_role role = strcmp(world_word(&column[0]), "client") == 0 ? PEER_AS_CLIENT : PEER_AS_SERVER;
    world_set_internal(world, column[0]);
    struct peer_verdict verdict =
        peer_judge_internal(&world->policy, chain, role, world->now, NULL, NULL, &peer);

    snprintf(outcome, size, "%s", verdict.reason == REASON_OK ? "allow" : reason_token(verdict.reason));
    presented_chain_destroy(chain);
}

/* The session was let in a day before `at:`, when everything was in force. */
static void run_inbound_message(struct world *world, char **column, char *outcome, size_t size)
{
    struct world_dns dns;
    struct peer peer = {0};
    struct presented_chain *chain = world_chain(column[1]);
    struct message_facts facts = read_request(column[2], DIRECTION_INBOUND);
    const struct srv_answer *known = world_answer(column[3], chain, &dns);

    (void)peer_judge_inbound(&world->policy, chain, 1700000000, NULL, NULL, &peer);
    struct message_verdict verdict =
        message_judge_inbound(&world->policy, &peer, &facts, known, world->now, NULL);
    say_message(&verdict, outcome, size);
    /* Nobody known, as explain may ask: whatever the request is, never allowed. */
    verdict = message_judge_inbound(&world->policy, NULL, &facts, known, world->now, NULL);
    if (verdict.verdict != SPEAK_DENIED)
        snprintf(outcome, size, "not denied to nobody");
    presented_chain_destroy(chain);
}

static void run_outbound_message(struct world *world, char **column, char *outcome, size_t size)
{
    struct message_facts facts = read_request(column[1], DIRECTION_OUTBOUND);
    struct message_verdict verdict = message_judge_outbound(&world->policy, &facts, world->now, NULL);

    say_message(&verdict, outcome, size);
}

static const struct table tables[] = {
    {"inbound-sessions", 3, run_inbound_session},   {"outbound-sessions", 5, run_outbound_session},
    {"internal-sessions", 3, run_internal_session}, {"inbound-messages", 5, run_inbound_message},
    {"outbound-messages", 3, run_outbound_message},
};

static const struct table *table;

/* ---- running ---- */

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        text[--length] = '\0';
    return text;
}

static void a_row(void **state)
{
    struct row *row = *state;
    struct world world;
    char outcome[64];
    char options[512] = "";

    if (row->count != table->columns) {
        fail_msg("%zu columns instead of %zu", row->count, table->columns);
    }
    char *expected = row->column[row->count - 1];
    if (table->run != run_internal_session)
        snprintf(options, sizeof(options), "%s", row->column[0]);
    world_create(&world, options);
    table->run(&world, row->column, outcome, sizeof(outcome));
    world_destroy(&world);
    assert_string_equal(outcome, expected);
}

static void cut(struct row *row)
{
    char *at = row->text;
    while (row->count < COLUMNS_MOST) {
        char *bar = strchr(at, '|');
        if (bar != NULL)
            *bar = '\0';
        row->column[row->count++] = trim(at);
        if (bar == NULL)
            return;
        at = bar + 1;
    }
    world_fail("too many columns", row->name);
}

static size_t read_rows(const char *path, struct CMUnitTest *tests, size_t most)
{
    char line[512];
    size_t count = 0;
    unsigned number = 0;
    FILE *file = fopen(path, "r");

    if (file == NULL)
        world_fail("no such table", path);
    while (fgets(line, sizeof(line), file) != NULL && count < most) {
        char *text = trim(line);
        number++;
        if (*text == '\0' || *text == '#')
            continue;
        struct row *row = calloc(1, sizeof(*row));
        size_t size = strlen(text) + 16;
        row->name = malloc(size);
        row->text = strdup(text);
        snprintf(row->name, size, "%u: %s", number, text);
        cut(row);
        tests[count++] = (struct CMUnitTest){row->name, a_row, NULL, NULL, row};
    }
    fclose(file);
    return count;
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[1000];

    if (argc != 3)
        world_fail("usage: cases_test TABLE FILE", "");
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (strcmp(tables[i].name, argv[1]) == 0)
            table = &tables[i];
    }
    if (table == NULL)
        world_fail("no such table", argv[1]);
    size_t count = read_rows(argv[2], tests, 1000);
    if (count == 0)
        world_fail("a table without rows", argv[2]);
    int failed = _cmocka_run_group_tests(argv[1], tests, count, NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        struct row *row = tests[i].initial_state;
        free(row->name);
        free(row->text);
        free(row);
    }
    return failed;
}
