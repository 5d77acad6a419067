/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip_test.h"

#include "gateway/sip/framer.h"

#include <stdio.h>

#define BODY "v=0\r\n"

static void a_request_is_read(void **state)
{
    struct sample sample;
    const struct sip_message *message = &sample.message;
    (void)state;

    assert_int_equal(sample_read(&sample, TEXT(SAMPLE_INVITE)), REASON_OK);
    assert_null(sample.what);
    assert_true(message->is_request);
    assert_text(message->method, "INVITE");
    assert_int_equal(message->method_kind, SIP_METHOD_INVITE);
    assert_text(message->request_uri_text, "sip:bob@fabrikam.example");
    assert_text(message->request_uri.host, "fabrikam.example");
    assert_text(message->version, "SIP/2.0");
    assert_text(message->via.branch, "z9hG4bKfe1.17");
    assert_text(message->via.sent_by.host, "fe1.corp.example");
    assert_true(message->via.alias);
    assert_text(message->from.uri.host, "corp.example");
    assert_text(message->from.tag, "9fxced76sl");
    assert_text(message->to.uri.text, "sip:bob@fabrikam.example");
    assert_false(message->to.has_tag);
    assert_text(message->call_id, "3848276298220188511@corp.example");
    assert_int_equal(message->cseq, 314159);
    assert_int_equal(message->max_forwards, 69);
    assert_true(message->has_max_forwards);
    assert_false(message->has_max_breadth);
    assert_int_equal(message->header_count, 13);
    assert_int_equal(message->of_kind[SIP_HEADER_VIA].count, 2);
    assert_text(message->body, BODY);
    assert_text(message->header[10].name, "X-Odd");
    assert_text(message->header[10].value, "kept  as it is\r\n\t and folded");
}

static void values_are_walked_over_all_lines(void **state)
{
    struct sample sample;
    struct sip_value value;
    static const struct {
        const char *text;
        size_t header_index;
        bool is_first, is_last;
    } expected[] = {
        {"<sip:a@x;lr>", 0, true, false}, {"<sip:b@x;lr>", 0, false, false},    {"<sip:c@x>", 0, false, true},
        {"<sip:d@x>", 2, true, true},     {"\"e,\" <sip:e@x>", 4, true, false}, {"<sip:f@x>", 4, false, true},
    };
    (void)state;
    sample_read(&sample,
                TEXT("X sip:x SIP/2.0\r\nRoute: <sip:a@x;lr>, <sip:b@x;lr>,<sip:c@x>\r\nVia: x\r\n"
                     "Route: <sip:d@x>\r\nTo: y\r\nRoute: \"e,\" <sip:e@x>\r\n , <sip:f@x>\r\n\r\n"));
    struct sip_values values = sip_values_of(&sample.message, SIP_HEADER_ROUTE);
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_int_equal(sip_values_next(&values, &value), SIP_NEXT_ITEM);
        assert_text(value.text, expected[i].text);
        assert_int_equal(value.header_index, expected[i].header_index);
        assert_int_equal(value.is_first, expected[i].is_first);
        assert_int_equal(value.is_last, expected[i].is_last);
    }
    assert_int_equal(sip_values_next(&values, &value), SIP_NEXT_END);
    values = sip_values_of(&sample.message, SIP_HEADER_CONTACT);
    assert_int_equal(sip_values_next(&values, &value), SIP_NEXT_END);
    sample_read(&sample, TEXT("X sip:x SIP/2.0\r\nRoute: <sip:a@x>\r\nRoute:\r\n\r\n"));
    values = sip_values_of(&sample.message, SIP_HEADER_ROUTE);
    assert_int_equal(sip_values_next(&values, &value), SIP_NEXT_ITEM);
    assert_int_equal(sip_values_next(&values, &value), SIP_NEXT_MALFORMED);
}

static void a_response_is_read(void **state)
{
    struct sample sample;
    (void)state;
    assert_int_equal(
        sample_read(
            &sample,
            TEXT("SIP/2.0 183 \xd0\xbd\xd0\xbe  (really)\r\nv: SIP/2.0/TLS a.example;branch=z9hG4bK1\r\n"
                 "f: <sip:a@b>;tag=1\r\nt: <sip:c@d>;tag=2\r\ni: x\r\nCSeq: 2147483647\r\n\tINVITE\r\n"
                 "l: 0\r\n\r\n")),
        REASON_OK);
    assert_false(sample.message.is_request);
    assert_int_equal(sample.message.status, 183);
    assert_text(sample.message.phrase, "\xd0\xbd\xd0\xbe  (really)");
    assert_int_equal(sample.message.cseq, 2147483647);
    assert_int_equal(sample.message.method_kind, SIP_METHOD_INVITE);
    assert_text(sample.message.to.tag, "2");
}

/* The whole message with one piece of it replaced. */
static struct text replaced(const char *piece, const char *with, char *to, size_t capacity)
{
    const char *whole = SAMPLE_INVITE;
    const char *found = strstr(whole, piece);
    assert_non_null(found);
    int length = snprintf(to, capacity, "%.*s%s%s", (int)(found - whole), whole, with, found + strlen(piece));
    assert_true(length > 0 && (size_t)length < capacity);
    return (struct text){to, (size_t)length};
}

struct change {
    const char *piece, *with;
    enum reason reason;
    const char *what; /* NULL: read without fault */
};

static void changed_requests_read_as(const struct change *changes, size_t count)
{
    char changed[4096];
    for (size_t i = 0; i < count; i++) {
        struct sample sample;
        struct text octets = replaced(changes[i].piece, changes[i].with, changed, sizeof(changed));
        enum reason reason = sample_read(&sample, octets);
        bool same = changes[i].what == NULL
                        ? sample.what == NULL
                        : sample.what != NULL && strcmp(changes[i].what, sample.what) == 0;
        if (reason != changes[i].reason || !same)
            fail_msg("\"%s\" gives %s: %s", changes[i].with, reason_token(reason),
                     sample.what == NULL ? "-" : sample.what);
    }
}

#define BAD REASON_MALFORMED_MESSAGE
#define LINE "INVITE sip:bob@fabrikam.example SIP/2.0\r\n"

static void start_lines(void **state)
{
    static const char *const version = "the start line has no SIP version";
    static const char *const blanks = "the request line has blanks or other octets out of place";
    const struct change changes[] = {
        {LINE, "INVITE sips:bob@fabrikam.example:5061;x SIP/2.0\r\n", REASON_OK, NULL},
        {LINE, "INVITE sip:fabrikam.example sip/2.0\r\n", REASON_OK, NULL},
        {LINE, "INVITE  sip:bob@fabrikam.example SIP/2.0\r\n", BAD, blanks},
        {LINE, "INVITE sip:bob@fabrikam.example  SIP/2.0\r\n", BAD, blanks},
        {LINE, "INVITE sip:bob@fabrikam.example; lr SIP/2.0\r\n", BAD, blanks},
        {LINE, "INVITE sip:bob@fabri\tkam.example SIP/2.0\r\n", BAD, blanks},
        {LINE, "INVITE sip:bob@fabrikam.example\x01 SIP/2.0\r\n", BAD, blanks},
        {LINE, "INVITE sip:b\xc3\xb6@fabrikam.example SIP/2.0\r\n", BAD, blanks},
        {LINE, "INVITE sip:bob@fabrikam.example SIP/2.0  \r\n", BAD, version},
        {LINE, "INVITE sip:bob@fabrikam.example SIP/2.0\t\r\n", BAD, version},
        {LINE, "INVITE sip:bob@fabrikam.example\r\n", BAD,
         "the request line has no Request-URI or no version"},
        {LINE, "INVITE sip:bob@fabrikam.example HTTP/1.1\r\n", BAD, version},
        {LINE, "INVITE sip:bob@fabrikam.example SIP/2\r\n", BAD, version},
        {LINE, "INVITE sip:bob@fabrikam.example SIP/.0\r\n", BAD, version},
        {LINE, "INVITE sip:bob@fabrikam.example SIP/2.\r\n", BAD, version},
        {LINE, "INVITE sip:bob@fabrikam.example SIP/2.0x\r\n", BAD, version},
        {LINE, "INVITE sip:bob@fabrikam.example SIP/02.0\r\n", REASON_UNSUPPORTED_VERSION,
         "the version is not SIP/2.0"},
        {LINE, "INVITE sip:bob@fabrikam.example SIP/19.90\r\n", REASON_UNSUPPORTED_VERSION,
         "the version is not SIP/2.0"},
        {LINE, "INVITE sip:bob@fabrikam.example SIP/7.0\r\n", REASON_UNSUPPORTED_VERSION,
         "the version is not SIP/2.0"},
        {LINE, "INVITE\r\n", BAD, "the request line has no method"},
        {LINE, "INVITE \r\n", BAD, "the request line has no Request-URI or no version"},
        {LINE, " INVITE sip:bob@fabrikam.example SIP/2.0\r\n", BAD, "the request line has no method"},
        {LINE, "INV@TE sip:bob@fabrikam.example SIP/2.0\r\n", BAD, "the request line has no method"},
        {LINE, "INVITE\tsip:bob@fabrikam.example SIP/2.0\r\n", BAD, "the request line has no method"},
        {LINE, "INVITE <sip:bob@fabrikam.example> SIP/2.0\r\n", BAD, "the Request-URI cannot be read"},
        {LINE, "INVITE sip:2001:db8::10 SIP/2.0\r\n", BAD, "the Request-URI cannot be read"},
        {LINE, "INVITE sip:bob@a.example@b.example SIP/2.0\r\n", BAD, "the Request-URI cannot be read"},
        {LINE, "INVITE sip:bob@fabrikam.example?Route=%3Csip:x%3E SIP/2.0\r\n", BAD,
         "the Request-URI carries headers"},
        {LINE, "INVITE sip:bob@fabrikam.example? SIP/2.0\r\n", BAD, "the Request-URI carries headers"},
        {LINE, "INVITE tel:+12015550123 SIP/2.0\r\n", REASON_UNSUPPORTED_URI_SCHEME,
         "the Request-URI is neither sip nor sips"},
        {LINE, "INVITE nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\r\n", REASON_UNSUPPORTED_URI_SCHEME,
         "the Request-URI is neither sip nor sips"},
        {LINE, "SIP/2.0 200 OK\r\n", REASON_OK, NULL},
        {LINE, "SIP/2.0 200 \r\n", REASON_OK, NULL},
        {LINE, "SIP/2.0 200\r\n", BAD, "the status line has no status from 100 to 699"},
        {LINE, "SIP/2.0  200 OK\r\n", BAD, "the status line has no status from 100 to 699"},
        {LINE, "SIP/2.0 20 OK\r\n", BAD, "the status line has no status from 100 to 699"},
        {LINE, "SIP/2.0 099 OK\r\n", BAD, "the status line has no status from 100 to 699"},
        {LINE, "SIP/2.0 700 OK\r\n", BAD, "the status line has no status from 100 to 699"},
        {LINE, "SIP/2.0 4294967301 x\r\n", BAD, "the status line has no status from 100 to 699"},
        {LINE, "SIP/3.0 200 OK\r\n", REASON_UNSUPPORTED_VERSION, "the version is not SIP/2.0"},
        {LINE, "SIP/ 200 OK\r\n", BAD, version},
        {LINE, LINE " folded: x\r\n", BAD, "the message has no start line"},
    };
    (void)state;
    changed_requests_read_as(changes, COUNT_OF(changes));
}

static void headers_that_a_proxy_uses(void **state)
{
    static const char *const twice = "a header field that may stand only once stands twice";
    const struct change changes[] = {
        {"Via: SIP/2.0/TLS fe1", "Via: SIP/2.0/TLS\r\n\tfe1", REASON_OK, NULL},
        {"Via: SIP/2.0/TLS fe1", "v:SIP/2.0/TLS other.example;branch=x,SIP/2.0/TLS fe1", REASON_OK, NULL},
        {"Via: SIP/2.0/TLS fe1", "Via: SIP/2.0 fe1", BAD, "the top Via cannot be read"},
        {"Via: SIP/2.0/TLS fe1", "Via:\r\nVia: SIP/2.0/TLS fe1", BAD, "the top Via cannot be read"},
        {"Via: SIP/2.0/TLS client", "Via: ;;,;,,client", REASON_OK, NULL}, /* not ours to judge */
        {"Via: SIP/2.0/TLS fe1", "Via: SIP/2.0/TLS fe1:x", BAD, "the top Via cannot be read"},
        {"tag=9fxced76sl", "tag=9fxced76sl;tag=9fxced76sl", BAD, "From cannot be read"},
        {"From: \"Alice A.\"", "From: \"Alice A.", BAD, "From cannot be read"},
        {"From: \"Alice A.\"", "From: Alice, A.", BAD, "From cannot be read"},
        {"From: ", "Frm: ", BAD, "no From"},
        {"From: ", "From: <sip:x@evil.example>\r\nf: ", BAD, twice},
        {"To: ", "t: <sip:x@evil.example>\r\nTo: ", BAD, twice},
        {"To: <sip:bob@fabrikam.example>", "To: <sip:bob@fabrikam.example>, <sip:eve@evil.example>", BAD,
         "To cannot be read"},
        {"To: <sip:bob@fabrikam.example>", "To: <isbn:2983792873>", REASON_OK, NULL},
        {"To: ", "Tu: ", BAD, "no To"},
        {"Call-ID: ", "i : ", REASON_OK, NULL},
        {"Call-ID: ", "X: ", BAD, "no Call-ID"},
        {"Call-ID: 3", "Call-ID: 3 3", BAD, "Call-ID cannot be read"},
        {"Call-ID: ", "Call-ID:\r\nX: ", BAD, "Call-ID cannot be read"},
        {"Call-ID: ", "i: other\r\nCall-ID: ", BAD, twice},
        {"CSeq: 314159 ", "CSeq: 0 ", REASON_OK, NULL},
        {"CSeq: 314159 ", "cseq : 0009\r\n\t ", REASON_OK, NULL},
        {"CSeq: 314159 ", "CSeq: 2147483648 ", BAD, "CSeq cannot be read"},
        {"CSeq: 314159 ", "CSeq: 36893488147419103232 ", BAD, "CSeq cannot be read"},
        {"CSeq: 314159 ", "CSeq: -1 ", BAD, "CSeq cannot be read"},
        {"CSeq: 314159 ", "CSeq: ", BAD, "CSeq cannot be read"},
        {"CSeq: 314159 INVITE", "CSeq: 314159INVITE", BAD, "CSeq cannot be read"},
        {"CSeq: 314159 INVITE", "CSeq: 314159", BAD, "CSeq cannot be read"},
        {"CSeq: 314159 INVITE", "CSeq: 314159 INVITE x", BAD, "CSeq cannot be read"},
        {"CSeq: 314159 INVITE", "CSeq: 314159 OPTIONS", BAD, "CSeq has another method than the request"},
        {"CSeq: 314159 INVITE", "CSeq: 314159 invite", BAD, "CSeq has another method than the request"},
        {"CSeq: ", "CSeq: 1 INVITE\r\nCSeq: ", BAD, twice},
        {"CSeq: ", "X: ", BAD, "no CSeq"},
        {"Max-Forwards: 69\r\n", "", REASON_OK, NULL},
        {"Max-Forwards: 69", "MaX-fOrWaRdS:\t0068", REASON_OK, NULL},
        {"Max-Forwards: 69", "Max-Forwards: 255", REASON_OK, NULL},
        {"Max-Forwards: 69", "Max-Forwards: 256", BAD, "Max-Forwards is no number up to 255"},
        {"Max-Forwards: 69", "Max-Forwards: -1", BAD, "Max-Forwards is no number up to 255"},
        {"Max-Forwards: 69", "Max-Forwards:", BAD, "Max-Forwards is no number up to 255"},
        {"Max-Forwards: 69", "Max-Forwards: 69\r\nMax-Forwards: 69", BAD, twice},
        {"Max-Forwards: 69", "Max-Breadth: 60", REASON_OK, NULL},
        {"Max-Forwards: 69", "Max-Breadth: 6x", BAD, "Max-Breadth is no number"},
        {"Max-Forwards: 69", "Max-Breadth: 60\r\nMax-Breadth: 60", BAD, twice},
        {"Content-Length: 5", "Content-Length: 4", BAD, "Content-Length is not the length of the body"},
        {"Content-Length: 5", "Content-Length: 6", BAD, "Content-Length is not the length of the body"},
        {"Content-Length: 5", "Content-Length: five", BAD, "Content-Length is no number"},
        {"Content-Length: 5", "X: 5", BAD, "no Content-Length"},
        {"Content-Length: 5", "Content-Length: 5\r\nl: 5", BAD, twice},
        {"Content-Type: application/sdp", "c: a/b\r\nContent-Type: application/sdp", BAD, twice},
        {"Route: <sip:edge.corp.example;lr>", "Route: sip:edge.corp.example", BAD, "Route cannot be read"},
        {"Route: <sip:edge.corp.example;lr>", "Route: <sip:edge.corp.example;lr>,", BAD,
         "Route cannot be read"},
        {"Route: <sip:edge.corp.example;lr>", "Route:\r\nRoute: <sip:x;lr>", BAD, "Route cannot be read"},
        {"Route: <sip:edge.corp.example;lr>", "Route: <sip:edge corp.example;lr>", BAD,
         "Route cannot be read"},
    };
    (void)state;
    changed_requests_read_as(changes, COUNT_OF(changes));
}

/* RFC 3261 16.3: a proxy leaves alone what it need not understand. */
static void headers_that_it_does_not_use(void **state)
{
    const struct change changes[] = {
        {"X-Odd :  kept", "X-Odd: ;;,,;;,; \"", REASON_OK, NULL},
        {"X-Odd :  kept", "s :", REASON_OK, NULL},
        {"X-Odd :  kept", "C%6Fntact: <sip:x", REASON_OK, NULL},
        {"X-Odd :  kept", "X: \x01\x7f\x80\xff", REASON_OK, NULL},
        {"Contact: <", "Contact: \"", REASON_OK, NULL},
        {"Record-Route: <", "Record-Route: <<", REASON_OK, NULL},
        {"X-Odd :  kept", "Date: Fri, 01 Jan 2010 16:00:00 EST", REASON_OK, NULL},
        {"X-Odd :  kept", "Expires: 10000000000000000000000000000", REASON_OK, NULL},
        {"X-Odd :  kept", "no colon at all", BAD, "a header line has no name"},
        {"X-Odd :  kept", "two names: x", BAD, "a header line has no name"},
        {"X-Odd :  kept", ": no name", BAD, "a header line has no name"},
        {"X-Odd :  kept", "N\xc3\xa4me: x", BAD, "a header line has no name"},
        {"X-Odd :  kept", "X\r\n : kept", BAD, "a header line has no name"},
    };
    (void)state;
    changed_requests_read_as(changes, COUNT_OF(changes));
}

static void too_many_header_fields_are_refused(void **state)
{
    struct text octets = TEXT(SAMPLE_INVITE);
    struct sip_message message;
    struct sip_header header[13];
    const char *what;
    (void)state;
    assert_int_equal(sip_message_read(&message, octets, header_length_of(octets), header, 13, &what),
                     REASON_OK);
    assert_int_equal(sip_message_read(&message, octets, header_length_of(octets), header, 12, &what),
                     REASON_MESSAGE_TOO_LARGE);
    assert_string_equal(what, "too many header fields");
    assert_int_equal(message.header_count, 12);
    assert_int_equal(sip_message_read(&message, octets, header_length_of(octets), NULL, 0, &what),
                     REASON_MESSAGE_TOO_LARGE);
}

/* What is left of a refused request is enough for an answer. */
static void a_refused_request_keeps_what_could_be_read(void **state)
{
    struct sample sample;
    char changed[4096];
    (void)state;
    struct text octets = replaced(LINE, "OPTIONS  sip:x SIP/2.0\r\n", changed, sizeof(changed));
    assert_int_equal(sample_read(&sample, octets), BAD);
    assert_true(sample.message.is_request);
    assert_text(sample.message.method, "OPTIONS");
    assert_true(sample.message.has_via && sample.message.has_from && sample.message.has_to);
    assert_text(sample.message.call_id, "3848276298220188511@corp.example");
    assert_true(sample.message.has_cseq);
    assert_true(sample.message.has_max_forwards);
    octets = replaced("Max-Forwards: 69", "Max-Forwards: 690", changed, sizeof(changed));
    assert_int_equal(sample_read(&sample, octets), BAD);
    assert_false(sample.message.has_max_forwards);
}

/* Cut at every octet, as header alone and as header with less body than said. */
static void a_message_that_is_cut_off_anywhere_is_refused(void **state)
{
    struct text whole = TEXT(SAMPLE_INVITE);
    (void)state;
    for (size_t length = 0; length < whole.length; length++) {
        char *exact = exact_copy((struct text){whole.at, length});
        struct sip_message message;
        struct sip_header header[HEADERS_MOST];
        const char *what;
        size_t header_length = header_length_of((struct text){exact, length});
        enum reason reason = sip_message_read(&message, (struct text){exact, length}, header_length, header,
                                              HEADERS_MOST, &what);
        assert_int_equal(reason, BAD);
        assert_non_null(what);
        assert_int_equal(
            sip_message_read(&message, (struct text){exact, length}, length + 1, header, HEADERS_MOST, &what),
            BAD);
        free(exact);
    }
}

/* Every octet in turn replaced by ones that mean something: no crash, and the framer never calls a message
 * what the reader then finds to end elsewhere. */
static void one_wrong_octet_never_parts_framer_and_reader(void **state)
{
    static const char wrong[] = {'\0', '\r', '\n', ' ', '\t', ':',    ',',   ';',
                                 '"',  '\\', '<',  '>', '@',  '\x7f', '\xff'};
    struct text whole = TEXT(SAMPLE_INVITE);
    char *octets = exact_copy(whole);
    size_t framed = 0;
    (void)state;
    for (size_t at = 0; at < whole.length; at++) {
        for (size_t i = 0; i < sizeof(wrong); i++) {
            struct sip_framer framer;
            struct sip_frame_result result;
            struct sip_message message;
            struct sip_header header[HEADERS_MOST];
            const char *what = NULL;
            octets[at] = wrong[i];
            sip_framer_init(&framer, 4096, 8192);
            if (sip_framer_next(&framer, (struct text){octets, whole.length}, &result) == SIP_FRAME_MESSAGE) {
                framed++;
                sip_message_read(&message, (struct text){octets, result.consumed}, result.header_length,
                                 header, HEADERS_MOST, &what);
                if (what != NULL && (strcmp(what, "the header does not end where it was said to") == 0 ||
                                     strcmp(what, "no Content-Length") == 0 ||
                                     strcmp(what, "Content-Length is no number") == 0 ||
                                     strcmp(what, "Content-Length is not the length of the body") == 0 ||
                                     strcmp(what, "the message has no start line") == 0))
                    fail_msg("octet %zu as 0x%02x: %s", at, (unsigned)(unsigned char)wrong[i], what);
            }
            octets[at] = whole.at[at];
        }
    }
    assert_true(framed > 1000);
    free(octets);
}

static void methods_are_compared_with_case(void **state)
{
    (void)state;
    assert_int_equal(sip_method_of(TEXT("REGISTER")), SIP_METHOD_REGISTER);
    assert_int_equal(sip_method_of(TEXT("NEGOTIATE")), SIP_METHOD_NEGOTIATE);
    assert_int_equal(sip_method_of(TEXT("register")), SIP_METHOD_OTHER);
    assert_int_equal(sip_method_of(TEXT("RE%47IST%45R")), SIP_METHOD_OTHER);
    assert_int_equal(sip_method_of(TEXT("REGISTERS")), SIP_METHOD_OTHER);
    assert_int_equal(sip_method_of(TEXT("")), SIP_METHOD_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read),
        cmocka_unit_test(values_are_walked_over_all_lines),
        cmocka_unit_test(a_response_is_read),
        cmocka_unit_test(start_lines),
        cmocka_unit_test(headers_that_a_proxy_uses),
        cmocka_unit_test(headers_that_it_does_not_use),
        cmocka_unit_test(too_many_header_fields_are_refused),
        cmocka_unit_test(a_refused_request_keeps_what_could_be_read),
        cmocka_unit_test(a_message_that_is_cut_off_anywhere_is_refused),
        cmocka_unit_test(one_wrong_octet_never_parts_framer_and_reader),
        cmocka_unit_test(methods_are_compared_with_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
