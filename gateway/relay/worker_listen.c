/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "gateway/net/listener.h"
#include "gateway/relay/session.h"

/* Where a worker listens: on sockets that the manager handed over, where some have the address, else on one
 * of its own beside those of the other workers. With fewer handed over than there are workers, several
 * workers share one; with more, a worker has several: none is left without somebody who accepts. */

static const char *const side_names[2] = {[PEER_INTERNAL] = "internal", [PEER_EXTERNAL] = "external"};

static void accepted_inside(void *owner, int socket, const union address *peer)
{
    session_accept(owner, PEER_INTERNAL, socket, peer);
}

static void accepted_outside(void *owner, int socket, const union address *peer)
{
    session_accept(owner, PEER_EXTERNAL, socket, peer);
}

static void exhausted(void *owner, const char *why)
{
    struct worker *worker = owner;
    operation_log(worker->shared->log, LOG_LEVEL_ERROR, "accepting-paused", "why=%s", why);
}

static const struct listener_events listener_events[2] = {
    [PEER_INTERNAL] = {.accepted = accepted_inside, .exhausted = exhausted},
    [PEER_EXTERNAL] = {.accepted = accepted_outside, .exhausted = exhausted},
};

static bool add(struct worker *worker, enum peer_side side, struct listener *listener)
{
    if (listener == NULL)
        return false;
    worker->listener[side][worker->listener_count[side]++] = listener;
    return true;
}

static bool has_room(const struct worker *worker, enum peer_side side, char *why, size_t size)
{
    if (worker->listener_count[side] < LISTENERS_MOST)
        return true;
    snprintf(why, size, "more than %u listeners of the %s side in a worker", LISTENERS_MOST,
             side_names[side]);
    return false;
}

static bool adopt(struct worker *worker, enum peer_side side, struct handed_socket *handed, char *why,
                  size_t size)
{
    int duplicate = fcntl(handed->socket, F_DUPFD_CLOEXEC, 0);

    if (duplicate < 0) {
        snprintf(why, size, "no descriptor for a socket that the manager handed over");
        return false;
    }
    handed->used_for = side_names[side];
    return has_room(worker, side, why, size) &&
           add(worker, side,
               listener_adopt(&worker->loop, duplicate, &listener_events[side], worker, why, size));
}

static bool adopt_all(struct worker *worker, enum peer_side side, const union address *address, size_t count,
                      char *why, size_t size)
{
    size_t workers = worker->snapshot->settings->workers;

    for (size_t i = worker->index; i < (count > workers ? count : workers); i += workers) {
        if (!adopt(worker, side,
                   handed_sockets_at(&worker->shared->handed, address, side_names[side], i % count), why,
                   size))
            return false;
    }
    return true;
}

/* `first`: of the first worker, whose ports the others take where the kernel chose them. */
static bool listen_on(struct worker *worker, enum peer_side side, size_t entry, const struct host_port *at,
                      const struct worker *first, char *why, size_t size)
{
    uint16_t port = first == NULL ? at->port : first->entry_port[side][entry];
    union address address;

    if (!address_read(text_of(at->host), port, &address)) {
        snprintf(why, size, "%s cannot be listened on", at->host);
        return false;
    }
    size_t handed = handed_sockets_count(&worker->shared->handed, &address, side_names[side]);
    size_t index = worker->listener_count[side];
    if (handed > 0) {
        if (!adopt_all(worker, side, &address, handed, why, size))
            return false;
    } else if (!has_room(worker, side, why, size) ||
               (first == NULL && !listener_address_is_free(&address, why, size)) ||
               !add(worker, side,
                    listener_open(&worker->loop, &address, &listener_events[side], worker, why, size))) {
        return false;
    }
    worker->listener_is_own[side][index] = handed == 0;
    worker->entry_port[side][entry] = address_port(listener_address(worker->listener[side][index]));
    return true;
}

void worker_name_sides(struct worker *worker)
{
    const struct settings *settings = worker->snapshot->settings;

    for (size_t side = 0; side < 2; side++) {
        const char *host = side == PEER_INTERNAL ? settings->internal.host : settings->external.host;
        int length = snprintf(worker->own_name[side].text, sizeof(worker->own_name[side].text), "%s:%u", host,
                              worker->port[side]);
        worker->own_name[side].length = length < 0 ? 0 : (size_t)length;
    }
}

bool worker_listen(struct worker *worker, const struct worker *first, char *why, size_t size)
{
    const struct settings *settings = worker->snapshot->settings;
    const struct side_settings *sides[2] = {
        [PEER_INTERNAL] = &settings->internal, [PEER_EXTERNAL] = &settings->external};

    for (enum peer_side side = PEER_INTERNAL; side <= PEER_EXTERNAL; side++) {
        if (sides[side]->listen_count > LISTENERS_MOST) {
            snprintf(why, size, "more than %u addresses in %s.listen", LISTENERS_MOST, side_names[side]);
            return false;
        }
        for (size_t i = 0; i < sides[side]->listen_count; i++) {
            if (!listen_on(worker, side, i, &sides[side]->listen[i], first, why, size))
                return false;
        }
        worker->port[side] = worker->entry_port[side][0];
    }
    worker_name_sides(worker);
    return true;
}

void worker_stop_listening(struct worker *worker)
{
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < worker->listener_count[side]; i++) {
            if (!worker->shared->listeners_outlive_us)
                listener_take_waiting(worker->listener[side][i]);
            listener_close(worker->listener[side][i], NULL);
        }
        worker->listener_count[side] = 0;
    }
}

void worker_print_listeners(const struct worker *worker, char *to, size_t size)
{
    char address[ADDRESS_TEXT_SIZE];
    size_t used = 0;

    to[0] = '\0';
    for (enum peer_side side = PEER_INTERNAL; side <= PEER_EXTERNAL; side++) {
        for (size_t i = 0; i < worker->listener_count[side] && used < size; i++)
            used += (size_t)snprintf(
                to + used, size - used, "%s%s %s", used == 0 ? "" : ", ",
                side == PEER_INTERNAL ? "internal" : "external",
                address_print(listener_address(worker->listener[side][i]), address, sizeof(address)));
    }
}
