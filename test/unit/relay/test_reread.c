/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What crosses is read again: by the next server, and by us for an ACK, a CANCEL or an answer. So whatever
 * comes in, what goes out is one message that can be read. */
#include "relay_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 30000u

static uint64_t drawn = 88172645463325252u;

static size_t below(size_t bound)
{
    drawn ^= drawn << 13;
    drawn ^= drawn >> 7;
    drawn ^= drawn << 17;
    return (size_t)(drawn % bound);
}

static const char in[] =
    "INVITE sip:alice@corp.example;x=y SIP/2.0\r\nVia: SIP/2.0/TLS sip.fabrikam.example:5061 "
    ";branch=z9hG4bK$ ;rport;alias\r\n"
    "v: SIP / 2.0/ UDP h ;branch=z9hG4bKb;received=192.0.2.7 , SIP/2.0/TLS [2001:db8::1]:5061;rport=7\r\n"
    "Route: <sip:sip.corp.example;lr>, <sip:edge.corp.example:15061;lr> , \"x, y\" "
    "<sip:fe1.corp.example;lr>\r\n"
    "Max-Forwards : 7\r\nMax-Breadth: 70\r\nFrom: \"Bob \\\" <x>\" <sip:bob@fabrikam.example>\r\n ;tag=1\r\n"
    "To: <sip:alice@corp.example>\r\ni: $\r\nCSeq: 1 INVITE\r\n"
    "P-Asserted-Identity: <sip:bob@fabrikam.example>, <tel:+1>\r\nP-Preferred-Identity: <sip:x@y>\r\n"
    "Record-Route: <sip:sip.fabrikam.example;lr>\r\nms-edge-proxy-message-trust: x\r\nm: "
    "<sip:bob@192.0.2.8>\r\n"
    "l: 4\r\n\r\nbody";
static const char out[] =
    "INVITE sip:bob@fabrikam.example SIP/2.0\r\nVia: SIP/2.0/TLS fe1.corp.example;branch=z9hG4bK$\r\n"
    "Route: <sip:edge.corp.example:15061;lr>\r\nRoute: "
    "<sip:sip.corp.example;lr>,<sip:edge.fabrikam.example;lr>\r\n"
    "From: <sip:alice@corp.example>;tag=1\r\nTo: <sip:bob@fabrikam.example>\r\nCall-ID: $\r\nCSeq: 1 "
    "INVITE\r\n"
    "Privacy: id\r\nP-Asserted-Identity: <sip:alice@corp.example>\r\nContent-Length: 4\r\n\r\nbody";

static const char *const words[] = {
    ";",
    ",",
    "\"",
    "\"\"",
    "<",
    ">",
    " ",
    "\t",
    "\r\n ",
    "\r\n",
    "=",
    ":",
    "@",
    "\\",
    "%",
    "%6c",
    "[",
    "]",
    "?",
    ";rport",
    ";rport=\"\"",
    ";rport=",
    ";received=",
    ";received=1.2.3.4",
    ";maddr=x",
    ";branch=z9hG4bKc",
    ";tag=",
    "0",
    "255",
    "sip:",
    "Via: ",
    "Route: ",
    "SIP/2.0",
    "SIP/2.0/TLS h",
    "sip/2.0",
    "Max-Forwards: 70\r\n",
    "X: y\r\n",
    "\x7f",
    "\x80",
    "P-Asserted-Identity: sip:bob@fabrikam.example\r\n",
    "Via: SIP/2.0/TLS h;branch=z9hG4bKd\r\n",
    "Route: <sip:sip.corp.example;lr>\r\n",
    "<sip:sip.corp.example;lr>",
    "P-Preferred-Identity: x\r\n",
};

/* The pattern, `number` for each $, and a few words put in, or octets taken out. */
static size_t make(char *to, const char *pattern, unsigned number)
{
    size_t length = 0;

    for (; *pattern != '\0'; pattern++)
        length += *pattern == '$' ? (size_t)sprintf(to + length, "%u", number) : (to[length] = *pattern, 1u);
    for (size_t changes = below(3) + 1; changes > 0; changes--) {
        size_t at = below(length - 8), taken = below(2) == 0 ? 0 : below(6);
        const char *word = words[below(COUNT_OF(words))];
        size_t put = below(5) == 0 ? 0 : strlen(word);
        memmove(to + at + put, to + at + taken, length - at - taken);
        memcpy(to + at, word, put);
        length += put - taken;
    }
    return length;
}

/* The Via that the request came with: our own answers go by it. */
static bool has_senders_via(const struct sip_message *message)
{
    struct sip_values values = sip_values_below_top_via(message);
    struct sip_value value;
    struct sip_via via;

    return sip_values_next(&values, &value) == SIP_NEXT_ITEM && sip_via_read(value.text, &via);
}

/* An answer of ours gives back what the request had, also what cannot be read. */
static void read_again(struct session *session, bool is_answer, const char *came, size_t came_length)
{
    static struct sip_header header[WORDS_MOST + HEADERS_ADDED_MOST];
    struct sip_framer framer;
    struct sip_frame_result frame;
    struct sip_message message;
    const char *what;
    struct text all = {session->out, session->out_length};

    sip_framer_init(&framer, 65536, 65536);
    while (all.length > 0) {
        bool is_framed = sip_framer_next(&framer, all, &frame) == SIP_FRAME_MESSAGE;
        enum reason reason = !is_framed
                                 ? REASON_FRAMING_LOST
                                 : sip_message_read(&message, (struct text){all.at, frame.consumed},
                                                    frame.header_length, header, COUNT_OF(header), &what);
        if (reason == REASON_OK && !is_answer && message.is_request &&
            message.method_kind != SIP_METHOD_ACK && message.method_kind != SIP_METHOD_CANCEL &&
            !has_senders_via(&message)) {
            reason = REASON_MALFORMED_MESSAGE;
            what = "the sender's Via cannot be read any more";
        }
        if (reason != REASON_OK && (!is_answer || !is_framed))
            fail_msg("%s: %.*s\nbecame: %.*s", is_framed ? what : "no frame", (int)came_length, came,
                     TEXT_ARGUMENTS(all));
        all = text_skip(all, frame.consumed);
    }
    session->out_length = 0;
}

static void cross_all(struct session *from, struct session *to, const char *pattern)
{
    static char octets[8192];
    size_t crossed = 0;

    lab.fixture.settings.limits.in_flight = ROUNDS;
    lab.fabrikam->limits.messages_per_second = lab.fabrikam->limits.burst = 1000000;
    lab.fabrikam->keep_asserted_identity = true;
    for (unsigned i = 0; i < ROUNDS; i++) {
        size_t length = make(octets, pattern, i);
        char *exact = exact_copy((struct text){octets, length});
        session_input(from, (struct text){exact, length});
        free(exact);
        crossed += to->out_length > 0;
        read_again(to, false, octets, length);
        read_again(from, true, octets, length);
        from->out_length = from->in_length = 0;
        from->refusals = 0;
        sip_framer_init(&from->framer, 65536, 65536);
        from->framer.line_ends = &lab.worker->line_ends;
        if (from->state != SESSION_OPEN) {
            enum peer_side side = from->side;
            lab_close_ended();
            from = lab_session(side, false, side == PEER_EXTERNAL ? 0 : 2);
        }
        while (lab.worker->in_flight > 0 && i % 8 == 7)
            lab_pass(200000);
    }
    assert_true(crossed > ROUNDS / 20);
}

static void what_comes_in(void **state)
{
    (void)state;
    cross_all(lab.outside, lab.fe1, in);
}

static void what_goes_out(void **state)
{
    (void)state;
    cross_all(lab.inside, lab.edge, out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_comes_in, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(what_goes_out, lab_set_up, lab_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
