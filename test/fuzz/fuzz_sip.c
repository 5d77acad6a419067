/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of hostile octets through framer, reader, edits and answers. The first octet says how the stream is
 * sliced.
 *
 * Held to be true of any input:
 * - slices change nothing about what a stream is cut into;
 * - a message that is read can be written anew, unchanged to the octet, or with the changes of a request on
 * its way; then the framer takes the outcome as one message, and the reader finds the same facts in it;
 * - each answer that is written is one message.
 *
 * Built by test/unit/sip/meson.build: fuzz_sip (libFuzzer, with clang), and test_sip_seeds, which runs the
 * seeds through it. */
#include "gateway/sip/edit.h"
#include "gateway/sip/framer.h"
#include "gateway/sip/hop_request.h"
#include "gateway/sip/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE 4096
#define MESSAGE_SIZE 8192
#define HEADERS_MOST 64
#define FRAMES_MOST 64

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct frame {
    size_t begin, header_length, body_length;
};

/* What a stream was cut into. */
struct cutting {
    struct frame frame[FRAMES_MOST];
    size_t count, left, pings;
    enum reason failure; /* REASON_OK: none */
};

static void cut(struct text stream, size_t slice, struct cutting *cutting)
{
    struct sip_framer framer;
    size_t begin = 0, end = 0;

    memset(cutting, 0, sizeof(*cutting));
    sip_framer_init(&framer, HEADER_SIZE, MESSAGE_SIZE);
    while (end < stream.length && cutting->count < FRAMES_MOST) {
        struct sip_frame_result result;
        enum sip_frame frame = SIP_FRAME_KEEP_ALIVE;
        end = stream.length - end < slice ? stream.length : end + slice;
        while (frame != SIP_FRAME_NEED_MORE && cutting->count < FRAMES_MOST) {
            frame = sip_framer_next(&framer, (struct text){stream.at + begin, end - begin}, &result);
            if (frame == SIP_FRAME_FAILED) {
                cutting->failure = result.reason;
                cutting->left = stream.length - begin;
                return;
            }
            if (frame == SIP_FRAME_MESSAGE)
                cutting->frame[cutting->count++] =
                    (struct frame){begin, result.header_length, result.body_length};
            begin += result.consumed;
            cutting->pings += result.pings;
            MUST(begin <= end);
        }
    }
    cutting->left = stream.length - begin;
}

static bool same(struct text a, struct text b)
{
    return text_equal(a, b);
}

static bool same_address(const struct sip_address *a, const struct sip_address *b)
{
    return same(a->uri.text, b->uri.text) && same(a->uri.host, b->uri.host) && same(a->tag, b->tag) &&
           same(a->display, b->display) && same(a->parameters, b->parameters);
}

static void must_have_the_same_facts(const struct sip_message *a, const struct sip_message *b)
{
    MUST(a->is_request == b->is_request && a->status == b->status && a->method_kind == b->method_kind);
    MUST(same(a->method, b->method) && same(a->phrase, b->phrase) && same(a->body, b->body));
    MUST(same_address(&a->from, &b->from) && same_address(&a->to, &b->to));
    MUST(same(a->call_id, b->call_id) && a->cseq == b->cseq && same(a->cseq_method, b->cseq_method));
}

/* A block of exactly the size, so that the address sanitizer sees what goes past it. */
struct written {
    char *at;
    size_t length;
    struct sip_message message;
    struct sip_header header[HEADERS_MOST + 8];
};

static void must_be_one_message(struct written *written)
{
    struct sip_framer framer;
    struct sip_frame_result result;
    struct text octets = {written->at, written->length};
    const char *what;

    sip_framer_init(&framer, HEADER_SIZE * 4, MESSAGE_SIZE * 4);
    MUST(sip_framer_next(&framer, octets, &result) == SIP_FRAME_MESSAGE);
    MUST(result.consumed == written->length);
    enum reason reason = sip_message_read(&written->message, octets, result.header_length, written->header,
                                          sizeof(written->header) / sizeof(written->header[0]), &what);
    if (reason != REASON_OK)
        written->message.octets = TEXT_NONE;
}

static void write_plan(const struct sip_edit *edit, struct written *written)
{
    written->length = sip_edit_length(edit);
    MUST(written->length > 0);
    written->at = malloc(written->length);
    MUST(written->at != NULL);
    MUST(sip_edit_write(edit, written->at, written->length - 1) == 0);
    MUST(sip_edit_write(edit, written->at, written->length) == written->length);
    must_be_one_message(written);
    MUST(written->message.octets.length == written->length); /* it was read without fault */
}

static void check_unchanged(const struct sip_message *message)
{
    struct sip_edit edit;
    struct written written;

    sip_edit_init(&edit, message);
    write_plan(&edit, &written);
    MUST(written.length == message->octets.length);
    if (text_equal(message->version, TEXT("SIP/2.0")))
        MUST(memcmp(written.at, message->octets.at, written.length) == 0);
    must_have_the_same_facts(message, &written.message);
    free(written.at);
}

/* As the relay does it with a request. */
static void check_changed(const struct sip_message *message)
{
    struct sip_edit edit;
    struct written written;
    size_t max_forwards = sip_message_first(message, SIP_HEADER_MAX_FORWARDS);
    size_t route = sip_message_first(message, SIP_HEADER_ROUTE);

    sip_edit_init(&edit, message);
    sip_edit_prepend(&edit, SIP_HEADER_VIA, TEXT("Via: SIP/2.0/TLS us.example;branch=z9hG4bKus\r\n"));
    sip_edit_prepend(&edit, SIP_HEADER_RECORD_ROUTE, TEXT("Record-Route: <sip:us.example;lr>\r\n"));
    if (message->via.received.length == 0)
        sip_edit_extend(&edit, message->via.text, TEXT(";received=192.0.2.1"));
    if (max_forwards == SIP_NO_HEADER)
        sip_edit_append(&edit, TEXT("Max-Forwards: 70\r\n"));
    else
        sip_edit_replace(&edit, max_forwards, TEXT("Max-Forwards: 1\r\n"));
    if (message->is_request && route != SIP_NO_HEADER)
        sip_edit_remove_first_value(&edit, route);
    if (message->of_kind[SIP_HEADER_P_ASSERTED_IDENTITY].count <= 40)
        sip_edit_remove_all(&edit, SIP_HEADER_P_ASSERTED_IDENTITY);
    if (message->is_request)
        sip_edit_request_uri(&edit, TEXT("sip:moved@them.example"));
    write_plan(&edit, &written);
    must_have_the_same_facts(message, &written.message);
    MUST(same(written.message.via.branch, TEXT("z9hG4bKus")));
    MUST(written.message.of_kind[SIP_HEADER_VIA].count == message->of_kind[SIP_HEADER_VIA].count + 1);
    MUST(written.message.has_max_forwards);
    if (message->is_request)
        MUST(same(written.message.request_uri.host, TEXT("them.example")));
    free(written.at);
}

/* As the relay does it with a response: our Via goes. */
static void check_popped(const struct sip_message *message)
{
    struct sip_values values = sip_values_of(message, SIP_HEADER_VIA);
    struct sip_value value;
    struct sip_via via;
    struct sip_edit edit;
    struct written written;

    MUST(sip_values_next(&values, &value) == SIP_NEXT_ITEM);
    if (sip_values_next(&values, &value) != SIP_NEXT_ITEM || !sip_via_read(value.text, &via))
        return;
    sip_edit_init(&edit, message);
    sip_edit_remove_top_via(&edit);
    write_plan(&edit, &written);
    must_have_the_same_facts(message, &written.message);
    MUST(same(written.message.via.text, via.text) && same(written.message.via.branch, via.branch));
    free(written.at);
}

static void check_answer(const struct sip_message *request, bool is_good)
{
    const struct sip_reply reply = {.status = 403,
                                    .phrase = "Forbidden",
                                    .to_tag = TEXT("us"),
                                    .received = TEXT("2001:db8::1"),
                                    .source_port = 5061,
                                    .extra_lines = TEXT("Reason: SIP ;text=\"x\"\r\n")};
    struct written written;
    char to[HEADER_SIZE * 2];

    size_t length = sip_reply_write(to, sizeof(to), request, &reply);
    if (length == 0) {
        MUST(!is_good || !request->is_request || request->method_kind == SIP_METHOD_ACK);
        return;
    }
    written.at = to;
    written.length = length;
    must_be_one_message(&written);
    if (!is_good)
        return;
    MUST(written.message.status == 403 && written.message.to.has_tag &&
         written.message.cseq == request->cseq);
    MUST(same(written.message.via.branch, request->via.branch) && written.message.via.received.length > 0);
    written.length = sip_cancel_write(to, sizeof(to), request, TEXT_NONE);
    if (request->is_request && written.length > 0)
        must_be_one_message(&written);
}

/* Whoever takes the framer's word for the lines reads the same. */
static void check_line_ends(struct text octets, const struct sip_message *message, enum reason reason,
                            const char *what)
{
    size_t end[HEADERS_MOST + 1];
    struct sip_line_ends ends = {.end = end, .most = HEADERS_MOST + 1};
    struct sip_header header[HEADERS_MOST];
    struct sip_framer framer;
    struct sip_frame_result result;
    struct sip_message other;
    const char *other_what;

    sip_framer_init(&framer, HEADER_SIZE, MESSAGE_SIZE);
    framer.line_ends = &ends;
    MUST(sip_framer_next(&framer, octets, &result) == SIP_FRAME_MESSAGE);
    MUST((result.line_ends == NULL) == (ends.count > HEADERS_MOST + 1));
    MUST(sip_message_read_lines(&other, octets, result.header_length, result.line_ends, header, HEADERS_MOST,
                                &other_what) == reason &&
         what == other_what);
    MUST(same(message->start_line, other.start_line) && message->header_count == other.header_count);
    for (size_t i = 0; i < other.header_count; i++)
        MUST(same(message->header[i].line, header[i].line) && message->header[i].kind == header[i].kind &&
             same(message->header[i].value, header[i].value));
    must_have_the_same_facts(message, &other);
}

static void check_message(struct text octets, size_t header_length)
{
    struct sip_message message;
    struct sip_header header[HEADERS_MOST];
    const char *what = NULL;

    enum reason reason = sip_message_read(&message, octets, header_length, header, HEADERS_MOST, &what);
    MUST((reason == REASON_OK) == (what == NULL));
    check_line_ends(octets, &message, reason, what);
    check_answer(&message, reason == REASON_OK);
    if (reason != REASON_OK)
        return;
    check_unchanged(&message);
    check_changed(&message);
    check_popped(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cutting whole, sliced;

    if (size < 2)
        return 0;
    size_t slice = data[0] % 64 + 1u;
    char *stream = malloc(size - 1);
    MUST(stream != NULL);
    memcpy(stream, data + 1, size - 1);
    cut((struct text){stream, size - 1}, SIZE_MAX, &whole);
    cut((struct text){stream, size - 1}, slice, &sliced);
    MUST(memcmp(&whole, &sliced, sizeof(whole)) == 0);
    for (size_t i = 0; i < whole.count; i++) {
        const struct frame *frame = &whole.frame[i];
        size_t length = frame->header_length + frame->body_length;
        char *exact = malloc(length);
        MUST(exact != NULL);
        memcpy(exact, stream + frame->begin, length);
        check_message((struct text){exact, length}, frame->header_length);
        free(exact);
    }
    free(stream);
    return 0;
}
