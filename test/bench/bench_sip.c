/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one INVITE with a body of 512 octets costs in gateway/sip: framed, read, and written anew with the
 * changes of a request on its way. Best of several rounds, in nanoseconds of CPU time. */
#include "gateway/sip/edit.h"
#include "gateway/sip/framer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define ROUNDS 25
#define MESSAGES 100000
#define BODY 512

static const char head[] =
    "INVITE sip:bob@fabrikam.example SIP/2.0\r\n"
    "Via: SIP/2.0/TLS fe1.corp.example:5061;branch=z9hG4bK776asdhds8.7;alias\r\n"
    "Via: SIP/2.0/TLS client.corp.example:54321;branch=z9hG4bK776asdhds;received=192.0.2.7\r\n"
    "Max-Forwards: 69\r\n"
    "From: \"Alice Anderson\" <sip:alice@corp.example>;tag=9fxced76sl;epid=0102030405\r\n"
    "To: <sip:bob@fabrikam.example>\r\n"
    "Call-ID: 38482762982201885110a0b0c0d0@corp.example\r\n"
    "CSeq: 314159 INVITE\r\n"
    "Route: <sip:edge.corp.example:5061;transport=tls;lr>\r\n"
    "Record-Route: <sip:fe1.corp.example:5061;transport=tls;lr>\r\n"
    "Contact: <sip:alice@client.corp.example:54321;transport=tls>\r\n"
    "User-Agent: UCCAPI/16.0.4266.1001 OC/16.0.4266.1001\r\n"
    "Supported: 100rel, replaces, timer\r\n"
    "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, REFER, NOTIFY\r\n"
    "P-Asserted-Identity: <sip:alice@corp.example>\r\n"
    "Content-Type: application/sdp\r\n"
    "Content-Length: 512\r\n"
    "\r\n";

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static size_t write_changed(const struct sip_message *message, char *to, size_t capacity)
{
    struct sip_edit edit;
    sip_edit_init(&edit, message);
    sip_edit_prepend(
        &edit, SIP_HEADER_VIA,
        TEXT("Via: SIP/2.0/TLS sip.corp.example:5061;branch=z9hG4bK0123456789abcdef0123456789abcdef\r\n"));
    sip_edit_prepend(&edit, SIP_HEADER_RECORD_ROUTE,
                     TEXT("Record-Route: <sip:edge.corp.example:5061;transport=tls;lr>\r\n"));
    sip_edit_prepend(
        &edit, SIP_HEADER_RECORD_ROUTE,
        TEXT("Record-Route: <sip:sip.corp.example:5061;transport=tls;lr;t=0123456789abcdef>\r\n"));
    sip_edit_replace(&edit, sip_message_first(message, SIP_HEADER_MAX_FORWARDS),
                     TEXT("Max-Forwards: 68\r\n"));
    sip_edit_append(&edit, TEXT("Max-Breadth: 60\r\n"));
    sip_edit_remove_first_value(&edit, sip_message_first(message, SIP_HEADER_ROUTE));
    sip_edit_remove_all(&edit, SIP_HEADER_P_ASSERTED_IDENTITY);
    sip_edit_extend(&edit, message->via.text, TEXT(";received=192.0.2.1"));
    return sip_edit_write(&edit, to, capacity);
}

static void keep_least(double *least, double value)
{
    if (*least == 0 || value < *least)
        *least = value;
}

int main(void)
{
    static char octets[sizeof(head) - 1 + BODY], to[4096];
    static struct sip_header header[256];
    const struct text stream = {octets, sizeof(octets)};
    struct sip_framer framer;
    struct sip_frame_result result;
    struct sip_message message;
    const char *what;
    double least[3] = {0};
    size_t right = 0;

    memcpy(octets, head, sizeof(head) - 1);
    memset(octets + sizeof(head) - 1, 'v', BODY);
    sip_framer_init(&framer, 65536, 262144);
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now_ns();
        for (int i = 0; i < MESSAGES; i++)
            right += sip_framer_next(&framer, stream, &result) == SIP_FRAME_MESSAGE;
        double framed = now_ns();
        for (int i = 0; i < MESSAGES; i++)
            right +=
                sip_message_read(&message, stream, result.header_length, header, 256, &what) == REASON_OK;
        double read = now_ns();
        for (int i = 0; i < MESSAGES; i++)
            right += write_changed(&message, to, sizeof(to)) > 0;
        double written = now_ns();
        keep_least(&least[0], (framed - begin) / MESSAGES);
        keep_least(&least[1], (read - framed) / MESSAGES);
        keep_least(&least[2], (written - read) / MESSAGES);
    }
    printf("%zu octets, %zu header fields: framed %.0f ns, read %.0f ns, edited and written %.0f ns, "
           "together %.0f ns\n",
           stream.length, message.header_count, least[0], least[1], least[2], least[0] + least[1] + least[2]);
    return right == (size_t)3 * ROUNDS * MESSAGES ? 0 : 1;
}
