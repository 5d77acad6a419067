/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The happy path: a socket is bound, listens, and is watched; each turn of the loop accepts what waits, up to
 * a bound, and hands it out. It can fail when the address is taken or not ours (a sentence, no listener), and
 * later when descriptors or memory run out: then a timer stands in for the watcher for a moment.
 *
 * The watcher is ours and not uv_listen, which in that case either drops the connections or spins. */
#define _GNU_SOURCE /* accept4 */
#include "gateway/net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct listener {
    uv_poll_t watcher; /* on the socket while it accepts */
    uv_timer_t pause;  /* runs while it does not */
    unsigned open_handles;
    bool closing;
    int socket;
    union address address;
    const struct listener_events *events;
    void *owner;
    void (*on_closed)(void *owner);
    uint64_t accepted, exhausted;
};

static void explain(int error, const char *what, const union address *address, char *to, size_t size)
{
    char name[ADDRESS_TEXT_SIZE];

    address_print(address, name, sizeof name);
    if (error == EADDRINUSE)
        snprintf(to, size, "address %s is taken", name);
    else if (error == EADDRNOTAVAIL)
        snprintf(to, size, "address %s is not an address of this machine", name);
    else if (error == EACCES)
        snprintf(to, size, "address %s may not be used by this user", name);
    else
        snprintf(to, size, "cannot %s on %s: %s", what, name, strerror(error));
}

static bool set_option(int socket, int level, int option, int value)
{
    return setsockopt(socket, level, option, &value, sizeof value) == 0;
}

/* -1: `error` holds a sentence. */
static int open_bound(const union address *address, bool shared, char *error, size_t error_size)
{
    int s = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s < 0) {
        explain(errno, "open a socket", address, error, error_size);
        return -1;
    }
    if (!set_option(s, SOL_SOCKET, SO_REUSEADDR, 1) ||
        (shared && !set_option(s, SOL_SOCKET, SO_REUSEPORT, 1)) ||
        (address->any.sa_family == AF_INET6 && !set_option(s, IPPROTO_IPV6, IPV6_V6ONLY, 1)) ||
        bind(s, &address->any, address_length(address)) != 0) {
        explain(errno, "bind", address, error, error_size);
        close(s);
        return -1;
    }
    return s;
}

bool listener_address_is_free(const union address *address, char *error, size_t error_size)
{
    /* SO_REUSEADDR alone lets bind pass beside another bound socket that does not listen; listen settles it.
     */
    int s = open_bound(address, false, error, error_size);
    if (s < 0)
        return false;
    bool is_free = listen(s, 1) == 0;
    if (!is_free)
        explain(errno, "listen", address, error, error_size);
    close(s);
    return is_free;
}

static void handle_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    if (--listener->open_handles > 0)
        return;
    if (listener->on_closed != NULL)
        listener->on_closed(listener->owner);
    free(listener);
}

static void start_accepting(struct listener *listener);

static void pause_over(uv_timer_t *timer)
{
    struct listener *listener = timer->data;
    if (!listener->closing)
        start_accepting(listener);
}

static void pause_accepting(struct listener *listener, int why)
{
    listener->exhausted++;
    uv_poll_stop(&listener->watcher);
    uv_timer_start(&listener->pause, pause_over, LISTENER_PAUSE_MS, 0);
    if (listener->events->exhausted != NULL)
        listener->events->exhausted(listener->owner, strerror(why));
}

static bool is_exhaustion(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* False: nothing more waits, or nothing more can be accepted now. */
static bool accept_one(struct listener *listener)
{
    union address peer;
    socklen_t length = sizeof peer;

    memset(&peer, 0, sizeof peer);
    int s = accept4(listener->socket, &peer.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (s < 0 && is_exhaustion(errno)) {
        pause_accepting(listener, errno);
        return false;
    }
    if (s <
        0) /* ECONNABORTED and the network's errors belong to one connection (accept(2)); others may wait */
        return errno != EAGAIN && errno != EWOULDBLOCK && errno != EBADF && errno != EINVAL;
    listener->accepted++;
    listener->events->accepted(listener->owner, s, &peer);
    return true;
}

static void accept_waiting(uv_poll_t *watcher, int status, int events)
{
    struct listener *listener = watcher->data;

    (void)status, (void)events; /* accept4 tells more than either */
    for (unsigned i = 0; i < LISTENER_ACCEPTS_MOST && !listener->closing; i++) {
        if (!accept_one(listener))
            return;
    }
}

static void start_accepting(struct listener *listener)
{
    if (uv_poll_start(&listener->watcher, UV_READABLE, accept_waiting) != 0)
        pause_accepting(listener, ENOMEM);
}

/* Takes the socket in every case. */
static struct listener *watch(uv_loop_t *loop, int socket, const union address *address,
                              const struct listener_events *events, void *owner, char *error,
                              size_t error_size)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        explain(ENOMEM, "listen", address, error, error_size);
        close(socket);
        return NULL;
    }
    listener->socket = socket;
    listener->address = *address;
    listener->events = events;
    listener->owner = owner;
    int failed = uv_poll_init(loop, &listener->watcher, socket);
    if (failed != 0) {
        explain(-failed, "listen", address, error, error_size);
        close(socket);
        free(listener);
        return NULL;
    }
    uv_timer_init(loop, &listener->pause);
    listener->watcher.data = listener->pause.data = listener;
    listener->open_handles = 2;
    start_accepting(listener);
    return listener;
}

struct listener *listener_adopt(uv_loop_t *loop, int socket, const struct listener_events *events,
                                void *owner, char *error, size_t error_size)
{
    union address address;
    socklen_t length = sizeof address;
    int kind = 0;
    socklen_t kind_length = sizeof kind;

    memset(&address, 0, sizeof address);
    if (getsockname(socket, &address.any, &length) != 0 ||
        getsockopt(socket, SOL_SOCKET, SO_TYPE, &kind, &kind_length) != 0 || kind != SOCK_STREAM ||
        (address.any.sa_family != AF_INET && address.any.sa_family != AF_INET6)) {
        snprintf(error, error_size, "descriptor %d is no TCP socket", socket);
        close(socket);
        return NULL;
    }
    int flags = fcntl(socket, F_GETFL);
    if (flags < 0 || fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(socket, F_SETFD, FD_CLOEXEC) != 0 || listen(socket, LISTENER_BACKLOG) != 0) {
        explain(errno, "listen", &address, error, error_size);
        close(socket);
        return NULL;
    }
    return watch(loop, socket, &address, events, owner, error, error_size);
}

struct listener *listener_open(uv_loop_t *loop, const union address *address,
                               const struct listener_events *events, void *owner, char *error,
                               size_t error_size)
{
    int s = open_bound(address, true, error, error_size);
    return s < 0 ? NULL : listener_adopt(loop, s, events, owner, error, error_size);
}

const union address *listener_address(const struct listener *listener)
{
    return &listener->address;
}

uint64_t listener_accepted(const struct listener *listener)
{
    return listener->accepted;
}

uint64_t listener_exhausted(const struct listener *listener)
{
    return listener->exhausted;
}

void listener_take_waiting(struct listener *listener)
{
    for (unsigned i = 0; i < LISTENER_BACKLOG && !listener->closing; i++) {
        if (!accept_one(listener))
            return;
    }
}

int listener_socket(const struct listener *listener)
{
    return listener->socket;
}

void listener_close(struct listener *listener, void (*on_closed)(void *owner))
{
    listener->closing = true;
    listener->on_closed = on_closed;
    uv_close((uv_handle_t *)&listener->watcher, handle_closed);
    uv_close((uv_handle_t *)&listener->pause, handle_closed);
    close(listener->socket); /* uv_close has taken it out of the poll set */
}
