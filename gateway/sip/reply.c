/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/sip/reply.h"

#include "gateway/sip/octet.h"
#include "gateway/sip/writer.h"

#include <assert.h>

static const char *end_of(struct text t)
{
    return t.at + t.length;
}

/* RFC 3261 18.2.1, RFC 3581 4: the top Via says where the request came from. */
static void put_top_via(struct writer *writer, const struct sip_message *request,
                        const struct sip_reply *reply)
{
    const struct sip_header *header = &request->header[sip_message_first(request, SIP_HEADER_VIA)];
    const struct sip_via *via = &request->via;
    const char *at = header->line.at;

    if (request->has_via && via->rport_name.length > 0 && via->rport.length == 0 && reply->source_port != 0) {
        writer_put(writer, text_from(at, end_of(via->rport_name)));
        writer_put(writer, TEXT("="));
        writer_put_number(writer, reply->source_port);
        at = end_of(via->rport_name);
    }
    if (request->has_via && via->received.length == 0 && reply->received.length > 0) {
        writer_put(writer, text_from(at, end_of(via->text)));
        writer_put(writer, TEXT(";received="));
        writer_put(writer, reply->received);
        at = end_of(via->text);
    }
    writer_put(writer, text_from(at, end_of(header->line)));
}

static void put_vias(struct writer *writer, const struct sip_message *request, const struct sip_reply *reply)
{
    size_t index = sip_message_first(request, SIP_HEADER_VIA);

    put_top_via(writer, request, reply);
    while ((index = sip_message_next(request, index)) != SIP_NO_HEADER)
        writer_put(writer, request->header[index].line);
}

/* RFC 3261 8.2.6.2: a tag in To unless it is a 100. A To that cannot be read is given back as it is. */
static void put_to(struct writer *writer, const struct sip_message *request, const struct sip_reply *reply)
{
    if (!request->has_to || request->to.has_tag || reply->status == 100 || reply->to_tag.length == 0) {
        writer_put_first(writer, request, SIP_HEADER_TO);
        return;
    }
    const struct sip_header *header = &request->header[sip_message_first(request, SIP_HEADER_TO)];
    writer_put(writer, text_from(header->line.at, end_of(header->value)));
    writer_put(writer, TEXT(";tag="));
    writer_put(writer, reply->to_tag);
    writer_put(writer, text_from(end_of(header->value), end_of(header->line)));
}

static bool can_answer(const struct sip_message *request, const struct sip_reply *reply)
{
    if (!request->is_request || request->method_kind == SIP_METHOD_ACK)
        return false;
    if (reply->to_tag.length > 0 && !octets_are(reply->to_tag, OCTET_TOKEN))
        return false;
    if (reply->received.length > 0 && !octets_are(reply->received, OCTET_VALUE))
        return false;
    return request->of_kind[SIP_HEADER_VIA].count > 0 && request->of_kind[SIP_HEADER_CSEQ].count > 0;
}

size_t sip_reply_write(char *to, size_t capacity, const struct sip_message *request,
                       const struct sip_reply *reply)
{
    struct writer writer = {.to = to, .capacity = capacity};

    assert(reply->status >= 100 && reply->status <= 699);
    if (!can_answer(request, reply))
        return 0;
    writer_put(&writer, TEXT("SIP/2.0 "));
    writer_put_number(&writer, (uint64_t)reply->status);
    writer_put(&writer, TEXT(" "));
    writer_put(&writer, text_of(reply->phrase));
    writer_put(&writer, TEXT("\r\n"));
    put_vias(&writer, request, reply);
    writer_put_first(&writer, request, SIP_HEADER_FROM);
    put_to(&writer, request, reply);
    writer_put_first(&writer, request, SIP_HEADER_CALL_ID);
    writer_put_first(&writer, request, SIP_HEADER_CSEQ);
    writer_put_lines(&writer, reply->extra_lines);
    writer_put(&writer, TEXT("Content-Length: 0\r\n\r\n"));
    return writer_end(&writer);
}
