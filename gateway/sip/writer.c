/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/sip/writer.h"

#include <string.h>

void writer_put(struct writer *writer, struct text text)
{
    if (writer->failed || text.length > writer->capacity - writer->length) {
        writer->failed = true;
        return;
    }
    if (text.length > 0)
        memcpy(writer->to + writer->length, text.at, text.length);
    writer->length += text.length;
}

void writer_put_number(struct writer *writer, uint64_t number)
{
    char digits[20];
    size_t first = sizeof(digits);

    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    writer_put(writer, (struct text){digits + first, sizeof(digits) - first});
}

void writer_put_lines(struct writer *writer, struct text lines)
{
    if (lines.length > 0 && sip_header_lines(lines) == 0)
        writer->failed = true;
    writer_put(writer, lines);
}

void writer_put_first(struct writer *writer, const struct sip_message *message, enum sip_header_kind kind)
{
    size_t index = sip_message_first(message, kind);
    if (index != SIP_NO_HEADER)
        writer_put(writer, message->header[index].line);
}

size_t writer_end(const struct writer *writer)
{
    return writer->failed ? 0 : writer->length;
}
