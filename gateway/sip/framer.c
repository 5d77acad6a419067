/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/sip/framer.h"

#include "gateway/limits.h"
#include "gateway/sip/header.h"
#include "gateway/sip/octet.h"

#include <assert.h>

void sip_framer_init(struct sip_framer *framer, size_t header_size, size_t message_size)
{
    *framer = (struct sip_framer){.header_size = header_size, .message_size = message_size};
}

/* For the next message; bounds and keep-alive octets stay. */
static void start_over(struct sip_framer *framer)
{
    framer->line = framer->scanned = 0;
    framer->is_folded = false;
    framer->header_length = framer->body_length = 0;
    framer->content_lengths = 0;
    framer->broken = NULL;
}

static enum sip_frame fail(struct sip_framer *framer, struct sip_frame_result *result, enum reason reason,
                           const char *what)
{
    bool length_known = reason == REASON_MESSAGE_TOO_LARGE && framer->header_length > 0;

    framer->failed = true;
    framer->failure = (struct sip_frame_result){.reason = reason, .what = what, .length_known = length_known};
    framer->failure.header_length = framer->header_length;
    framer->failure.body_length = length_known ? framer->body_length : 0;
    *result = framer->failure;
    return SIP_FRAME_FAILED;
}

static bool is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

/* RFC 3261 7.5: CRLFs before a start line are no message. RFC 5626 3.5.1: two of them ask for one back. They
 * may come in pieces. */
static enum sip_frame pass_keep_alive(struct sip_framer *framer, struct text available,
                                      struct sip_frame_result *result)
{
    size_t count = 0;
    const char *wrong = NULL;

    while (count < available.length && is_line_end(available.at[count])) {
        if (available.at[count] != (framer->crlf_position % 2 == 0 ? '\r' : '\n'))
            wrong = "a CR or LF alone between two messages";
        else if (framer->keep_alive_octets >= KEEP_ALIVE_OCTETS_MOST)
            wrong = "too many CRLFs without a message";
        if (wrong != NULL)
            break;
        framer->crlf_position = (framer->crlf_position + 1) % 4;
        framer->keep_alive_octets++;
        result->pings += framer->crlf_position == 0;
        count++;
    }
    if (count == 0) /* what came before is answered first */
        return fail(framer, result, REASON_FRAMING_LOST, wrong);
    result->consumed = count;
    return SIP_FRAME_KEEP_ALIVE;
}

static void begin_line_ends(struct sip_line_ends *ends, bool from_the_start)
{
    if (ends != NULL)
        ends->count = from_the_start ? 0 : ends->most + 1;
}

/* Once they are too many, or did not begin at the start line, they stay so. */
static void add_line_end(struct sip_line_ends *ends, size_t end)
{
    if (ends == NULL || ends->count > ends->most)
        return;
    if (ends->count < ends->most)
        ends->end[ends->count] = end;
    ends->count++;
}

static const struct sip_line_ends *whole_line_ends(const struct sip_line_ends *ends)
{
    return ends == NULL || ends->count > ends->most ? NULL : ends;
}

/* A continuation line that reads as Content-Length is part of another field's value for us, and the length
 * for servers that look for the name behind any line feed: they would take the body for messages that nobody
 * judged. */
static bool hides_length(struct text line)
{
    const char *line_feed;

    while ((line_feed = text_find(line, '\n')) != NULL) {
        struct sip_header header;
        line = text_from(line_feed + 1, line.at + line.length);
        const char *end = text_find(line, '\n'); /* name and colon stand on one line */
        struct text one = text_trim(end == NULL ? line : text_from(line.at, end));
        if (sip_header_read(one, &header) && header.kind == SIP_HEADER_CONTENT_LENGTH)
            return true;
    }
    return false;
}

/* Spares the other header fields the closer look. */
static bool may_be_length(struct text line)
{
    const struct text name = TEXT("Content-Length");

    return text_lower(line.at[0]) == 'l' ||
           (line.length > name.length && octets_equal((struct text){line.at, name.length}, name));
}

/* RFC 3261 18.3. What is wrong is kept until the header's end, so that an answer can be made. */
static void look_for_length(struct sip_framer *framer, struct text line)
{
    struct sip_header header;
    uint64_t length;

    if (framer->is_folded && hides_length(line))
        framer->broken = "a continued line that reads as Content-Length";
    if (!may_be_length(line))
        return;
    if (!sip_header_read(line, &header) || header.kind != SIP_HEADER_CONTENT_LENGTH)
        return;
    if (framer->content_lengths < 2)
        framer->content_lengths++;
    if (framer->content_lengths > 1)
        framer->broken = "more than one Content-Length";
    else if (!text_to_number(header.value, UINT32_MAX, &length))
        framer->broken = "Content-Length is no number that can be";
    else
        framer->body_length = (size_t)length;
}

/* Reads on until the empty line. NEED_MORE, FAILED, or MESSAGE: the header is complete. */
static enum sip_frame read_header(struct sip_framer *framer, struct text available,
                                  struct sip_frame_result *result)
{
    bool is_cut = available.length >= framer->header_size;
    struct text within = {available.at, is_cut ? framer->header_size : available.length};
    size_t end = 0;

    begin_line_ends(framer->line_ends, framer->scanned == 0);
    while (true) {
        enum sip_line found = sip_line_find(within, framer->line, &framer->scanned, &end, &framer->is_folded);
        if (found == SIP_LINE_BROKEN)
            return fail(framer, result, REASON_FRAMING_LOST, "a CR, LF or NUL out of place in the header");
        if (found == SIP_LINE_NEED_MORE)
            return is_cut ? fail(framer, result, REASON_MESSAGE_TOO_LARGE, "the header is too large")
                          : SIP_FRAME_NEED_MORE;
        if (found == SIP_LINE_EMPTY)
            break;
        struct text line = {within.at + framer->line, end - framer->line};
        if (framer->line > 0)
            look_for_length(framer, line);
        else if (framer->is_folded)
            return fail(framer, result, REASON_FRAMING_LOST, "the start line is continued");
        framer->line = end;
        framer->is_folded = false;
        add_line_end(framer->line_ends, end);
    }
    framer->header_length = end;
    return SIP_FRAME_MESSAGE;
}

static enum sip_frame read_message(struct sip_framer *framer, struct text available,
                                   struct sip_frame_result *result)
{
    if (framer->header_length == 0) {
        enum sip_frame frame = read_header(framer, available, result);
        if (frame != SIP_FRAME_MESSAGE)
            return frame;
        result->line_ends = whole_line_ends(framer->line_ends);
        if (framer->content_lengths == 0)
            framer->broken = "no Content-Length";
        if (framer->broken != NULL)
            return fail(framer, result, REASON_FRAMING_LOST, framer->broken);
        if (framer->header_length > framer->message_size ||
            framer->body_length > framer->message_size - framer->header_length)
            return fail(framer, result, REASON_MESSAGE_TOO_LARGE, "the message is too large");
    }
    result->wanted = framer->header_length + framer->body_length;
    if (available.length < result->wanted)
        return SIP_FRAME_NEED_MORE;
    result->consumed = result->wanted;
    result->header_length = framer->header_length;
    result->body_length = framer->body_length;
    start_over(framer);
    framer->crlf_position = 0;
    framer->keep_alive_octets = 0;
    return SIP_FRAME_MESSAGE;
}

enum sip_frame sip_framer_next(struct sip_framer *framer, struct text available,
                               struct sip_frame_result *result)
{
    *result = (struct sip_frame_result){0};
    if (framer->failed) {
        *result = framer->failure;
        return SIP_FRAME_FAILED;
    }
    if (available.length == 0)
        return SIP_FRAME_NEED_MORE;
    if (framer->skip > 0) {
        result->consumed = framer->skip < available.length ? framer->skip : available.length;
        framer->skip -= result->consumed;
        return SIP_FRAME_SKIPPED;
    }
    if (framer->scanned == 0 && is_line_end(available.at[0]))
        return pass_keep_alive(framer, available, result);
    if (framer->scanned == 0 && framer->crlf_position % 2 == 1)
        return fail(framer, result, REASON_FRAMING_LOST, "a CR alone between two messages");
    return read_message(framer, available, result);
}

void sip_framer_skip(struct sip_framer *framer)
{
    assert(framer->failed && framer->failure.length_known);
    framer->skip = framer->failure.header_length + framer->failure.body_length;
    framer->failed = false;
    start_over(framer);
    framer->crlf_position = 0;
    framer->keep_alive_octets = 0;
}
