/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/bench/load/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/bench/load/base.h"

void connection_mark(struct connection *connection)
{
    if (!connection->dirty) {
        connection->dirty = true;
        connection->next_dirty = connection->worker->dirty;
        connection->worker->dirty = connection;
    }
}

void connection_want(struct connection *connection, uint32_t ev)
{
    if (connection->events != ev) {
        struct epoll_event e = {.events = ev, .data.ptr = connection};
        epoll_ctl(connection->worker->epoll, connection->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
                  connection->fd, &e);
        connection->events = ev;
    }
}

void connection_write(struct connection *connection, const char *p, size_t n)
{
    connection_mark(connection);
    if (options.coalesce) {
        if (connection->plain_length + n > connection->plain_capacity)
            connection->plain =
                grow(connection->plain, connection->plain_capacity = (connection->plain_length + n) * 2);
        memcpy(connection->plain + connection->plain_length, p, n);
        connection->plain_length += n;
        return;
    }
    while (n) {
        int r = SSL_write(connection->tls, p, (int)n);
        if (r <= 0)
            return;
        p += r, n -= (size_t)r;
    }
}

/* forget the connection; a client keeps its struct, a server's is freed later */
void connection_close(struct connection *connection)
{
    if (connection->state == DEAD)
        return;
    connection->state = DEAD;
    close(connection->fd);
    SSL_free(connection->tls);
    connection->tls = NULL;
    connection->events = 0;
    connection->fin = false;
    connection->in_length = connection->need = connection->out_done = connection->out_length =
        connection->plain_length = 0;
    connection->worker->unread = connection->worker->received_end;
    if (connection->role == CLIENT) {
        for (uint32_t i = 0; i < connection->slot_count; i++)
            if (connection->slots[i].busy) {
                connection->worker->counts.lost++;
                connection->slots[i].busy = false;
                connection->free_slots[connection->free_count++] = i;
            }
        connection->inflight = 0;
    } else {
        connection->next_dead = connection->worker->dead;
        connection->worker->dead = connection;
    }
}

void connection_fail(struct connection *connection, const char *what, const char *why)
{
    enum state was = connection->state;
    if (was == DEAD)
        return;
    if (phase < STOP) {
        if (was == OPEN && connection->role == CLIENT) {
            connection->worker->counts.broken++;
            worker_note(connection->worker, what, why);
        } else if (was < OPEN && connection->role == CLIENT) {
            connection->worker->counts.failed++;
            worker_note(connection->worker, what, why);
        } else if (was < OPEN) { /* the proxy gave up its handshake with our listener */
            connection->worker->counts.accept_fail++;
            if (options.mode != HANDSHAKE)
                worker_note(connection->worker, what, why);
        }
    }
    ERR_clear_error();
    connection_close(connection);
    if (connection->role == CLIENT && was < OPEN)
        connection_settled(connection);
    if (connection->role == CLIENT && options.mode == HANDSHAKE && phase < DRAIN && was > CONNECTING &&
        options.pace <= 0)
        connection_start(connection); /* refused connections wait for the next tick */
}

void connection_flush(struct connection *connection)
{
    if (connection->state < HANDSHAKING)
        return;
    for (size_t done = 0; done < connection->plain_length;) {
        int r = SSL_write(connection->tls, connection->plain + done, (int)(connection->plain_length - done));
        if (r <= 0)
            break;
        done += (size_t)r;
    }
    connection->plain_length = 0;
    while (connection->out_done < connection->out_length) {
        ssize_t n = send(connection->fd, connection->out + connection->out_done,
                         connection->out_length - connection->out_done, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EAGAIN)
                break;
            if (connection->state == CLOSING)
                connection->worker->counts.resets++;
            connection_fail(connection, "send", strerror(errno));
            return;
        }
        connection->out_done += (size_t)n;
    }
    if (connection->out_done < connection->out_length) {
        connection_want(connection, EPOLLIN | EPOLLOUT);
        return;
    }
    connection->out_done = connection->out_length = 0;
    if (options.mode == IDLE) {
        free(connection->out);
        connection->out = NULL;
        connection->out_capacity = 0;
    }
    connection_want(connection, EPOLLIN);
    if (connection->state == CLOSING && !connection->fin) {
        connection->fin = true;
        shutdown(connection->fd, SHUT_WR);
    }
}

void connection_start(struct connection *connection)
{
    int one = 1;
    connection->started = now_ns();
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        die("socket: %s", strerror(errno));
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connection->state = CONNECTING;
    connection->events = 0;
    if (options.addresses) {
        unsigned k = connection->id % (unsigned)options.addresses;
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000101u + k)};
        setsockopt(connection->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind(connection->fd, (struct sockaddr *)&a, sizeof a))
            die("bind: %s", strerror(errno));
    }
    if (connect(connection->fd, (struct sockaddr *)&connection->flow->to, sizeof connection->flow->to) &&
        errno != EINPROGRESS) {
        connection->state = DEAD;
        close(connection->fd);
        die("connect: %s", strerror(errno));
    }
    connection_want(connection, EPOLLOUT);
}

/* setup: a client connection has opened or failed; start the next one */
void connection_settled(struct connection *connection)
{
    struct worker *worker = connection->worker;
    if (worker->seen >= WARM)
        return;
    worker->setting_up--;
    worker->ready++;
    while (worker->setting_up < options.burst && worker->next < worker->client_count && phase == SETUP) {
        worker->setting_up++;
        connection_start(worker->clients[worker->next++]);
    }
}

void connection_end(struct connection *connection)
{
    connection->state = CLOSING;
    SSL_shutdown(connection->tls);
    connection_mark(connection);
}
