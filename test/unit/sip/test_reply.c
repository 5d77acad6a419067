/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip_test.h"

#include "gateway/sip/hop_request.h"
#include "gateway/sip/reply.h"

/* Checks the octets, that one less does not fit, and that the reader takes them. */
static void written_is(const char *got, size_t length, const char *expected)
{
    struct sample sample;
    if (length != strlen(expected) || memcmp(got, expected, length) != 0)
        fail_msg("\n%.*s\nis not\n%s", (int)length, got, expected);
    assert_int_equal(sample_read(&sample, (struct text){got, length}), REASON_OK);
}

static void answer_is(const char *request, const struct sip_reply *reply, const char *expected)
{
    struct sample sample;
    char to[4096];
    sample_read(&sample, text_of(request));
    size_t length = sip_reply_write(to, sizeof(to), &sample.message, reply);
    written_is(to, length, expected);
    for (size_t capacity = 0; capacity < length; capacity++) {
        char *exact = malloc(capacity + 1);
        assert_non_null(exact);
        assert_int_equal(sip_reply_write(exact, capacity, &sample.message, reply), 0);
        free(exact);
    }
}

#define REQUEST                                                                                              \
    "OPTIONS sip:b@x.example SIP/2.0\r\n"                                                                    \
    "Via: SIP/2.0/TLS a.example;rport ; branch=z9hG4bK1 ,\r\n SIP/2.0/TLS b.example\r\n"                     \
    "Max-Forwards: 0\r\n"                                                                                    \
    "v: SIP/2.0/TLS c.example\r\n"                                                                           \
    "From: <sip:a@y.example>;tag=1\r\n"                                                                      \
    "To:\t<sip:b@x.example> \r\n"                                                                            \
    "i: c\r\n"                                                                                               \
    "CSeq: 7\r\n OPTIONS\r\n"                                                                                \
    "l: 0\r\n\r\n"

static void an_answer_has_what_it_must(void **state)
{
    (void)state;
    answer_is(REQUEST,
              &(struct sip_reply){.status = 483,
                                  .phrase = "Too Many Hops",
                                  .to_tag = TEXT("us"),
                                  .received = TEXT("2001:db8::1"),
                                  .source_port = 40001,
                                  .extra_lines = TEXT("Reason: SIP ;text=\"too-many-hops\"\r\n")},
              "SIP/2.0 483 Too Many Hops\r\n"
              "Via: SIP/2.0/TLS a.example;rport=40001 ; branch=z9hG4bK1;received=2001:db8::1 ,\r\n"
              " SIP/2.0/TLS b.example\r\n"
              "v: SIP/2.0/TLS c.example\r\n"
              "From: <sip:a@y.example>;tag=1\r\n"
              "To:\t<sip:b@x.example>;tag=us \r\n"
              "i: c\r\n"
              "CSeq: 7\r\n OPTIONS\r\n"
              "Reason: SIP ;text=\"too-many-hops\"\r\n"
              "Content-Length: 0\r\n\r\n");
    /* A 100 has no tag of ours; what the top Via says already stays. */
    answer_is("INVITE sip:b@x.example SIP/2.0\r\n"
              "Via: SIP/2.0/TLS a.example;rport=1;received=192.0.2.9;branch=z9hG4bK1\r\n"
              "f: <sip:a@y.example>;tag=1\r\nt: <sip:b@x.example>\r\ni: c\r\nCSeq: 7 INVITE\r\nl: 0\r\n\r\n",
              &(struct sip_reply){.status = 100,
                                  .phrase = "Trying",
                                  .to_tag = TEXT("us"),
                                  .received = TEXT("192.0.2.1"),
                                  .source_port = 2},
              "SIP/2.0 100 Trying\r\n"
              "Via: SIP/2.0/TLS a.example;rport=1;received=192.0.2.9;branch=z9hG4bK1\r\n"
              "f: <sip:a@y.example>;tag=1\r\nt: <sip:b@x.example>\r\ni: c\r\nCSeq: 7 INVITE\r\n"
              "Content-Length: 0\r\n\r\n");
    answer_is(
        "BYE sip:b@x.example SIP/2.0\r\nv: SIP/2.0/TLS a.example\r\n"
        "f: <sip:a@y.example>;tag=1\r\nt: <sip:b@x.example>;tag=2\r\ni: c\r\nCSeq: 7 BYE\r\nl: 0\r\n\r\n",
        &(struct sip_reply){.status = 481, .phrase = "No", .to_tag = TEXT("us")},
        "SIP/2.0 481 No\r\nv: SIP/2.0/TLS a.example\r\n"
        "f: <sip:a@y.example>;tag=1\r\nt: <sip:b@x.example>;tag=2\r\ni: c\r\nCSeq: 7 BYE\r\n"
        "Content-Length: 0\r\n\r\n");
}

static size_t answer(const char *request, struct sip_reply reply, char *to, size_t capacity)
{
    struct sample sample;
    sample_read(&sample, text_of(request));
    if (reply.status == 0)
        reply.status = 400;
    if (reply.phrase == NULL)
        reply.phrase = "Bad Request";
    return sip_reply_write(to, capacity, &sample.message, &reply);
}

static void what_is_broken_is_given_back_as_it_is(void **state)
{
    char to[4096];
    (void)state;
    size_t length = answer(
        "OPTIONS  sip:b SIP/2.0\r\nVia: nonsense;rport\r\nVia: more\r\nFrom: \"x\r\nTo: \"y\r\nTo: z\r\n"
        "Call-ID: a b\r\nCSeq: x\r\nCSeq: y\r\nCall-ID: c\r\n\r\n",
        (struct sip_reply){.to_tag = TEXT("us"), .received = TEXT("192.0.2.1"), .source_port = 1}, to,
        sizeof(to));
    assert_text(((struct text){to, length}),
                "SIP/2.0 400 Bad Request\r\nVia: nonsense;rport\r\nVia: more\r\nFrom: \"x\r\nTo: \"y\r\n"
                "Call-ID: a b\r\nCSeq: x\r\nContent-Length: 0\r\n\r\n");
}

static void what_cannot_be_answered_is_not(void **state)
{
    char to[4096];
    const struct sip_reply plain = {0};
    (void)state;
    assert_int_not_equal(answer(REQUEST, plain, to, sizeof(to)), 0);
    assert_int_equal(answer("OPTIONS sip:b SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n", plain, to, sizeof(to)), 0);
    assert_int_equal(answer("OPTIONS sip:b SIP/2.0\r\nVia: SIP/2.0/TLS a\r\n\r\n", plain, to, sizeof(to)), 0);
    assert_int_equal(
        answer("ACK sip:b@x SIP/2.0\r\nVia: SIP/2.0/TLS a\r\nCSeq: 1 ACK\r\n\r\n", plain, to, sizeof(to)), 0);
    assert_int_equal(
        answer("SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS a\r\nCSeq: 1 BYE\r\n\r\n", plain, to, sizeof(to)), 0);
    assert_int_equal(answer("nonsense", plain, to, sizeof(to)), 0);
    assert_int_equal(answer("", plain, to, sizeof(to)), 0);
    assert_int_equal(answer(REQUEST, (struct sip_reply){.extra_lines = TEXT("X: y\r\n\r\n")}, to, sizeof(to)),
                     0);
    assert_int_equal(answer(REQUEST, (struct sip_reply){.extra_lines = TEXT("X: y")}, to, sizeof(to)), 0);
    assert_int_equal(answer(REQUEST, (struct sip_reply){.to_tag = TEXT("x\r\nY: z")}, to, sizeof(to)), 0);
    assert_int_equal(answer(REQUEST, (struct sip_reply){.received = TEXT("1.2.3.4;x")}, to, sizeof(to)), 0);
}

static void a_cancel_belongs_to_its_invite(void **state)
{
    struct sample sample;
    char to[4096];
    (void)state;
    assert_int_equal(sample_read(&sample, TEXT(SAMPLE_INVITE)), REASON_OK);
    size_t length = sip_cancel_write(to, sizeof(to), &sample.message, TEXT("Reason: SIP ;cause=487\r\n"));
    written_is(to, length,
               "CANCEL sip:bob@fabrikam.example SIP/2.0\r\n"
               "Via: SIP/2.0/TLS fe1.corp.example:5061;branch=z9hG4bKfe1.17;alias\r\n"
               "Max-Forwards: 70\r\n"
               "Route: <sip:edge.corp.example;lr>, <sip:sip.fabrikam.example;lr>\r\n"
               "From: \"Alice A.\" <sip:alice@corp.example>;tag=9fxced76sl;epid=0102\r\n"
               "To: <sip:bob@fabrikam.example>\r\n"
               "Call-ID: 3848276298220188511@corp.example\r\n"
               "CSeq: 314159 CANCEL\r\n"
               "Reason: SIP ;cause=487\r\n"
               "Content-Length: 0\r\n\r\n");
    assert_int_equal(sip_cancel_write(to, length - 1, &sample.message, TEXT("Reason: SIP ;cause=487\r\n")),
                     0);
    assert_int_equal(sip_cancel_write(to, sizeof(to), &sample.message, TEXT("Reason")), 0);
}

static void an_ack_takes_the_tag_of_the_answer(void **state)
{
    struct sample sent, response;
    char to[4096];
    (void)state;
    assert_int_equal(sample_read(&sent, TEXT(SAMPLE_INVITE)), REASON_OK);
    assert_int_equal(
        sample_read(&response,
                    TEXT("SIP/2.0 486 Busy\r\nVia: SIP/2.0/TLS fe1.corp.example:5061;branch=z9hG4bKfe1.17\r\n"
                         "f: <sip:alice@corp.example>;tag=9fxced76sl\r\n"
                         "t: <sip:bob@fabrikam.example>;tag=theirs\r\n"
                         "i: x\r\nCSeq: 314159 INVITE\r\nl: 0\r\n\r\n")),
        REASON_OK);
    size_t length = sip_ack_write(to, sizeof(to), &sent.message, &response.message);
    written_is(to, length,
               "ACK sip:bob@fabrikam.example SIP/2.0\r\n"
               "Via: SIP/2.0/TLS fe1.corp.example:5061;branch=z9hG4bKfe1.17;alias\r\n"
               "Max-Forwards: 70\r\n"
               "Route: <sip:edge.corp.example;lr>, <sip:sip.fabrikam.example;lr>\r\n"
               "From: \"Alice A.\" <sip:alice@corp.example>;tag=9fxced76sl;epid=0102\r\n"
               "t: <sip:bob@fabrikam.example>;tag=theirs\r\n"
               "Call-ID: 3848276298220188511@corp.example\r\n"
               "CSeq: 314159 ACK\r\n"
               "Content-Length: 0\r\n\r\n");
    assert_int_equal(sip_ack_write(to, length - 1, &sent.message, &response.message), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_has_what_it_must),
        cmocka_unit_test(what_is_broken_is_given_back_as_it_is),
        cmocka_unit_test(what_cannot_be_answered_is_not),
        cmocka_unit_test(a_cancel_belongs_to_its_invite),
        cmocka_unit_test(an_ack_takes_the_tag_of_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
