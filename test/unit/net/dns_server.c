/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/net/dns_server.h"

#include "gateway/net/address.h"

#include <stdlib.h>
#include <string.h>

/* A reply that is on its way, or waits for its time. */
struct sending {
    uv_timer_t timer;
    struct dns_server *server;
    struct sockaddr_in to;
    size_t length;
    uint8_t octets[];
};

struct connection {
    uv_tcp_t tcp;
    struct dns_server *server;
    size_t length;
    uint8_t octets[1024];
};

static unsigned number(const uint8_t *octets, size_t at)
{
    return (unsigned)octets[at] << 8 | octets[at + 1];
}

/* Our own queries only: no compression. */
static void read_query(struct dns_exchange *exchange, const uint8_t *octets, size_t length)
{
    size_t at = 12, to = 0;

    assert_true(length > 16);
    while (octets[at] != 0) {
        size_t count = octets[at++];
        assert_true(at + count < length && to + count + 1 < sizeof exchange->name);
        if (to > 0)
            exchange->name[to++] = '.';
        memcpy(exchange->name + to, octets + at, count);
        to += count;
        at += count;
    }
    exchange->name[to] = '\0';
    exchange->id = (uint16_t)number(octets, 0);
    exchange->type = (uint16_t)number(octets, at + 1);
    exchange->asks_for_ad = (octets[3] & 0x20) != 0;
    exchange->is_unchecked = (octets[3] & 0x10) != 0;
    exchange->with_edns = number(octets, 10) == 1;
}

static struct dns_message *ask_test(struct dns_server *server, const uint8_t *octets, size_t length,
                                    bool over_tcp)
{
    struct dns_exchange *exchange = &server->exchange;

    exchange->over_tcp = over_tcp;
    exchange->delay_ms = 0;
    read_query(exchange, octets, length);
    message_begin(&exchange->reply, exchange->id, DNS_FLAG_ANSWER, exchange->name, exchange->type);
    server->queries++;
    server->tcp_queries += over_tcp;
    server->answer(server->context, exchange);
    return &exchange->reply;
}

static void handle_gone(struct dns_server *server)
{
    if (--server->open_handles == 0)
        server->closed++;
}

static void sending_closed(uv_handle_t *handle)
{
    struct sending *sending = handle->data;
    handle_gone(sending->server);
    free(sending);
}

static void send_now(uv_timer_t *timer)
{
    struct sending *sending = timer->data;
    uv_buf_t buffer = uv_buf_init((char *)sending->octets, (unsigned)sending->length);

    uv_udp_try_send(&sending->server->udp, &buffer, 1, (const struct sockaddr *)&sending->to);
    uv_close((uv_handle_t *)timer, sending_closed);
}

static void udp_lend(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct dns_server *server = handle->data;
    (void)suggested;
    *buffer = uv_buf_init((char *)server->buffer, sizeof server->buffer);
}

static void udp_read(uv_udp_t *udp, ssize_t count, const uv_buf_t *buffer, const struct sockaddr *from,
                     unsigned flags)
{
    struct dns_server *server = udp->data;

    (void)flags;
    if (count <= 0 || from == NULL)
        return;
    const struct dns_message *reply = ask_test(server, (const uint8_t *)buffer->base, (size_t)count, false);
    if (reply->length == 0)
        return;
    struct sending *sending = test_allocate(sizeof *sending + reply->length);
    sending->server = server;
    memcpy(&sending->to, from, sizeof sending->to);
    memcpy(sending->octets, reply->at, reply->length);
    sending->length = reply->length;
    uv_timer_init(&server->test->loop, &sending->timer);
    sending->timer.data = sending;
    server->open_handles++;
    if (server->exchange.delay_ms == 0)
        send_now(&sending->timer);
    else
        uv_timer_start(&sending->timer, send_now, server->exchange.delay_ms, 0);
}

static void connection_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    handle_gone(connection->server);
    free(connection);
}

static void tcp_lend(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct connection *connection = handle->data;
    (void)suggested;
    *buffer = uv_buf_init((char *)connection->octets + connection->length,
                          (unsigned)(sizeof connection->octets - connection->length));
}

static void written(uv_write_t *request, int status)
{
    (void)status;
    free(request->data);
    free(request);
}

static void tcp_answer(struct connection *connection, const uint8_t *octets, size_t length)
{
    const struct dns_message *reply = ask_test(connection->server, octets, length, true);
    if (reply->length == 0)
        return;
    uv_write_t *request = test_allocate(sizeof *request);
    uint8_t *framed = test_allocate(reply->length + 2);
    framed[0] = (uint8_t)(reply->length >> 8);
    framed[1] = (uint8_t)reply->length;
    memcpy(framed + 2, reply->at, reply->length);
    request->data = framed;
    uv_buf_t buffer = uv_buf_init((char *)framed, (unsigned)reply->length + 2);
    assert_int_equal(uv_write(request, (uv_stream_t *)&connection->tcp, &buffer, 1, written), 0);
}

static void tcp_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct connection *connection = stream->data;

    (void)buffer;
    if (count < 0) {
        uv_close((uv_handle_t *)stream, connection_closed);
        return;
    }
    connection->length += (size_t)count;
    while (connection->length >= 2 && connection->length - 2 >= number(connection->octets, 0)) {
        size_t whole = number(connection->octets, 0) + 2;
        tcp_answer(connection, connection->octets + 2, whole - 2);
        memmove(connection->octets, connection->octets + whole, connection->length - whole);
        connection->length -= whole;
    }
}

static void tcp_accept(uv_stream_t *stream, int status)
{
    struct dns_server *server = stream->data;
    struct connection *connection = test_allocate(sizeof *connection);

    assert_int_equal(status, 0);
    connection->server = server;
    server->open_handles++;
    uv_tcp_init(&server->test->loop, &connection->tcp);
    connection->tcp.data = connection;
    assert_int_equal(uv_accept(stream, (uv_stream_t *)&connection->tcp), 0);
    uv_read_start((uv_stream_t *)&connection->tcp, tcp_lend, tcp_read);
}

void dns_server_begin(struct dns_server *server, struct test_loop *test,
                      void (*answer)(void *context, struct dns_exchange *exchange), void *context)
{
    union address address;
    int length = sizeof address;

    memset(server, 0, sizeof *server);
    server->test = test;
    server->answer = answer;
    server->context = context;
    server->open_handles = 2;
    assert_true(address_read(TEXT("127.0.0.1"), 0, &address));
    uv_tcp_init(&test->loop, &server->tcp);
    uv_udp_init(&test->loop, &server->udp);
    server->tcp.data = server->udp.data = server;
    assert_int_equal(uv_tcp_bind(&server->tcp, &address.any, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&server->tcp, 8, tcp_accept), 0);
    assert_int_equal(uv_tcp_getsockname(&server->tcp, &address.any, &length), 0);
    server->port = address_port(&address);
    assert_int_equal(uv_udp_bind(&server->udp, &address.any, 0), 0);
    assert_int_equal(uv_udp_recv_start(&server->udp, udp_lend, udp_read), 0);
}

static void server_closed(uv_handle_t *handle)
{
    handle_gone(handle->data);
}

void dns_server_end(struct dns_server *server)
{
    uv_close((uv_handle_t *)&server->tcp, server_closed);
    uv_close((uv_handle_t *)&server->udp, server_closed);
    test_loop_until(server->test, &server->closed, 1);
}
