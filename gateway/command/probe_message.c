/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/probe_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "gateway/sip/message.h"

static bool write_token(char to[PROBE_CALL_ID])
{
    unsigned char octets[(PROBE_CALL_ID - 1) / 2];

    if (getrandom(octets, sizeof(octets), 0) != (ssize_t)sizeof(octets))
        return false;
    for (size_t i = 0; i < sizeof(octets); i++)
        snprintf(to + 2 * i, 3, "%02x", octets[i]);
    return true;
}

bool probe_question_write(struct probe_question *question, const struct settings *settings,
                          struct text domain)
{
    char branch[PROBE_CALL_ID], tag[PROBE_CALL_ID];
    const struct side_settings *side = &settings->external;
    unsigned port = side->listen[0].port;

    *question = (struct probe_question){.header_size = (size_t)settings->limits.header_size,
                                        .header_count = (size_t)settings->limits.header_count};
    sip_framer_init(&question->framer, question->header_size, (size_t)settings->limits.message_size);
    if (!write_token(question->call_id) || !write_token(branch) || !write_token(tag))
        return false;
    int length = snprintf(question->octets, sizeof(question->octets),
                          "OPTIONS sip:%.*s SIP/2.0\r\n"
                          "Via: SIP/2.0/TLS %s:%u;branch=z9hG4bK%s\r\n"
                          "Max-Forwards: 70\r\n"
                          "From: <sip:%s>;tag=%s\r\n"
                          "To: <sip:%.*s>\r\n"
                          "Call-ID: %s\r\n"
                          "CSeq: 1 OPTIONS\r\n"
                          "Contact: <sip:%s:%u;transport=tls>\r\n"
                          "Accept: application/sdp\r\n"
                          "Content-Length: 0\r\n\r\n",
                          TEXT_ARGUMENTS(domain), side->host, port, branch, settings->domains[0], tag,
                          TEXT_ARGUMENTS(domain), question->call_id, side->host, port);
    question->length = length < 0 ? 0 : (size_t)length;
    return length > 0 && question->length < sizeof(question->octets);
}

/* For a person's eyes: what is not printable ASCII becomes a question mark. */
static void keep_printable(struct text from, char *to, size_t size)
{
    size_t length = from.length < size - 1 ? from.length : size - 1;

    for (size_t i = 0; i < length; i++)
        to[i] = from.at[i] >= 0x20 && from.at[i] < 0x7f ? from.at[i] : '?';
    to[length] = '\0';
}

static void take_message(struct probe_question *question, struct text octets, size_t header_length)
{
    struct sip_message message;
    struct sip_header *header = calloc(question->header_count, sizeof(*header));

    if (header == NULL) {
        question->reason = REASON_OVERLOADED;
        return;
    }
    enum reason reason =
        sip_message_read(&message, octets, header_length, header, question->header_count, &question->what);
    if (!message.is_request && reason != REASON_OK) {
        question->reason = reason;
    } else if (!message.is_request && message.status >= 200 &&
               text_equal(message.call_id, text_of(question->call_id))) {
        size_t server = sip_message_first(&message, SIP_HEADER_USER_AGENT);
        question->status = message.status;
        keep_printable(message.phrase, question->phrase, sizeof(question->phrase));
        if (server != SIP_NO_HEADER)
            keep_printable(message.header[server].value, question->server, sizeof(question->server));
    }
    free(header);
}

bool probe_question_is_answered(void *context, struct text received)
{
    struct probe_question *question = context;

    while (question->status == 0 && question->reason == REASON_OK && received.length > question->used) {
        struct sip_frame_result frame;
        struct text rest = text_skip(received, question->used);
        enum sip_frame outcome = sip_framer_next(&question->framer, rest, &frame);
        if (outcome == SIP_FRAME_NEED_MORE)
            break;
        if (outcome == SIP_FRAME_FAILED) {
            question->reason = frame.reason;
            question->what = frame.what;
            break;
        }
        if (outcome == SIP_FRAME_MESSAGE)
            take_message(question, (struct text){rest.at, frame.header_length + frame.body_length},
                         frame.header_length);
        question->used += frame.consumed;
    }
    return question->status != 0 || question->reason != REASON_OK;
}
