/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/sip/message.h"

#include "gateway/sip/octet.h"
#include "gateway/sip/start_line.h"

#include <string.h>

/* Reading goes on after an error, so that an answer can be made; the first error is the one that counts. */
struct reading {
    struct sip_message *message;
    size_t capacity; /* of message->header */
    enum reason reason;
    const char *what;
};

static void note(struct reading *reading, enum reason reason, const char *what)
{
    if (reading->reason != REASON_OK)
        return;
    reading->reason = reason;
    reading->what = what;
}

static void malformed(struct reading *reading, const char *what)
{
    note(reading, REASON_MALFORMED_MESSAGE, what);
}

/* Counts the header that stands at header[header_count]. */
static void keep_header(struct reading *reading)
{
    struct sip_message *message = reading->message;
    size_t index = message->header_count++;
    enum sip_header_kind kind = message->header[index].kind;

    if (message->of_kind[kind].count++ == 0)
        message->of_kind[kind].first = (uint32_t)index;
    else if (sip_header_is_single(kind))
        malformed(reading, "a header field that may stand only once stands twice");
}

/* False: there are more than may be. */
static bool read_line(struct reading *reading, struct text line)
{
    struct sip_message *message = reading->message;

    if (message->header_count == reading->capacity) {
        note(reading, REASON_MESSAGE_TOO_LARGE, "too many header fields");
        return false;
    }
    if (sip_header_read(line, &message->header[message->header_count]))
        keep_header(reading);
    else
        malformed(reading, "a header line has no name");
    return true;
}

static void read_known_lines(struct reading *reading, struct text octets, const struct sip_line_ends *ends)
{
    for (size_t i = 1; i < ends->count; i++) {
        if (!read_line(reading, text_from(octets.at + ends->end[i - 1], octets.at + ends->end[i])))
            return;
    }
}

/* All lines between start line and empty line. */
static void read_lines(struct reading *reading, struct text octets)
{
    struct sip_message *message = reading->message;
    size_t line = message->start_line.length;
    size_t scanned = line, end = 0;
    enum sip_line found;
    bool is_folded = false;

    while ((found = sip_line_find(octets, line, &scanned, &end, &is_folded)) == SIP_LINE_COMPLETE) {
        if (!read_line(reading, (struct text){octets.at + line, end - line}))
            return;
        line = end;
    }
    if (found != SIP_LINE_EMPTY || end != octets.length)
        malformed(reading, "the header does not end where it was said to");
}

static const struct sip_header *the_header(const struct sip_message *message, enum sip_header_kind kind)
{
    return message->of_kind[kind].count == 0 ? NULL : &message->header[message->of_kind[kind].first];
}

static void read_via(struct reading *reading)
{
    struct sip_message *message = reading->message;
    const struct sip_header *header = the_header(message, SIP_HEADER_VIA);
    struct text value;

    if (header == NULL) {
        malformed(reading, "no Via");
        return;
    }
    struct text rest = header->value;
    message->has_via = sip_list_next(&rest, &value) == SIP_NEXT_ITEM && sip_via_read(value, &message->via);
    message->via_rest = rest;
    if (!message->has_via)
        malformed(reading, "the top Via cannot be read");
}

static void read_addresses(struct reading *reading)
{
    struct sip_message *message = reading->message;
    const struct sip_header *from = the_header(message, SIP_HEADER_FROM);
    const struct sip_header *to = the_header(message, SIP_HEADER_TO);

    message->has_from = from != NULL && sip_address_read(from->value, &message->from);
    message->has_to = to != NULL && sip_address_read(to->value, &message->to);
    if (!message->has_from)
        malformed(reading, from == NULL ? "no From" : "From cannot be read");
    if (!message->has_to)
        malformed(reading, to == NULL ? "no To" : "To cannot be read");
}

static void read_call_id(struct reading *reading)
{
    const struct sip_header *header = the_header(reading->message, SIP_HEADER_CALL_ID);
    if (header == NULL)
        malformed(reading, "no Call-ID");
    else if (!octets_are(header->value, OCTET_VISIBLE))
        malformed(reading, "Call-ID cannot be read");
    else
        reading->message->call_id = header->value;
}

/* RFC 3261 20.16: 1*DIGIT LWS Method, under 2^31. */
static void read_cseq(struct reading *reading)
{
    struct sip_message *message = reading->message;
    const struct sip_header *header = the_header(message, SIP_HEADER_CSEQ);
    uint64_t number;

    if (header == NULL) {
        malformed(reading, "no CSeq");
        return;
    }
    struct text value = header->value;
    size_t digits = 0;
    while (digits < value.length && !octet_is(value.at[digits], OCTET_BLANK))
        digits++;
    struct text method = octets_skip_blanks(text_skip(value, digits));
    if (!text_to_number((struct text){value.at, digits}, INT32_MAX, &number) ||
        !octets_are(method, OCTET_TOKEN)) {
        malformed(reading, "CSeq cannot be read");
        return;
    }
    message->cseq = (uint32_t)number;
    message->cseq_method = method;
    message->has_cseq = true;
    if (!message->is_request) {
        message->method = method;
        message->method_kind = sip_method_of(method);
    } else if (!text_equal(method, message->method)) {
        malformed(reading, "CSeq has another method than the request");
    }
}

/* True when the header is there and is a number of at most `most`; malformed when it is there and is not. */
static bool read_number(struct reading *reading, enum sip_header_kind kind, uint64_t most, uint32_t *number,
                        const char *what)
{
    const struct sip_header *header = the_header(reading->message, kind);
    uint64_t value;

    if (header == NULL)
        return false;
    if (!text_to_number(header->value, most, &value)) {
        malformed(reading, what);
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

static void read_numbers(struct reading *reading)
{
    struct sip_message *message = reading->message;
    uint32_t length = 0;

    message->has_max_forwards = read_number(reading, SIP_HEADER_MAX_FORWARDS, 255, &message->max_forwards,
                                            "Max-Forwards is no number up to 255");
    message->has_max_breadth = read_number(reading, SIP_HEADER_MAX_BREADTH, UINT32_MAX, &message->max_breadth,
                                           "Max-Breadth is no number");
    if (!read_number(reading, SIP_HEADER_CONTENT_LENGTH, UINT32_MAX, &length, "Content-Length is no number"))
        malformed(reading, "no Content-Length");
    else if (length != message->body.length)
        malformed(reading, "Content-Length is not the length of the body");
}

/* RFC 3261 20.34: a route-param is a name-addr. */
static void read_routes(struct reading *reading)
{
    struct sip_values values = sip_values_of(reading->message, SIP_HEADER_ROUTE);
    struct sip_value value;
    struct sip_address address;
    enum sip_next next;

    while ((next = sip_values_next(&values, &value)) == SIP_NEXT_ITEM) {
        if (!sip_address_read(value.text, &address) || !address.is_bracketed) {
            next = SIP_NEXT_MALFORMED;
            break;
        }
    }
    if (next == SIP_NEXT_MALFORMED)
        malformed(reading, "Route cannot be read");
}

static void read_start_line(struct reading *reading)
{
    const char *what = NULL;
    enum reason reason = sip_start_line_read(reading->message, &what);
    if (reason != REASON_OK)
        note(reading, reason, what);
}

/* The first line; it is never continued. False: there is none. */
static bool cut_start_line(struct sip_message *message, struct text header, const struct sip_line_ends *ends)
{
    size_t scanned = 0, end = 0;
    bool is_folded = false;
    if (ends != NULL) {
        message->start_line = (struct text){header.at, ends->end[0]};
        return true;
    }
    if (sip_line_find(header, 0, &scanned, &end, &is_folded) != SIP_LINE_COMPLETE)
        return false;
    message->start_line = (struct text){header.at, end};
    return !is_folded;
}

enum reason sip_message_read(struct sip_message *message, struct text octets, size_t header_length,
                             struct sip_header *header, size_t header_capacity, const char **what)
{
    return sip_message_read_lines(message, octets, header_length, NULL, header, header_capacity, what);
}

enum reason sip_message_read_lines(struct sip_message *message, struct text octets, size_t header_length,
                                   const struct sip_line_ends *ends, struct sip_header *header,
                                   size_t header_capacity, const char **what)
{
    struct reading reading = {.message = message, .capacity = header_capacity, .reason = REASON_OK};

    *message = (struct sip_message){.octets = octets, .header = header, .header_length = header_length};
    *what = "the message has no start line";
    if (header_length > octets.length ||
        !cut_start_line(message, (struct text){octets.at, header_length}, ends))
        return REASON_MALFORMED_MESSAGE;
    message->body = text_skip(octets, header_length);

    read_start_line(&reading);
    if (ends != NULL)
        read_known_lines(&reading, octets, ends);
    else
        read_lines(&reading, (struct text){octets.at, header_length});
    read_via(&reading);
    read_addresses(&reading);
    read_call_id(&reading);
    read_cseq(&reading);
    read_numbers(&reading);
    if (message->is_request) {
        read_routes(&reading);
        if (message->request_uri.kind != SIP_URI_SIP && message->request_uri.kind != SIP_URI_SIPS)
            note(&reading, REASON_UNSUPPORTED_URI_SCHEME, "the Request-URI is neither sip nor sips");
    }
    *what = reading.what;
    return reading.reason;
}

size_t sip_message_first(const struct sip_message *message, enum sip_header_kind kind)
{
    return message->of_kind[kind].count == 0 ? SIP_NO_HEADER : message->of_kind[kind].first;
}

size_t sip_message_next(const struct sip_message *message, size_t index)
{
    enum sip_header_kind kind = message->header[index].kind;
    while (++index < message->header_count) {
        if (message->header[index].kind == kind)
            return index;
    }
    return SIP_NO_HEADER;
}

struct sip_values sip_values_of(const struct sip_message *message, enum sip_header_kind kind)
{
    size_t index = sip_message_first(message, kind);
    return (struct sip_values){.message = message,
                               .index = index,
                               .rest = index == SIP_NO_HEADER ? TEXT_NONE : message->header[index].value,
                               .is_first = true};
}

struct sip_values sip_values_below_top_via(const struct sip_message *message)
{
    size_t index = sip_message_first(message, SIP_HEADER_VIA);

    if (message->via_rest.length > 0)
        return (struct sip_values){.message = message, .index = index, .rest = message->via_rest};
    index = sip_message_next(message, index);
    return (struct sip_values){.message = message,
                               .index = index,
                               .rest = index == SIP_NO_HEADER ? TEXT_NONE : message->header[index].value,
                               .is_first = true};
}

enum sip_next sip_values_next(struct sip_values *values, struct sip_value *value)
{
    if (values->index == SIP_NO_HEADER)
        return SIP_NEXT_END;
    enum sip_next next = sip_list_next(&values->rest, &value->text);
    /* A field of a list that has no value breaks the grammar (RFC 3261 7.3.1); END is only seen for one. */
    if (next != SIP_NEXT_ITEM)
        return SIP_NEXT_MALFORMED;
    value->header_index = values->index;
    value->is_first = values->is_first;
    value->is_last = values->rest.length == 0;
    values->is_first = value->is_last;
    if (value->is_last) {
        values->index = sip_message_next(values->message, values->index);
        if (values->index != SIP_NO_HEADER)
            values->rest = values->message->header[values->index].value;
    }
    return SIP_NEXT_ITEM;
}
