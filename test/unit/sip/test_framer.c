/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip_test.h"

#include "gateway/limits.h"
#include "gateway/sip/framer.h"

#include <stdio.h>

#define HEADER_SIZE 4096
#define MESSAGE_SIZE 8192

/* What a stream was cut into, as text: M for a message with its two lengths, P for completed pings, F for
 * failure. */
struct trace {
    char text[4096];
    size_t length;
};

static void trace_add(struct trace *trace, const char *kind, size_t first, size_t second)
{
    int written = snprintf(trace->text + trace->length, sizeof(trace->text) - trace->length, "%s%zu,%zu ",
                           kind, first, second);
    assert_true(written > 0 && (size_t)written < sizeof(trace->text) - trace->length);
    trace->length += (size_t)written;
}

/* Feeds the stream in slices of `slice` octets through one framer. Pings are summed up, since slices cut them
 * differently. */
static void cut(struct text stream, size_t slice, struct trace *trace)
{
    struct sip_framer framer;
    size_t begin = 0, pings = 0;

    *trace = (struct trace){.length = 0};
    sip_framer_init(&framer, HEADER_SIZE, MESSAGE_SIZE);
    for (size_t end = 0; end < stream.length;) {
        end = stream.length - end < slice ? stream.length : end + slice;
        struct sip_frame_result result;
        enum sip_frame frame;
        do {
            char *exact = exact_copy((struct text){stream.at + begin, end - begin});
            frame = sip_framer_next(&framer, (struct text){exact, end - begin}, &result);
            free(exact);
            begin += result.consumed;
            pings += result.pings;
            if (frame == SIP_FRAME_MESSAGE) {
                assert_int_equal(result.consumed, result.header_length + result.body_length);
                trace_add(trace, "M", result.header_length, result.body_length);
            }
            if (frame == SIP_FRAME_FAILED) {
                trace_add(trace, reason_token(result.reason), result.header_length, result.body_length);
                return;
            }
        } while (frame != SIP_FRAME_NEED_MORE);
        assert_true(result.wanted == 0 || result.wanted > end - begin);
    }
    trace_add(trace, "rest", stream.length - begin, pings);
}

#define START "MESSAGE sip:a@b.example SIP/2.0\r\n"

static const struct {
    struct text stream;
    const char *trace;
} streams[] = {
#define STREAM(literal, expected)                                                                            \
    {                                                                                                        \
        {literal, sizeof(literal) - 1}, (expected)                                                           \
    }
    STREAM(START "Content-Length: 0\r\n\r\n", "M54,0 rest0,0 "),
    STREAM(START "l:3\r\n\r\nabc", "M40,3 rest0,0 "),
    STREAM(START "L \t:\r\n 0003\r\n\r\nabc" START "l:0\r\n\r\n", "M48,3 M40,0 rest0,0 "),
    STREAM(START "CONTENT-length   :  3\t\r\n\r\nabc", "M59,3 rest0,0 "),
    STREAM("\r\n\r\n\r\n" START "l:0\r\n\r\n\r\n\r\n", "M40,0 rest0,2 "),
    STREAM("\r\n\r\n\r\n\r\n\r\n", "rest0,2 "),
    /* A CRLF in front of a message is no half of a ping behind it. */
    STREAM("\r\n" START "l:0\r\n\r\n\r\n", "M40,0 rest0,0 "),
    STREAM(START "l:2\r\n\r\n\r\n" START "l:0\r\n\r\n", "M40,2 M40,0 rest0,0 "),
    STREAM(START "l:9\r\n\r\nabc", "rest43,0 "),
    STREAM(START "l:4", "rest36,0 "),
    STREAM(START "X: Content-Length: 9\r\nl: 0\r\n\r\n", "M63,0 rest0,0 "),
    /* Some servers look for the length behind any line feed: it may not hide in a fold. */
    STREAM(START "X:\r\n Content-Length: 9\r\nl: 0\r\n\r\n", "framing-lost65,0 "),
    STREAM(START "X: a\r\n\tb\r\n  L \t: 9\r\nl: 0\r\n\r\n", "framing-lost61,0 "),
    STREAM(START "X: a\r\n long: 9\r\nl: 0\r\n\r\n", "M57,0 rest0,0 "),
    STREAM(START "X-Content-Length: 9\r\nContent-Lengths: 8\r\nll: 7\r\nl: 1\r\n\r\n.", "M89,1 rest0,0 "),
    /* Names that only look alike do not frame. */
    STREAM(START "Content\0Length: 3\r\n\r\nabc", "framing-lost0,0 "),
    STREAM(START "Content-Length\x01: 3\r\n\r\nabc", "framing-lost55,0 "),
    STREAM(START "Content-Length\r\n : 3\r\n\r\nabc", "framing-lost57,0 "),
    STREAM(START "\r\n", "framing-lost35,0 "),
    STREAM(START "a: b\r\n\r\n", "framing-lost41,0 "),
    STREAM(START "l: 3\r\nl: 3\r\n\r\nabc", "framing-lost47,0 "),
    STREAM(START "l: 3\r\nX: y\r\nContent-Length: 5\r\n\r\nabc", "framing-lost66,0 "),
    STREAM(START "l: 3, 3\r\n\r\nabc", "framing-lost44,0 "),
    STREAM(START "l: -3\r\n\r\nabc", "framing-lost42,0 "),
    STREAM(START "l: +3\r\n\r\nabc", "framing-lost42,0 "),
    STREAM(START "l: 3x\r\n\r\nabc", "framing-lost42,0 "),
    STREAM(START "l: 0x3\r\n\r\nabc", "framing-lost43,0 "),
    STREAM(START "l: 3;q=1\r\n\r\nabc", "framing-lost45,0 "),
    STREAM(START "l: 1\r\n 2\r\n\r\nabc", "framing-lost45,0 "),
    STREAM(START "l:\r\n\r\nabc", "framing-lost39,0 "),
    STREAM(START "l: 4294967301\r\n\r\nabcde", "framing-lost50,0 "),
    STREAM(START "l: 18446744073709551619\r\n\r\nabc", "framing-lost60,0 "),
    STREAM(START "l: 9000\r\n\r\nabc", "message-too-large44,9000 "),
    STREAM(START "l: 4294967295\r\n\r\nabc", "message-too-large50,4294967295 "),
    STREAM(START "l: 0\n\n", "framing-lost0,0 "),
    STREAM(START "l: 0\r\n\n", "framing-lost0,0 "),
    STREAM(START "l: 0\rX: y\r\n\r\n", "framing-lost0,0 "),
    STREAM(START "l: 0\r\r\n\r\n", "framing-lost0,0 "),
    STREAM(START "l: 0\r\n\r\r\n", "framing-lost0,0 "),
    STREAM(START "X: \0\r\nl: 0\r\n\r\n", "framing-lost0,0 "),
    STREAM(START "X: \"\\\0\"\r\nl: 0\r\n\r\n", "M50,0 rest0,0 "),
    STREAM(START "X: y\r\n \r\nl: 0\r\n\r\n", "framing-lost0,0 "),
    STREAM(START " folded\r\nl: 0\r\n\r\n", "framing-lost0,0 "),
    STREAM("\n" START "l: 0\r\n\r\n", "framing-lost0,0 "),
    STREAM("\r" START "l: 0\r\n\r\n", "framing-lost0,0 "),
    STREAM("\r\n\n" START "l: 0\r\n\r\n", "framing-lost0,0 "),
    STREAM(START "l:0\r\n\r\n\r" START "l:0\r\n\r\n", "M40,0 framing-lost0,0 "),
    STREAM("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "framing-lost27,0 "),
};

static void streams_are_cut_as_they_must(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        struct trace trace;
        cut(streams[i].stream, SIZE_MAX, &trace);
        if (strcmp(trace.text, streams[i].trace) != 0)
            fail_msg("stream %zu: \"%s\" is not \"%s\"", i, trace.text, streams[i].trace);
    }
}

static void slices_change_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        for (size_t slice = 1; slice <= streams[i].stream.length; slice++) {
            struct trace trace;
            cut(streams[i].stream, slice, &trace);
            if (strcmp(trace.text, streams[i].trace) != 0)
                fail_msg("stream %zu in slices of %zu: \"%s\" is not \"%s\"", i, slice, trace.text,
                         streams[i].trace);
        }
    }
}

static enum sip_frame next(struct sip_framer *framer, struct text available, struct sip_frame_result *result)
{
    return sip_framer_next(framer, available, result);
}

static void wanted_tells_the_whole_length_once_it_is_known(void **state)
{
    struct text stream = TEXT(START "l: 10\r\n\r\nabc");
    struct sip_framer framer;
    struct sip_frame_result result;
    (void)state;
    sip_framer_init(&framer, HEADER_SIZE, MESSAGE_SIZE);
    assert_int_equal(next(&framer, (struct text){stream.at, 38}, &result), SIP_FRAME_NEED_MORE);
    assert_int_equal(result.wanted, 0);
    assert_int_equal(next(&framer, stream, &result), SIP_FRAME_NEED_MORE);
    assert_int_equal(result.wanted, 52);
    assert_int_equal(result.consumed, 0);
}

static void a_header_without_end_fails_at_its_bound(void **state)
{
    static char octets[HEADER_SIZE + 1];
    struct sip_framer framer;
    struct sip_frame_result result;
    (void)state;

    memset(octets, 'x', sizeof(octets));
    memcpy(octets, START, sizeof(START) - 1);
    sip_framer_init(&framer, HEADER_SIZE, MESSAGE_SIZE);
    for (size_t length = 1; length < HEADER_SIZE; length++) {
        assert_int_equal(next(&framer, (struct text){octets, length}, &result), SIP_FRAME_NEED_MORE);
        assert_true(framer.scanned + 2 >= length); /* nothing is looked at twice */
    }
    assert_int_equal(next(&framer, (struct text){octets, HEADER_SIZE}, &result), SIP_FRAME_FAILED);
    assert_int_equal(result.reason, REASON_MESSAGE_TOO_LARGE);
    assert_false(result.length_known);
    assert_int_equal(next(&framer, TEXT(START "l: 0\r\n\r\n"), &result), SIP_FRAME_FAILED);
}

/* A header of exactly the bound passes, one octet more does not, all at once or octet by octet. */
static void the_bounds_are_exact(void **state)
{
    static char octets[HEADER_SIZE + 1 + MESSAGE_SIZE];
    (void)state;
    for (size_t over = 0; over <= 1; over++) {
        for (size_t slice = 1; slice <= HEADER_SIZE + over; slice += HEADER_SIZE + over - 1) {
            struct sip_framer framer;
            struct sip_frame_result result;
            size_t length = HEADER_SIZE + over, seen = 0;
            memset(octets, 'x', sizeof(octets));
            memcpy(octets, START "l: 0\r\nX: ", sizeof(START) - 1 + 9);
            memcpy(octets + length - 4, "\r\n\r\n", 4);
            sip_framer_init(&framer, HEADER_SIZE, MESSAGE_SIZE);
            enum sip_frame frame = SIP_FRAME_NEED_MORE;
            while (frame == SIP_FRAME_NEED_MORE && seen < length) {
                seen = length - seen < slice ? length : seen + slice;
                frame = next(&framer, (struct text){octets, seen}, &result);
            }
            assert_int_equal(frame, over == 0 ? SIP_FRAME_MESSAGE : SIP_FRAME_FAILED);
            assert_int_equal(result.reason, over == 0 ? REASON_OK : REASON_MESSAGE_TOO_LARGE);
        }
    }
    struct sip_framer framer; /* a header that is the whole message, at the bound of messages */
    struct sip_frame_result result;
    sip_framer_init(&framer, HEADER_SIZE, 42);
    assert_int_equal(next(&framer, TEXT(START "l: 00\r\n\r\n"), &result), SIP_FRAME_MESSAGE);
    assert_int_equal(next(&framer, TEXT(START "l: 000\r\n\r\n"), &result), SIP_FRAME_FAILED);
    struct trace trace; /* 44 octets of header, 8148 of body: 8192 */
    cut(TEXT(START "l: 8148\r\n\r\nabc"), SIZE_MAX, &trace);
    assert_string_equal(trace.text, "rest47,0 ");
    cut(TEXT(START "l: 8149\r\n\r\nabc"), SIZE_MAX, &trace);
    assert_string_equal(trace.text, "message-too-large44,8149 ");
}

static void a_message_that_is_too_large_can_be_skipped(void **state)
{
    static char stream[44 + 9000 + 40];
    (void)state;
    memset(stream, '\r', sizeof(stream)); /* a body that would pass for keep-alives */
    memcpy(stream, START "l: 9000\r\n\r\n", 44);
    memcpy(stream + 44 + 9000, START "l:0\r\n\r\n", 40);
    static const size_t slices[] = {1, 7, 45, 4096, sizeof(stream)};
    for (size_t i = 0; i < COUNT_OF(slices); i++) {
        struct sip_framer framer;
        struct sip_frame_result result = {0};
        size_t begin = 0, end = 0, skipped = 0;
        bool done = false;
        sip_framer_init(&framer, HEADER_SIZE, MESSAGE_SIZE);
        while (!done && (begin < end || end < sizeof(stream))) {
            enum sip_frame frame = next(&framer, (struct text){stream + begin, end - begin}, &result);
            if (frame == SIP_FRAME_FAILED) {
                assert_true(result.length_known);
                assert_int_equal(result.header_length, 44);
                assert_int_equal(result.body_length, 9000);
                sip_framer_skip(&framer);
            } else if (frame == SIP_FRAME_SKIPPED) {
                skipped += result.consumed;
                begin += result.consumed;
            } else if (frame == SIP_FRAME_MESSAGE) {
                done = true;
                assert_int_equal(begin, 9044);
                assert_int_equal(result.consumed, 40);
            } else {
                assert_int_equal(frame, SIP_FRAME_NEED_MORE);
                end = sizeof(stream) - end < slices[i] ? sizeof(stream) : end + slices[i];
            }
        }
        if (!done) /* the last octet came with the last slice */
            assert_int_equal(next(&framer, (struct text){stream + begin, end - begin}, &result),
                             SIP_FRAME_MESSAGE);
        assert_int_equal(skipped, 9044);
    }
}

static void a_flood_of_line_ends_is_bounded(void **state)
{
    struct sip_framer framer;
    struct sip_frame_result result;
    size_t sent = 0;
    (void)state;

    sip_framer_init(&framer, HEADER_SIZE, MESSAGE_SIZE);
    while (next(&framer, TEXT("\r\n\r\n"), &result) == SIP_FRAME_KEEP_ALIVE) {
        assert_int_equal(result.pings, 1);
        sent += 4;
        assert_true(sent <= KEEP_ALIVE_OCTETS_MOST);
    }
    assert_int_equal(sent, KEEP_ALIVE_OCTETS_MOST);
    assert_int_equal(result.reason, REASON_FRAMING_LOST);
    /* Messages and the owner's forgiveness start the count anew. */
    sip_framer_init(&framer, HEADER_SIZE, MESSAGE_SIZE);
    for (sent = 0; sent < 3 * KEEP_ALIVE_OCTETS_MOST; sent += 4) {
        assert_int_equal(next(&framer, TEXT("\r\n\r\n"), &result), SIP_FRAME_KEEP_ALIVE);
        if (sent % 1000 == 0)
            assert_int_equal(next(&framer, TEXT(START "l: 0\r\n\r\n"), &result), SIP_FRAME_MESSAGE);
        else if (sent % 500 == 0)
            framer.keep_alive_octets = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_cut_as_they_must),
        cmocka_unit_test(slices_change_nothing),
        cmocka_unit_test(wanted_tells_the_whole_length_once_it_is_known),
        cmocka_unit_test(a_header_without_end_fails_at_its_bound),
        cmocka_unit_test(the_bounds_are_exact),
        cmocka_unit_test(a_message_that_is_too_large_can_be_skipped),
        cmocka_unit_test(a_flood_of_line_ends_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
