/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_CLIENT_H
#define BENCH_LOAD_CLIENT_H

/* Requests on their way out, and whether what comes back is their answer. */

#include "test/bench/load/sip_text.h"
#include "test/bench/load/worker.h"

/* One more request, whose time counts from `sent`. */
void client_send(struct connection *connection, uint64_t sent);
/* A response has come: counted, and what the mode does next is done. */
void client_response(struct connection *connection, const struct sip_message *message);

#endif
