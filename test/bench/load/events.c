/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/bench/load/events.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "test/bench/load/base.h"
#include "test/bench/load/client.h"
#include "test/bench/load/connection.h"
#include "test/bench/load/server.h"
#include "test/bench/load/tls.h"

static void on_open(struct connection *connection)
{
    struct worker *worker = connection->worker;
    uint64_t now = now_ns();
    connection->state = OPEN;
    if (connection->role == SERVER)
        return;
    if (!*worker->tls)
        snprintf(worker->tls, sizeof worker->tls, "%s %s", SSL_get_version(connection->tls),
                 SSL_get_cipher_name(connection->tls));
    if (options.mode == HANDSHAKE) {
        if (phase == RUN) {
            if (!options.ping)
                histogram_add(&worker->latency, now - connection->started);
            worker->counts.resumed += (uint64_t)SSL_session_reused(connection->tls);
        }
        if (options.ping)
            client_send(connection, connection->started); /* latency: from connect() to the 200 OK */
        else
            connection_end(connection);
        return;
    }
    worker->opened++;
    if (options.mode == IDLE && options.ping)
        client_send(connection, now);
    else
        connection_settled(connection);
}

/* peer closed or TLS ended */
static void on_end(struct connection *connection, bool clean, const char *why)
{
    if (connection->role == CLIENT &&
        connection->state == CLOSING) { /* handshake mode: the server has seen all of it */
        struct worker *worker = connection->worker;
        ERR_clear_error();
        if (phase == RUN && clean)
            worker->counts.handshakes++;
        if (!clean && phase < DRAIN) {
            worker->counts.failed++;
            worker_note(worker, "handshake", why);
        }
        connection_close(connection);
        if (phase < DRAIN && options.pace <= 0)
            connection_start(connection);
        return;
    }
    if (connection->role == SERVER && connection->state >= OPEN) {
        SSL_shutdown(connection->tls);
        connection_flush(connection);
        ERR_clear_error();
        connection_close(connection);
        return;
    }
    connection_fail(connection, connection->role == SERVER ? "accepted connection" : "client connection",
                    why);
}

static void messages(struct connection *connection)
{
    char *p = connection->in, *end = connection->in + connection->in_length;
    struct sip_message message;
    while (p < end && connection->state == OPEN) {
        if (*p == '\r' || *p == '\n') { /* keep-alive */
            p++;
            continue;
        }
        if ((size_t)(end - p) < connection->need)
            break;
        int r = sip_parse(p, (size_t)(end - p), &message);
        if (r < 0) {
            connection->worker->counts.parse++;
            connection_fail(connection, "message", "not SIP");
            return;
        }
        if (!r)
            break;
        if ((size_t)(end - p) < (connection->need = message.head_length + message.body_length))
            break;
        connection->need = 0;
        if (!strncmp(p, "SIP/2.0 ", 8))
            client_response(connection, &message);
        else
            server_request(connection, &message);
        p += message.head_length + message.body_length;
    }
    if (connection->state == DEAD)
        return;
    connection->in_length = (size_t)(end - p);
    memmove(connection->in, p, connection->in_length);
}

/* True: the connection is open. */
static bool shake_hands(struct connection *connection)
{
    int r = SSL_do_handshake(connection->tls);
    connection_mark(connection);
    if (r == 1) {
        on_open(connection);
        return true;
    }
    if (SSL_get_error(connection->tls, r) != SSL_ERROR_WANT_READ) {
        long verified = SSL_get_verify_result(connection->tls);
        connection_flush(connection); /* our alert */
        connection_fail(connection, "handshake",
                        verified != X509_V_OK ? X509_verify_cert_error_string(verified) : tls_reason());
    }
    return false;
}

/* run TLS over the bytes just received */
static void drive(struct connection *connection)
{
    if (connection->state == HANDSHAKING && !shake_hands(connection))
        return;
    while (connection->state >= OPEN) {
        if (connection->in_capacity - connection->in_length < 16384)
            connection->in =
                grow(connection->in,
                     connection->in_capacity = connection->in_capacity ? connection->in_capacity * 2 : 32768);
        int r = SSL_read(connection->tls, connection->in + connection->in_length,
                         (int)(connection->in_capacity - connection->in_length));
        if (r <= 0) {
            int e = SSL_get_error(connection->tls, r);
            if (e == SSL_ERROR_ZERO_RETURN)
                on_end(connection, true, "closed by peer");
            else if (e != SSL_ERROR_WANT_READ)
                on_end(connection, false, tls_reason());
            break;
        }
        connection->in_length += (size_t)r;
        messages(connection);
    }
    if (options.mode == IDLE && connection->state == OPEN && !connection->in_length) {
        free(connection->in);
        connection->in = NULL;
        connection->in_capacity = 0;
    }
}

static void on_readable(struct connection *connection)
{
    struct worker *worker = connection->worker;
    ssize_t n = recv(connection->fd, worker->received, RECEIVE_SIZE, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0) {
        if (connection->state == CLOSING && connection->role == CLIENT)
            worker->counts.resets++;
        on_end(connection, false, strerror(errno));
        return;
    }
    if (n == 0) {
        on_end(connection, connection->state == CLOSING, "connection closed");
        return;
    }
    worker->unread = worker->received;
    worker->received_end = worker->received + n;
    drive(connection);
    worker->unread = worker->received_end;
}

static void on_accept(struct connection *l)
{
    for (;;) {
        struct sockaddr_in a;
        socklen_t n = sizeof a;
        int one = 1, fd = accept4(l->fd, (struct sockaddr *)&a, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        struct connection *connection = allocate(1, sizeof *connection);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        connection->role = SERVER;
        connection->state = HANDSHAKING;
        connection->worker = l->worker;
        connection->flow = l->flow;
        connection->fd = fd;
        connection->peer = a;
        l->worker->counts.accepted++;
        connection_tls(connection, connection->flow->server_context);
        connection_want(connection, EPOLLIN);
    }
}

void connection_event(struct connection *connection, uint32_t ev)
{
    if (connection->role == LISTENER) {
        on_accept(connection);
        return;
    }
    if (connection->state == CONNECTING) {
        int e = 0;
        socklen_t l = sizeof e;
        getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &e, &l);
        if (e) {
            connection_fail(connection, "connect", strerror(e));
            return;
        }
        connection->state = HANDSHAKING;
        free(connection->request); /* it names the local port */
        connection->request = NULL;
        connection_tls(connection, connection->flow->client_context);
        connection_want(connection, EPOLLIN);
        drive(connection);
        return;
    }
    if (ev & EPOLLOUT)
        connection_mark(connection);
    if (ev & (EPOLLIN | EPOLLERR | EPOLLHUP) && connection->state != DEAD)
        on_readable(connection);
}
