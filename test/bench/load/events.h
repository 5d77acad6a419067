/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_EVENTS_H
#define BENCH_LOAD_EVENTS_H

/* What happens to a connection, from the socket up to the SIP message. */

#include "test/bench/load/worker.h"

/* epoll has something on it. */
void connection_event(struct connection *connection, uint32_t ev);

#endif
