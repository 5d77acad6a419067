/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/bench/load/client.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/bench/load/base.h"
#include "test/bench/load/connection.h"

static void put_hex(char *p, uint32_t v, int n)
{
    while (n--)
        p[n] = "0123456789abcdef"[v & 15], v >>= 4;
}

static void build_template(struct connection *connection)
{
    struct sockaddr_in a;
    socklen_t l = sizeof a;
    char ip[INET_ADDRSTRLEN], *h;
    getsockname(connection->fd, (struct sockaddr *)&a, &l);
    inet_ntop(AF_INET, &a.sin_addr, ip, sizeof ip);
    int n = asprintf(&h,
                     "%s sip:user0000@%s SIP/2.0\r\n"
                     "Via: SIP/2.0/TLS %s:%u;branch=z9hG4bK-%018d\r\n"
                     "Max-Forwards: 70\r\n"
                     "From: <sip:alice@%s>;tag=%018d\r\n"
                     "To: <sip:user0000@%s>\r\n"
                     "Call-ID: %018d%s\r\n"
                     "CSeq: 1 %s\r\n"
                     "User-Agent: sip-load\r\n"
                     "Content-Type: text/plain\r\n"
                     "Content-Length: %d\r\n\r\n",
                     options.method, connection->flow->request_uri, ip, ntohs(a.sin_port), 0,
                     connection->flow->from, 0, connection->flow->request_uri, 0, run_tag, options.method,
                     options.body);
    if (n < 0)
        die("out of memory");
    connection->request_length = (size_t)n + (size_t)options.body;
    connection->request = grow(connection->request, connection->request_length);
    memcpy(connection->request, h, (size_t)n);
    memcpy(connection->request + n, request_body, (size_t)options.body);
    connection->at_branch = (size_t)(strstr(h, "z9hG4bK-") + 8 - h);
    connection->at_tag = (size_t)(strstr(h, ";tag=") + 5 - h);
    connection->at_call = (size_t)(strstr(h, "Call-ID: ") + 9 - h);
    connection->at_user[0] = (size_t)(strstr(h, "sip:user") + 8 - h);
    connection->at_user[1] = (size_t)(strstr(h, "To: <sip:user") + 13 - h);
    free(h);
}

static void more_slots(struct connection *connection)
{
    uint32_t n = connection->slot_count ? connection->slot_count * 2 : 16;
    connection->slots = grow(connection->slots, n * sizeof *connection->slots);
    connection->free_slots = grow(connection->free_slots, n * sizeof *connection->free_slots);
    for (uint32_t i = n; i-- > connection->slot_count;) {
        connection->slots[i].busy = false;
        connection->free_slots[connection->free_count++] = i;
    }
    connection->slot_count = n;
}

void client_send(struct connection *connection, uint64_t sent)
{
    if (!connection->request)
        build_template(connection);
    if (!connection->free_count)
        more_slots(connection);
    uint32_t k = connection->free_slots[--connection->free_count], seq = connection->seq++;
    connection->slots[k] = (struct slot){sent, seq, true};
    connection->inflight++;
    char *b = connection->request + connection->at_branch;
    put_hex(b, connection->id, 5);
    put_hex(b + 5, k, 5);
    put_hex(b + 10, seq, 8);
    memcpy(connection->request + connection->at_tag, b, ID_LENGTH);
    memcpy(connection->request + connection->at_call, b, ID_LENGTH);
    put_hex(connection->request + connection->at_user[0], seq, 4);
    put_hex(connection->request + connection->at_user[1], seq, 4);
    connection->worker->sent++;
    connection_write(connection, connection->request, connection->request_length);
}

/* The values that tell whose answer this is. */
struct marks {
    const char *via, *call, *cseq;
    size_t via_length, call_length, cseq_length;
};

static struct marks marks_of(const struct sip_message *message)
{
    struct marks marks = {0};
    for (int i = 0; i < message->count; i++) {
        const struct sip_field *field = &message->headers[i];
        if (field->t == HEADER_VIA && marks.via == NULL)
            marks.via = field->v, marks.via_length = field->value_length;
        else if (field->t == HEADER_CALL_ID)
            marks.call = field->v, marks.call_length = field->value_length;
        else if (field->t == HEADER_CSEQ)
            marks.cseq = field->v, marks.cseq_length = field->value_length;
    }
    return marks;
}

/* Our branch, where Via, Call-ID and CSeq are ours to the octet; NULL: they are not. */
static const char *own_branch(const struct sip_message *message)
{
    struct marks marks = marks_of(message);
    size_t tag = strlen(run_tag);
    if (message->via_count != 1 || marks.via == NULL || marks.call == NULL || marks.cseq == NULL)
        return NULL;
    const char *branch = sip_find(marks.via, marks.via_length, ";branch=z9hG4bK-");
    if (branch == NULL)
        return NULL;
    branch += 16;
    if (marks.via + marks.via_length - branch < ID_LENGTH || marks.call_length != ID_LENGTH + tag ||
        memcmp(marks.call, branch, ID_LENGTH) != 0 || memcmp(marks.call + ID_LENGTH, run_tag, tag) != 0)
        return NULL;
    if (marks.cseq_length != 2 + method_length || memcmp(marks.cseq, "1 ", 2) != 0 ||
        memcmp(marks.cseq + 2, options.method, method_length) != 0)
        return NULL;
    return branch;
}

/* True if the response is the answer to a request still outstanding here. */
static bool match(struct connection *connection, const struct sip_message *message, uint32_t *k)
{
    struct counts *counts = &connection->worker->counts;
    const char *branch = own_branch(message);
    if (branch == NULL) {
        counts->mismatch++;
        return false;
    }
    char hex[ID_LENGTH + 1] = {0};
    memcpy(hex, branch, ID_LENGTH);
    uint32_t seq = (uint32_t)strtoul(hex + 10, NULL, 16);
    hex[10] = 0;
    *k = (uint32_t)strtoul(hex + 5, NULL, 16);
    hex[5] = 0;
    if (strtoul(hex, NULL, 16) != connection->id) {
        counts->mismatch++; /* somebody else's answer */
        return false;
    }
    if (*k >= connection->slot_count || !connection->slots[*k].busy || connection->slots[*k].seq != seq) {
        counts->unexpected++; /* late or twice */
        return false;
    }
    return true;
}

void client_response(struct connection *connection, const struct sip_message *message)
{
    struct worker *worker = connection->worker;
    uint32_t k;
    int code = atoi(message->line + 8);
    if (!match(connection, message, &k))
        return;
    if (code < 200) {
        worker->counts.provisional++;
        return;
    }
    uint64_t now = now_ns(), t0 = connection->slots[k].sent;
    connection->slots[k].busy = false;
    connection->free_slots[connection->free_count++] = k;
    connection->inflight--;
    if (code > 299) {
        worker->counts.bad_status++;
        worker->counts.last_status = code;
    }
    int ph = phase;
    if (options.mode == RATE ? ph >= RUN && t0 >= run_from && t0 < run_to : ph == RUN) {
        histogram_add(&worker->latency, now > t0 ? now - t0 : 0);
        worker->counts.ok += code < 300;
        worker->counts.bytes += (uint64_t)options.body;
    }
    switch (options.mode) {
    case HANDSHAKE:
        connection_end(connection);
        break;
    case IDLE:
        worker->pinged++;
        connection_settled(connection);
        break;
    case RATE:
        break;
    case THROUGHPUT:
    case LARGE:
    default:
        if (ph == WARM || ph == RUN)
            client_send(connection, now);
    }
}
