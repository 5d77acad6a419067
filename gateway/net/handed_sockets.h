/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_HANDED_SOCKETS_H
#define FEDGATE_NET_HANDED_SOCKETS_H

/* Listening sockets that the process was started with (sd_listen_fds(3)): of a socket unit, or kept by the
 * manager since the last run. They stay open in the manager, too, so that connections wait in their queues
 * while one process ends and the next begins. Each is told from others by its own address. */

#include "gateway/net/address.h"

#define HANDED_SOCKETS_MOST 1024u
#define HANDED_NAME_SIZE 32u
#define HANDED_KEPT_NAME "fedgate-kept" /* how we call those that the manager keeps for us */

struct handed_socket {
    int socket; /* owned; close-on-exec */
    char name[HANDED_NAME_SIZE];
    union address address;
    bool is_kept;         /* by that name: from an earlier run */
    const char *used_for; /* a literal, or NULL: nobody listens on it yet */
};

struct handed_sockets {
    struct handed_socket *list; /* owned */
    size_t count;
};

/* Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES, and takes them out of the environment. False: `why`; what
 * was handed is no TCP socket, or one for both IPv4 and IPv6. */
bool handed_sockets_take(struct handed_sockets *handed, char *why, size_t size)
    __attribute__((warn_unused_result));
void handed_sockets_close(struct handed_sockets *handed);

/* The n-th that is bound to the address (its port 0: any port) and may be used for `purpose`, "internal" or
 * "external": one of these names is for that alone, and none is for both. NULL: there are not so many. */
struct handed_socket *handed_sockets_at(const struct handed_sockets *handed, const union address *address,
                                        const char *purpose, size_t n);
size_t handed_sockets_count(const struct handed_sockets *handed, const union address *address,
                            const char *purpose);

#endif
