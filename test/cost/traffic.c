/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "traffic.h"

#include <stdio.h>

#include <utlist.h>

#define ANSWER_MOST 2048u /* octets of an answer, and of what a request has besides its own */

static struct traffic traffic;
static struct log_writer *writer;
static struct session **fronts, *rears[TRAFFIC_REARS];
static size_t answered; /* in this round */

/* What went out on the sessions that we opened, until it is answered. */
static struct wire {
    char *octets;
    size_t length, capacity;
} wires[TRAFFIC_REARS], answers;

/* What comes in next. */
char *traffic_octets;
static size_t octets_length, octets_capacity;
static struct heard *heard;
static size_t heard_count;

/* ---- octets ---- */

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void add(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length =
        vsnprintf(traffic_octets + octets_length, octets_capacity - octets_length, format, arguments);
    va_end(arguments);
    octets_length += (size_t)length;
    assert_true(octets_length < octets_capacity);
}

static void begin(struct session *session)
{
    heard[heard_count].session = session;
    heard[heard_count].at = octets_length;
}

static void end(void)
{
    heard[heard_count].length = octets_length - heard[heard_count].at;
    heard_count++;
}

static void write_request(size_t front, size_t number)
{
    const char *from = traffic.inbound ? "fabrikam.example" : "corp.example";
    const char *to = traffic.inbound ? "corp.example" : "fabrikam.example";
    const char *source = traffic.inbound ? "198.51.100.7" : "10.0.0.5";

    begin(fronts[front]);
    add("MESSAGE sip:user%04zu@%s SIP/2.0\r\n", number % 10000, to);
    add("Via: SIP/2.0/TLS %s:4%04zu;branch=z9hG4bK-%05zx%013zx\r\n", source, front % 10000, front, number);
    add("Max-Forwards: 70\r\nFrom: <sip:alice@%s>;tag=%05zx%013zx\r\n", from, front, number);
    add("To: <sip:user%04zu@%s>\r\nCall-ID: %05zx%013zx@host\r\n", number % 10000, to, front, number);
    add("CSeq: 1 MESSAGE\r\nUser-Agent: traffic\r\nContent-Type: text/plain\r\n");
    for (size_t i = 0; i < traffic.headers; i++)
        add("X-Unseen-%03zu: a value that nobody looks at\r\n", i);
    add("Content-Length: %zu\r\n\r\n", traffic.body);
    assert_true(octets_length + traffic.body <= octets_capacity);
    memset(traffic_octets + octets_length, 'v', traffic.body);
    octets_length += traffic.body;
    end();
}

/* Appends the lines of a request that begin with `name`. */
static void copy_lines(const char *message, const char *name)
{
    const char *at = message, *end = strstr(message, "\r\n\r\n");

    while ((at = strstr(at, "\r\n")) != NULL && at < end) {
        at += 2;
        if (strncmp(at, name, strlen(name)) != 0)
            continue;
        const char *next = strstr(at, "\r\n");
        add("%.*s", (int)(next - at), at);
        add(strcmp(name, "To:") == 0 ? ";tag=4711\r\n" : "\r\n");
    }
}

static void write_answer(struct session *session, const char *message)
{
    begin(session);
    add("SIP/2.0 200 OK\r\n");
    copy_lines(message, "Via:");
    copy_lines(message, "Record-Route:");
    copy_lines(message, "From:");
    copy_lines(message, "To:");
    copy_lines(message, "Call-ID:");
    copy_lines(message, "CSeq:");
    add("Server: traffic\r\nContent-Length: 0\r\n\r\n");
    end();
}

static void make_room(struct wire *wire, size_t capacity)
{
    *wire = (struct wire){.octets = malloc(capacity), .capacity = capacity};
    assert_non_null(wire->octets);
}

static void keep(struct wire *wire, struct text octets)
{
    assert_true(wire->length + octets.length < wire->capacity);
    memcpy(wire->octets + wire->length, octets.at, octets.length);
    wire->length += octets.length;
    wire->octets[wire->length] = '\0';
}

static void take_written(struct session *session, struct text octets)
{
    for (size_t i = 0; i < TRAFFIC_REARS; i++) {
        if (rears[i] == session) {
            keep(&wires[i], octets);
            return;
        }
    }
    answers.length = 0;
    keep(&answers, octets);
    for (const char *at = answers.octets; *at != '\0';) {
        const char *end = strstr(at, "\r\n\r\n");
        assert_non_null(end);
        assert_int_equal(strncmp(at, "SIP/2.0 200 ", 12), 0);
        answered++;
        at = end + 4;
    }
}

/* ---- rounds ---- */

void traffic_play(const struct heard *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        session_input(messages[i].session,
                      (struct text){traffic_octets + messages[i].at, messages[i].length});
        if (i % TRAFFIC_TURN == TRAFFIC_TURN - 1)
            session_flush_dirty(lab.worker);
    }
    session_flush_dirty(lab.worker);
}

static void forget_heard(void)
{
    heard_count = octets_length = 0;
}

static void answer_all(size_t rear)
{
    struct wire *wire = &wires[rear];

    for (size_t at = 0; at < wire->length;) {
        const char *message = wire->octets + at, *behind = strstr(message, "\r\n\r\n");
        assert_non_null(behind);
        write_answer(rears[rear], message);
        at += (size_t)(behind + 4 - message) + traffic.body;
    }
    wire->length = 0;
}

void traffic_round(void (*play)(const struct heard *messages, size_t count))
{
    static size_t number;
    size_t total = traffic.sessions * traffic.window;

    forget_heard();
    for (size_t turn = 0; turn < traffic.window; turn++) {
        number++;
        for (size_t i = 0; i < traffic.sessions; i++)
            write_request(i, number);
    }
    play(heard, total);
    forget_heard();
    for (size_t i = 0; i < TRAFFIC_REARS; i++)
        answer_all(i);
    assert_int_equal(heard_count, total);
    answered = 0;
    play(heard, total);
    assert_int_equal(answered, total);
}

/* ---- the stage ---- */

static struct session *open_session(enum peer_side side, bool we_connected)
{
    struct session *session = lab_session(side, we_connected, side == PEER_EXTERNAL ? 0 : 2);

    session->channel = (struct tls_channel *)(void *)session;
    sip_framer_init(&session->framer, 65536, 1u << 24);
    session->framer.line_ends = &lab.worker->line_ends;
    if (we_connected && side == PEER_EXTERNAL)
        lab_join(session, lab.fabrikam, "edge.fabrikam.example", 5061);
    else if (we_connected)
        lab_join(session, NULL, "fe1.corp.example", 5061);
    return session;
}

static void open_log(const char *folder)
{
    char trouble[512];

    writer = log_writer_create(folder, trouble, sizeof(trouble));
    assert_non_null(writer);
    lab.shared.audit_file = audit_open(writer, NULL, trouble, sizeof(trouble));
    assert_non_null(lab.shared.audit_file);
    lab.worker->audit = audit_create(lab.shared.audit_file, AUDIT_USERS_FULL, lab.shared.audit_key);
    assert_non_null(lab.worker->audit);
}

static void add_partners(void)
{
    for (size_t i = 2; i < traffic.partners; i++)
        lab_add_partner(i);
}

static void raise_limits(void)
{
    struct limits *limits = &lab.fixture.settings.limits;

    limits->sessions = limits->in_flight = 1u << 20;
    limits->waiting_bytes = 1u << 30;
    limits->message_size = 1u << 24;
    lab.fabrikam->limits = (struct partner_limits){1000000000, 1000000000, 1u << 20, 1u << 24};
}

static void make_memory(size_t messages, size_t request_most)
{
    fronts = calloc(traffic.sessions, sizeof(*fronts));
    heard = calloc(messages, sizeof(*heard));
    octets_capacity = messages * (request_most > ANSWER_MOST ? request_most : ANSWER_MOST);
    traffic_octets = malloc(octets_capacity);
    assert_true(fronts != NULL && heard != NULL && traffic_octets != NULL);
    make_room(&answers, messages * ANSWER_MOST);
    for (size_t i = 0; i < TRAFFIC_REARS; i++) /* chance may send all on one */
        make_room(&wires[i], messages * (request_most + ANSWER_MOST));
}

void traffic_set_up(const struct traffic *shape, const char *folder)
{
    traffic = *shape;
    assert_int_equal(lab_set_up(NULL), 0);
    raise_limits();
    open_log(folder);
    add_partners();
    lab.written = take_written;
    make_memory(traffic.sessions * traffic.window, 1024 + traffic.body + traffic.headers * 64);
    for (size_t i = 0; i < traffic.sessions; i++)
        fronts[i] = open_session(traffic.inbound ? PEER_EXTERNAL : PEER_INTERNAL, false);
    session_close(traffic.inbound ? lab.fe1 : lab.edge, REASON_CLOSED, NULL);
    for (size_t i = 0; i < TRAFFIC_REARS; i++)
        rears[i] = open_session(traffic.inbound ? PEER_INTERNAL : PEER_EXTERNAL, true);
}

void traffic_tear_down(void)
{
    assert_int_equal(lab_tear_down(NULL), 0);
    audit_destroy(lab.worker->audit);
    log_writer_destroy(writer, 10000);
    for (size_t i = 0; i < TRAFFIC_REARS; i++)
        free(wires[i].octets);
    free(answers.octets);
    free(fronts);
    free(heard);
    free(traffic_octets);
}
