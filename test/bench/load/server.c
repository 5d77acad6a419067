/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/bench/load/server.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "test/bench/load/base.h"
#include "test/bench/load/connection.h"

static char *append(char *d, const char *p, size_t n)
{
    memcpy(d, p, n);
    return d + n;
}

/* RFC 3581 4: rport, where the topmost Via asks for it. */
static char *append_via(char *d, const struct sip_field *field, const struct sockaddr_in *peer)
{
    const char *end = field->v + field->value_length, *at = sip_find(field->v, field->value_length, ";rport");
    char ip[INET_ADDRSTRLEN];
    if (at == NULL || (at + 6 != end && at[6] != ';' && at[6] != ','))
        return append(d, field->p, field->len);
    d = append(d, field->p, (size_t)(at + 6 - field->p));
    inet_ntop(AF_INET, &peer->sin_addr, ip, sizeof(ip));
    d += sprintf(d, "=%u;received=%s", ntohs(peer->sin_port), ip);
    return append(d, at + 6, (size_t)(field->p + field->len - (at + 6)));
}

static char *append_to(char *d, const struct sip_field *field, const struct worker *worker)
{
    const char *end = field->v + field->value_length, *at = memchr(field->v, '>', field->value_length);
    at = at != NULL ? at : field->v;
    if (sip_find(at, (size_t)(end - at), ";tag=") != NULL)
        return append(d, field->p, field->len);
    d = append(d, field->p, (size_t)(end - field->p));
    return d + sprintf(d, ";tag=s%d-%08llx\r\n", worker->id, (unsigned long long)worker->counts.served);
}

/* RFC 3261 8.2.6: Via and Record-Route in order, From, Call-ID and CSeq as they are, To with a tag. */
static void answer(struct connection *connection, const struct sip_message *message)
{
    struct worker *worker = connection->worker;
    if (worker->answer_capacity < message->head_length + 512)
        worker->answer = grow(worker->answer, worker->answer_capacity = (message->head_length + 512) * 2);
    char *d = append(worker->answer, "SIP/2.0 200 OK\r\n", 16);
    bool top = true;
    for (int i = 0; i < message->count; i++) {
        const struct sip_field *field = &message->headers[i];
        switch (field->t) {
        case HEADER_VIA:
            d = top ? append_via(d, field, &connection->peer) : append(d, field->p, field->len);
            top = false;
            break;
        case HEADER_TO:
            d = append_to(d, field, worker);
            break;
        case HEADER_FROM:
        case HEADER_CALL_ID:
        case HEADER_CSEQ:
        case HEADER_RECORD_ROUTE:
            d = append(d, field->p, field->len);
            break;
        case HEADER_OTHER:
        case HEADER_CONTENT_LENGTH:
        default:
            break;
        }
    }
    d = append(d, "Content-Length: 0\r\n\r\n", 21);
    connection_write(connection, worker->answer, (size_t)(d - worker->answer));
}

void server_request(struct connection *connection, const struct sip_message *message)
{
    if (!strncmp(message->line, "ACK ", 4))
        return;
    const char *call = "";
    size_t n = 0, tag = strlen(run_tag);
    for (int i = 0; i < message->count; i++)
        if (message->headers[i].t == HEADER_CALL_ID)
            call = message->headers[i].v, n = message->headers[i].value_length;
    if (n == ID_LENGTH + tag && !memcmp(call + ID_LENGTH, run_tag, tag)) {
        connection->worker->counts.served++;
        connection->worker->counts.via_count = message->via_count;
        connection->worker->counts.record_route_count = message->record_route_count;
        if (message->body_length != (size_t)options.body ||
            memcmp(message->line + message->head_length, request_body, message->body_length))
            connection->worker->counts.bad_body++;
    } else /* the proxy's own, another loader's or left over from an earlier run */
        connection->worker->counts.foreign++;
    answer(connection, message);
}
