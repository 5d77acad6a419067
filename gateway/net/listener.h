/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_LISTENER_H
#define FEDGATE_NET_LISTENER_H

/* A listening TCP socket on a loop. Each worker has its own on the same address (SO_REUSEPORT), and the
 * kernel spreads the connections. Out of descriptors it stops accepting for a moment instead of spinning; the
 * connections wait in the backlog. */

#include "gateway/net/address.h"

#include <uv.h>

#define LISTENER_BACKLOG 1024
#define LISTENER_PAUSE_MS 100u    /* without accepting after EMFILE, ENFILE, ENOBUFS, ENOMEM */
#define LISTENER_ACCEPTS_MOST 32u /* in one turn of the loop, so that live sessions are not starved */
#define LISTENER_ERROR_SIZE 160u

struct listener;

struct listener_events {
    /* The callee owns the socket (non-blocking, close-on-exec): stream_accept, or close() to refuse. May call
     * listener_close. */
    void (*accepted)(void *owner, int socket, const union address *peer);
    void (*exhausted)(void *owner, const char *why); /* accepting pauses; may be NULL */
};

/* May one process bind the address alone? SO_REUSEPORT lets a second gateway share a port unseen: ask before
 * the first listener of an address. False and a sentence: "address 127.0.0.1:5061 is taken". */
bool listener_address_is_free(const union address *address, char *error, size_t error_size)
    __attribute__((warn_unused_result));

/* Port 0: the kernel chooses, see listener_address. IPv6 sockets serve IPv6 alone. NULL: `error` holds a
 * sentence. */
struct listener *listener_open(uv_loop_t *loop, const union address *address,
                               const struct listener_events *events, void *owner, char *error,
                               size_t error_size) __attribute__((warn_unused_result));
/* On a socket that is bound already (socket activation); takes it, also when it fails. */
struct listener *listener_adopt(uv_loop_t *loop, int socket, const struct listener_events *events,
                                void *owner, char *error, size_t error_size)
    __attribute__((warn_unused_result));

const union address *listener_address(const struct listener *listener); /* with the port that was bound */
uint64_t listener_accepted(const struct listener *listener);            /* connections since the start */
uint64_t listener_exhausted(const struct listener *listener);           /* pauses since the start */

/* Hands out all who wait in the queue, up to LISTENER_BACKLOG: closing would reset them. */
void listener_take_waiting(struct listener *listener);
int listener_socket(const struct listener *listener); /* to be duplicated, not to be touched */
/* Once. No event comes any more; the memory goes when on_closed has been called (NULL: nobody asks). */
void listener_close(struct listener *listener, void (*on_closed)(void *owner));

#endif
