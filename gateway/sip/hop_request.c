/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/sip/hop_request.h"

#include "gateway/limits.h"
#include "gateway/sip/writer.h"

#include <assert.h>

/* Same Request-URI, top Via alone with its branch, same Route, From, Call-ID and CSeq number. */
static size_t write_for(char *to, size_t capacity, const struct sip_message *sent, struct text method,
                        const struct sip_message *to_from, struct text extra_lines)
{
    struct writer writer = {.to = to, .capacity = capacity};

    assert(sent->is_request && sent->has_via && sent->has_cseq);
    writer_put(&writer, method);
    writer_put(&writer, TEXT(" "));
    writer_put(&writer, sent->request_uri_text);
    writer_put(&writer, TEXT(" SIP/2.0\r\nVia: "));
    writer_put(&writer, sent->via.text);
    writer_put(&writer, TEXT("\r\nMax-Forwards: "));
    writer_put_number(&writer, MAX_FORWARDS_DEFAULT);
    writer_put(&writer, TEXT("\r\n"));
    size_t route = sip_message_first(sent, SIP_HEADER_ROUTE);
    for (; route != SIP_NO_HEADER; route = sip_message_next(sent, route))
        writer_put(&writer, sent->header[route].line);
    writer_put_first(&writer, sent, SIP_HEADER_FROM);
    writer_put_first(&writer, to_from, SIP_HEADER_TO);
    writer_put_first(&writer, sent, SIP_HEADER_CALL_ID);
    writer_put(&writer, TEXT("CSeq: "));
    writer_put_number(&writer, sent->cseq);
    writer_put(&writer, TEXT(" "));
    writer_put(&writer, method);
    writer_put(&writer, TEXT("\r\n"));
    writer_put_lines(&writer, extra_lines);
    writer_put(&writer, TEXT("Content-Length: 0\r\n\r\n"));
    return writer_end(&writer);
}

size_t sip_cancel_write(char *to, size_t capacity, const struct sip_message *sent, struct text extra_lines)
{
    return write_for(to, capacity, sent, TEXT("CANCEL"), sent, extra_lines);
}

size_t sip_ack_write(char *to, size_t capacity, const struct sip_message *sent,
                     const struct sip_message *response)
{
    return write_for(to, capacity, sent, TEXT("ACK"), response, TEXT_NONE);
}
