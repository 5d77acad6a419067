/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The torture messages of RFC 4475 and RFC 5118, read from where they lie: each must end as a
 * stricter-than-liberal proxy on a TLS stream has to end it. Skipped when the folder is not there. */
#include "sip_test.h"

#include "gateway/sip/framer.h"
#include "gateway/sip/reply.h"

#include <stdio.h>

#define UNFINISHED REASON_TIMED_OUT /* the stream must bring more, or the caller's clock ends it */

struct expected {
    const char *name;
    enum reason reason; /* of the framer, else of the reader */
    const char *what;
};

static const struct expected rfc4475[] = {
    {"wsinv", REASON_OK, NULL},
    {"intmeth", REASON_OK, NULL},
    {"esc01", REASON_OK, NULL},
    {"escnull", REASON_OK, NULL},
    {"esc02", REASON_OK, NULL},
    {"lwsdisp", REASON_OK, NULL},
    {"longreq", REASON_OK, NULL},
    {"dblreq", REASON_OK, NULL},
    {"semiuri", REASON_OK, NULL},
    {"transports", REASON_OK, NULL},
    {"mpart01", REASON_OK, NULL},
    {"unreason", REASON_OK, NULL},
    {"noreason", REASON_OK, NULL},
    {"badinv01", REASON_MALFORMED_MESSAGE, "the top Via cannot be read"},
    {"clerr", UNFINISHED, NULL},
    {"ncl", REASON_FRAMING_LOST, "Content-Length is no number that can be"},
    {"scalar02", REASON_MALFORMED_MESSAGE, "CSeq cannot be read"},
    {"scalarlg", REASON_MALFORMED_MESSAGE, "CSeq cannot be read"},
    {"quotbal", REASON_MALFORMED_MESSAGE, "To cannot be read"},
    {"ltgtruri", REASON_MALFORMED_MESSAGE, "the Request-URI cannot be read"},
    {"lwsruri", REASON_MALFORMED_MESSAGE, "the request line has blanks or other octets out of place"},
    {"lwsstart", REASON_MALFORMED_MESSAGE, "the request line has blanks or other octets out of place"},
    {"trws", REASON_MALFORMED_MESSAGE, "the start line has no SIP version"},
    {"escruri", REASON_MALFORMED_MESSAGE, "the Request-URI carries headers"},
    {"baddate", REASON_OK, NULL},
    {"regbadct", REASON_OK, NULL}, /* Contact is not a proxy's to read */
    {"badaspec", REASON_MALFORMED_MESSAGE, "To cannot be read"},
    {"baddn", UNFINISHED, NULL}, /* the archive's file has no empty line; with one, see below */
    {"badvers", REASON_UNSUPPORTED_VERSION, "the version is not SIP/2.0"},
    {"mismatch01", REASON_MALFORMED_MESSAGE, "CSeq has another method than the request"},
    {"mismatch02", REASON_MALFORMED_MESSAGE, "CSeq has another method than the request"},
    {"bigcode", REASON_MALFORMED_MESSAGE, "the status line has no status from 100 to 699"},
    {"badbranch", REASON_MALFORMED_MESSAGE, "the top Via cannot be read"},
    {"insuf", REASON_MALFORMED_MESSAGE, "no From"},
    {"unkscm", REASON_UNSUPPORTED_URI_SCHEME, "the Request-URI is neither sip nor sips"},
    {"novelsc", REASON_UNSUPPORTED_URI_SCHEME, "the Request-URI is neither sip nor sips"},
    {"unksm2", REASON_OK, NULL},
    {"bext01", REASON_OK, NULL}, /* Proxy-Require is the relay's to judge */
    {"invut", REASON_OK, NULL},
    {"regaut01", REASON_OK, NULL},
    {"multi01", REASON_MALFORMED_MESSAGE, "a header field that may stand only once stands twice"},
    {"mcl01", REASON_FRAMING_LOST, "more than one Content-Length"},
    {"bcast", REASON_OK, NULL},  /* a response goes only to the session that asked */
    {"zeromf", REASON_OK, NULL}, /* as is Max-Forwards: 0 */
    {"cparam01", REASON_OK, NULL},
    {"cparam02", REASON_OK, NULL},
    {"regescrt", REASON_OK, NULL},
    {"sdp01", REASON_OK, NULL},
    {"inv2543", REASON_FRAMING_LOST, "no Content-Length"},
};

static const struct expected rfc5118[] = {
    {"ipv6-good", REASON_OK, NULL},
    {"ipv6-bad", REASON_MALFORMED_MESSAGE, "the Request-URI cannot be read"},
    {"port-ambiguous", REASON_OK, NULL},
    {"port-unambiguous", REASON_OK, NULL},
    {"via-received-param-with-delim", REASON_OK, NULL},
    {"via-received-param-no-delim", REASON_OK, NULL},
    {"ipv6-in-sdp", REASON_OK, NULL},
    {"mult-ip-in-header", REASON_OK, NULL},
    {"mult-ip-in-sdp", REASON_OK, NULL},
    {"ipv4-mapped-ipv6", REASON_OK, NULL},
    {"ipv6-bug-abnf-3-colons", REASON_OK, NULL},
    {"ipv6-correct-abnf-2-colons", REASON_OK, NULL},
};

/* The file's octets in a block of exactly their size; skips the test when the folder is missing, fails when
 * only the file is. */
static struct text load(const char *suite, const char *name)
{
    const char *folder = getenv("FEDGATE_SUITES");
    char path[1024];

    snprintf(path, sizeof(path), "%s/%s/expect.tsv", folder == NULL ? "../shared/suites" : folder, suite);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        skip();
    fclose(file);
    snprintf(path, sizeof(path), "%s/%s/%s.dat", folder == NULL ? "../shared/suites" : folder, suite, name);
    file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("missing: %s", path);
    static char octets[65536];
    size_t length = fread(octets, 1, sizeof(octets), file);
    fclose(file);
    return (struct text){exact_copy((struct text){octets, length}), length};
}

static enum reason frame_and_read(struct sample *sample, struct text stream, struct sip_frame_result *result)
{
    struct sip_framer framer;
    sip_framer_init(&framer, 65536, 262144);
    sample->what = NULL;
    switch (sip_framer_next(&framer, stream, result)) {
    case SIP_FRAME_MESSAGE:
        return sip_message_read(&sample->message, (struct text){stream.at, result->consumed},
                                result->header_length, sample->header, HEADERS_MOST, &sample->what);
    case SIP_FRAME_FAILED:
        sample->what = result->what;
        return result->reason;
    case SIP_FRAME_NEED_MORE:
        return UNFINISHED;
    case SIP_FRAME_KEEP_ALIVE:
    case SIP_FRAME_SKIPPED:
        break;
    }
    fail();
    return REASON_COUNT;
}

static void ends_as_expected(const char *suite, const struct expected *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sample sample;
        struct sip_frame_result result;
        struct text stream = load(suite, expected[i].name);
        enum reason reason = frame_and_read(&sample, stream, &result);
        bool same = expected[i].what == NULL
                        ? sample.what == NULL
                        : sample.what != NULL && strcmp(sample.what, expected[i].what) == 0;
        if (reason != expected[i].reason || !same)
            fail_msg("%s gives %s: %s", expected[i].name, reason_token(reason),
                     sample.what == NULL ? "-" : sample.what);
        free((char *)stream.at);
    }
}

static void torture_messages_end_as_they_must(void **state)
{
    (void)state;
    ends_as_expected("rfc4475", rfc4475, COUNT_OF(rfc4475));
}

static void ipv6_messages_end_as_they_must(void **state)
{
    (void)state;
    ends_as_expected("rfc5118", rfc5118, COUNT_OF(rfc5118));
}

/* Cut at each octet the framer waits, and what the reader makes of the piece is never OK. */
static void cut_off_they_are_never_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rfc4475); i++) {
        struct text stream = load("rfc4475", rfc4475[i].name);
        struct sample sample;
        struct sip_frame_result result;
        size_t whole =
            frame_and_read(&sample, stream, &result) == UNFINISHED ? stream.length : result.consumed;
        for (size_t length = 0; length < whole; length++) {
            char *exact = exact_copy((struct text){stream.at, length});
            enum reason reason = frame_and_read(&sample, (struct text){exact, length}, &result);
            assert_true(reason == UNFINISHED || reason == REASON_FRAMING_LOST);
            assert_int_not_equal(sample_read(&sample, (struct text){exact, length}), REASON_OK);
            free(exact);
        }
        free((char *)stream.at);
    }
}

static void a_refused_one_can_be_answered_where_it_asked(void **state)
{
    static const char *const names[] = {"badinv01",   "ncl",        "scalar02", "quotbal", "ltgtruri",
                                        "lwsruri",    "lwsstart",   "trws",     "escruri", "badaspec",
                                        "badvers",    "mismatch01", "insuf",    "multi01", "mcl01",
                                        "mismatch02", "inv2543",    "badbranch"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct text stream = load("rfc4475", names[i]);
        struct sample sample;
        struct sip_frame_result result;
        char answer[8192];
        struct sip_reply reply = {.status = 400, .phrase = "Bad Request", .to_tag = TEXT("t1")};
        frame_and_read(&sample, stream, &result);
        if (result.consumed == 0)
            sample_read(&sample, (struct text){stream.at, result.header_length});
        size_t length = sip_reply_write(answer, sizeof(answer), &sample.message, &reply);
        if (length == 0)
            fail_msg("no answer to %s", names[i]);
        struct sip_framer framer;
        sip_framer_init(&framer, 65536, 262144);
        assert_int_equal(sip_framer_next(&framer, (struct text){answer, length}, &result), SIP_FRAME_MESSAGE);
        assert_int_equal(result.consumed, length);
        free((char *)stream.at);
    }
}

static void details_of_the_odd_ones_are_right(void **state)
{
    struct sample sample;
    struct sip_frame_result result;
    (void)state;

    struct text stream = load("rfc4475", "wsinv");
    frame_and_read(&sample, stream, &result);
    assert_int_equal(sample.message.max_forwards, 68);
    assert_int_equal(sample.message.cseq, 9);
    assert_text(sample.message.to.tag, "1918181833n");
    assert_text(sample.message.from.tag, "98asjd8");
    assert_text(sample.message.via.branch, "390skdjuw");
    assert_int_equal(sample.message.of_kind[SIP_HEADER_VIA].count, 2);
    assert_int_equal(sample.message.body.length, 150);
    free((char *)stream.at);

    stream = load("rfc4475", "dblreq");
    frame_and_read(&sample, stream, &result);
    assert_int_equal(sample.message.method_kind, SIP_METHOD_REGISTER);
    /* The rest: CR LF, then a request of its own whose body is followed by CR LF. */
    struct text rest = text_skip(stream, result.consumed + 2);
    assert_int_equal(frame_and_read(&sample, rest, &result), REASON_OK);
    assert_int_equal(sample.message.method_kind, SIP_METHOD_INVITE);
    assert_int_equal(rest.length - result.consumed, 5); /* its body is longer than it says */
    free((char *)stream.at);

    stream = load("rfc4475", "semiuri");
    frame_and_read(&sample, stream, &result);
    assert_text(sample.message.request_uri.user, "user;par=u%40example.net");
    free((char *)stream.at);

    stream = load("rfc4475", "esc02");
    frame_and_read(&sample, stream, &result);
    assert_int_equal(sample.message.method_kind, SIP_METHOD_OTHER);
    assert_int_equal(sample.message.of_kind[SIP_HEADER_CONTACT].count, 2);
    free((char *)stream.at);

    stream = load("rfc4475", "longreq");
    frame_and_read(&sample, stream, &result);
    assert_int_equal(sample.message.of_kind[SIP_HEADER_VIA].count, 34);
    free((char *)stream.at);

    stream = load("rfc5118", "port-ambiguous");
    frame_and_read(&sample, stream, &result);
    assert_text(sample.message.request_uri.host, "2001:db8::10:5070");
    assert_false(sample.message.request_uri.has_port);
    free((char *)stream.at);
}

/* baddn with the empty line that its file lacks. */
static void a_display_name_with_a_comma_needs_quotes(void **state)
{
    struct text stream = load("rfc4475", "baddn");
    char octets[1024];
    struct sample sample;
    struct sip_frame_result result;
    (void)state;
    memcpy(octets, stream.at, stream.length);
    memcpy(octets + stream.length, "\r\n", 2);
    assert_int_equal(frame_and_read(&sample, (struct text){octets, stream.length + 2}, &result),
                     REASON_MALFORMED_MESSAGE);
    assert_string_equal(sample.what, "From cannot be read");
    free((char *)stream.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torture_messages_end_as_they_must),
        cmocka_unit_test(ipv6_messages_end_as_they_must),
        cmocka_unit_test(cut_off_they_are_never_accepted),
        cmocka_unit_test(a_refused_one_can_be_answered_where_it_asked),
        cmocka_unit_test(details_of_the_odd_ones_are_right),
        cmocka_unit_test(a_display_name_with_a_comma_needs_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
