/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "relay_fixture.h"

#include <stdio.h>

#include <utlist.h>

#include "policy/partner_set.h"

struct lab lab;

static struct host_port edge_of_fabrikam = {"edge.fabrikam.example", 5061};
static struct host_port second_edge = {"edge2.fabrikam.example", 5061};
static struct host_port edge_of_contoso = {"edge.contoso.example", 5061};
static struct host_port next_hop[2] = {{"fe1.corp.example", 5061}, {"fe2.corp.example", 5061}};

/* ---- the lab ---- */

static const char *const names[3] = {"fabrikam.example", "contoso.example", "fe1.corp.example"};

static void make_certificate(size_t who)
{
    lab.name[who] = (struct certificate_name){CERTIFICATE_NAME_DNS, text_of(names[who])};
    lab.certificate[who] =
        (struct certificate){.names = &lab.name[who], .name_count = 1, .has_subject_alternative_name = true};
    lab.anchor[who] =
        (struct trust_anchor){.certificate = &lab.root[who], .index = (uint32_t)who, .subject = "root"};
    lab.chain[who] = (struct presented_chain){.certificate = {&lab.certificate[who]}, .count = 1};
}

static char *copy(const char *string)
{
    char *made = strdup(string);
    assert_non_null(made);
    return made;
}

static struct partner *make_partner(size_t who, const char *name, struct host_port *fixed, size_t fixed_count)
{
    struct partner *partner = calloc(1, sizeof(*partner));
    partner->name = copy(name);
    partner->domains = calloc(1, sizeof(*partner->domains));
    partner->domains[0] = copy(names[who]);
    partner->domain_count = 1;
    partner->anchors = calloc(1, sizeof(*partner->anchors));
    partner->anchors[0] = &lab.anchor[who];
    partner->anchor_count = 1;
    partner->enabled = true;
    partner->valid_from = INT64_MIN;
    partner->valid_until = INT64_MAX;
    partner->direction = PARTNER_DIRECTION_INBOUND | PARTNER_DIRECTION_OUTBOUND;
    partner->limits = (struct partner_limits){500, 1000, 16, 4096};
    partner->locate = LOCATE_FIXED;
    partner->fixed = calloc(fixed_count, sizeof(*fixed));
    partner->fixed_count = fixed_count;
    for (size_t i = 0; i < fixed_count; i++)
        partner->fixed[i] = (struct host_port){copy(fixed[i].host), fixed[i].port};
    assert_true(partner_set_add(lab.partners, partner));
    return partner;
}

void lab_add_partner(size_t number)
{
    char name[32], domain[48];
    struct partner *partner = calloc(1, sizeof(*partner));

    assert_non_null(partner);
    snprintf(name, sizeof(name), "partner%zu", number);
    snprintf(domain, sizeof(domain), "%s.example", name);
    *partner = (struct partner){.name = copy(name), .domain_count = 1, .anchor_count = 1, .enabled = true};
    partner->domains = calloc(1, sizeof(*partner->domains));
    partner->anchors = calloc(1, sizeof(*partner->anchors));
    partner->domains[0] = copy(domain);
    partner->anchors[0] = &lab.anchor[1];
    assert_true(partner_set_add(lab.partners, partner));
}

static void prove(struct session *session, size_t who)
{
    session->peer = calloc(1, sizeof(*session->peer));
    *session->peer = (struct peer){.side = session->side,
                                   .role = session->we_connected ? PEER_AS_SERVER : PEER_AS_CLIENT,
                                   .chain = &lab.chain[who],
                                   .path_count = 1,
                                   .valid_until = INT64_MAX};
    session->peer->path[0] = (struct trust_path){.anchor = &lab.anchor[who],
                                                 .extended_key_usage = ~0u,
                                                 .leaf_may_sign = true,
                                                 .valid_until = INT64_MAX};
    if (session->side == PEER_INTERNAL)
        return;
    session->peer->partner = session->peer->candidate = who == 0 ? lab.fabrikam : lab.contoso;
    snprintf(session->domain, sizeof(session->domain), "%s", names[who]);
}

struct session *lab_session(enum peer_side side, bool we_connected, size_t who)
{
    struct session *session = calloc(1, sizeof(*session));
    session->worker = lab.worker;
    session->id = 100 + ++lab.shared.last_session_id;
    session->sender = session->id;
    session->state = SESSION_OPEN;
    session->side = side;
    session->we_connected = session->is_connected = session->handed_over = session->accepted_logged = true;
    session->we_connected = we_connected;
    session->stream = (struct stream *)(void *)session; /* the fakes know the session from it */
    session->snapshot = snapshot_hold(lab.worker->snapshot);
    session->chain = NULL; /* borrowed below: nothing to free */
    prove(session, who);
    sip_framer_init(&session->framer, 65536, 65536);
    session->framer.line_ends = &lab.worker->line_ends;
    lab.shared.sessions++;
    lab.worker->session_count++;
    DL_APPEND(lab.worker->sessions, session);
    return session;
}

void lab_join(struct session *session, const struct partner *partner, const char *host, uint16_t port)
{
    struct hop *hop = hop_find(lab.worker, partner, text_of(host), port);
    assert_non_null(hop);
    session->hop = hop;
    hop->session_count++;
    DL_APPEND2(hop->sessions, session, hop_previous, hop_next);
}

static void set_limits(struct limits *limits)
{
    *limits = (struct limits){.sessions = 100,
                              .in_flight = 10,
                              .parked = 10,
                              .header_count = WORDS_MOST,
                              .waiting_bytes = 65536,
                              .message_size = 65536,
                              .message_timeout_ms = 30000,
                              .handshake_timeout_ms = 10000,
                              .park_timeout_ms = 10000,
                              .idle_timeout_ms = 1200000};
}

int lab_set_up(void **state)
{
    static char *domains[] = {"corp.example"}, *servers[] = {"fe1.corp.example", "fe2.corp.example"};
    struct host_port fabrikams[2] = {edge_of_fabrikam, second_edge};
    (void)state;
    lab = (struct lab){0};
    fixture_init(&lab.fixture);
    lab.worker = &lab.fixture.worker;
    lab.worker->shared = &lab.shared;
    lab.worker->header = lab.header[0];
    lab.worker->stored_header = lab.header[1];
    lab.worker->header_capacity = COUNT_OF(lab.header[0]);
    lab.worker->branch_keys[0] = (struct hash_key){{7, 8}};
    lab.worker->branch_keys[1] = (struct hash_key){{9, 10}};
    lab.worker->loop.time = 1000000;
    lab.worker->affinity = calloc(HOP_AFFINITIES, sizeof(*lab.worker->affinity));
    lab.worker->transactions = transaction_table_create();
    transaction_table_set_timeout(lab.worker->transactions, TIMER_PARK, 10000);
    transaction_table_set_timeout(lab.worker->transactions, TIMER_B, TRANSACTION_TIMER_B_MS);
    transaction_table_set_timeout(lab.worker->transactions, TIMER_C, TRANSACTION_TIMER_C_MS);
    transaction_table_set_timeout(lab.worker->transactions, TIMER_LINGER, TRANSACTION_TIMER_B_MS);
    lab.shared.partners = partner_registry_create();
    lab.partners = partner_set_create();
    for (size_t i = 0; i < 3; i++)
        make_certificate(i);
    lab.fabrikam = make_partner(0, "fabrikam", fabrikams, 2);
    lab.contoso = make_partner(1, "contoso", &edge_of_contoso, 1);
    struct settings *settings = &lab.fixture.settings;
    settings->next_hop = next_hop;
    settings->next_hop_count = 2;
    settings->servers = servers;
    settings->server_count = 2;
    settings->partners = lab.partners;
    set_limits(&settings->limits);
    assert_true(policy_init(&settings->policy, lab.partners, NULL, servers, 2, domains, 1, NULL, 0));
    lab.fixture.snapshot.references = 1;
    lab.fixture.snapshot.counters = calloc(2, sizeof(*lab.fixture.snapshot.counters));
    lab.fixture.snapshot.tallies = calloc(2, sizeof(*lab.fixture.snapshot.tallies));
    lab.outside = lab_session(PEER_EXTERNAL, false, 0);
    lab.inside = lab_session(PEER_INTERNAL, false, 2);
    lab.edge = lab_session(PEER_EXTERNAL, true, 0);
    lab.fe1 = lab_session(PEER_INTERNAL, true, 2);
    lab.full = lab.edge;
    lab_join(lab.edge, lab.fabrikam, edge_of_fabrikam.host, 5061);
    lab_join(lab.fe1, NULL, next_hop[0].host, 5061);
    return 0;
}

int lab_tear_down(void **state)
{
    struct session *session, *next;
    (void)state;
    DL_FOREACH_SAFE(lab.worker->sessions, session, next) session_close(session, REASON_CLOSED, NULL);
    lab_close_ended();
    buffer_pool_deinit(&lab.worker->buffers);
    hops_tick(lab.worker, true);
    assert_int_equal(transaction_table_count(lab.worker->transactions), 0);
    assert_int_equal(lab.shared.in_flight, 0);
    assert_int_equal(lab.shared.parked, 0);
    assert_int_equal(lab.shared.sessions, 0);
    assert_int_equal(lab.worker->in_flight, 0);
    assert_int_equal(lab.worker->session_count, 0);
    assert_int_equal(lab.fixture.snapshot.references, 1);
    transaction_table_destroy(lab.worker->transactions);
    free(lab.worker->affinity);
    free(lab.fixture.snapshot.counters);
    free(lab.fixture.snapshot.tallies);
    policy_deinit(&lab.fixture.settings.policy);
    partner_set_destroy(lab.partners);
    partner_registry_destroy(lab.shared.partners);
    return 0;
}

/* ---- talking ---- */

static char said[65536];

void lab_hear(struct session *session, const char *text)
{
    static char octets[65536];
    size_t length = 0;
    const char *empty = strstr(text, "\n\n");
    assert_non_null(empty);
    for (const char *at = text; *at != '\0'; at++) {
        assert_true(length + 8 < sizeof(octets));
        if (at[0] == '$' && at[1] == 'L') {
            length += (size_t)sprintf(octets + length, "%zu", strlen(empty + 2));
            at++;
        } else if (at[0] == '\n' && at <= empty + 1) {
            octets[length++] = '\r';
            octets[length++] = '\n';
        } else {
            octets[length++] = *at;
        }
    }
    char *exact = exact_copy((struct text){octets, length});
    session_input(session, (struct text){exact, length});
    free(exact);
}

const char *lab_said(struct session *session)
{
    size_t length = 0;
    for (size_t i = 0; i < session->out_length; i++) {
        if (session->out[i] != '\r')
            said[length++] = session->out[i];
    }
    said[length] = '\0';
    session->out_length = 0;
    return said;
}

const char *lab_branch(void)
{
    static char branch[BRANCH_LENGTH + 1];
    const char *at = strstr(said, ";branch=");
    assert_non_null(at);
    snprintf(branch, sizeof(branch), "%.*s", BRANCH_LENGTH, at + 8);
    return branch;
}

void lab_connect_fails(enum reason reason)
{
    struct session *session = lab.connecting;
    assert_non_null(session);
    lab.connecting = NULL;
    session_close(session, reason, NULL);
}

struct session *lab_connected(void)
{
    struct session *session = lab.connecting;
    assert_non_null(session);
    lab.connecting = NULL;
    session->is_connected = true;
    session->state = SESSION_HANDSHAKING;
    prove(session, session->side == PEER_EXTERNAL ? 0 : 2);
    session_channel_events.established(session);
    return session;
}

void lab_pass(uint64_t ms)
{
    lab.worker->loop.time += ms;
    relay_expire(lab.worker);
    hops_tick(lab.worker, false);
}

struct event *lab_last_event(void)
{
    assert_true(lab.event_count > 0);
    return &lab.event[(lab.event_count - 1) % EVENTS_MOST];
}
