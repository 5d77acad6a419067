/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NOTIFIER_H
#define FEDGATE_NOTIFIER_H

/* The notification protocol of sd_notify(3): datagrams of KEY=VALUE lines to the service manager. Spoken by
 * ourselves, since it is a stable interface of one sendmsg, and libsystemd would bring half a dozen libraries
 * into a process at the perimeter. Nothing of it ever blocks, and what cannot be sent is lost: a gateway does
 * not stop for its manager. */

#include <stdbool.h>

struct notifier {
    int socket; /* connected; -1: nobody asked to be told */
};

/* `name`: of the environment's NOTIFY_SOCKET, a path or "@abstract"; NULL or "": nobody. Connects at once,
 * since a confined process may not open sockets of this kind later. */
void notifier_open(struct notifier *notifier, const char *name);
void notifier_close(struct notifier *notifier);
/* "READY=1\nSTATUS=..." */
void notifier_say(const struct notifier *notifier, const char *lines);
/* With a descriptor, of which the manager keeps a duplicate (FDSTORE=1). False: it was not sent. */
bool notifier_hand_over(const struct notifier *notifier, const char *lines, int descriptor);

#endif
