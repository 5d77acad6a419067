/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SERVICE_H
#define FEDGATE_SERVICE_H

/* The gateway as a service of systemd: what it tells the manager (sd_notify(3)), and the watchdog, which is
 * fed only while the main loop and every worker turn. Without a manager nothing is told, and a worker that is
 * stuck is still said in gateway.log. All on the main thread. */

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "gateway/notifier.h"

struct gateway;

struct service {
    struct notifier notifier;
    uv_timer_t timer;
    uint64_t watchdog_ms; /* what the manager wants to hear within; 0: it has no watchdog */
    uint64_t stuck_ms;    /* a worker that has not ticked for so long is stuck */
    uint64_t told_ms;     /* when `told` was sent; loop milliseconds */
    size_t errors;        /* of the last configuration, which was rejected; 0: it came into force */
    bool is_stuck;        /* and that was said */
    char told[256];       /* the last status */
};

/* Reads the environment of the manager, and takes it away from whoever comes later. */
void service_open(struct service *service);
/* All is loaded, bound and running; from here on the watchdog is fed. False: no memory. */
bool service_start(struct gateway *gateway);
/* After the workers are bound: is everything used that the manager handed over? False: `why`. */
bool service_check_sockets(struct gateway *gateway, char *why, size_t size);
/* Gives the manager our listening sockets to keep, so that they outlive a restart. Before the workers run. */
void service_keep_sockets(struct gateway *gateway);
void service_reloading(struct gateway *gateway);
/* The end of each reload: `errors` 0 where the new configuration is in force. */
void service_reloaded(struct gateway *gateway, size_t errors);
void service_stopping(struct gateway *gateway);
void service_close(struct service *service);

#endif
