/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_SERVER_H
#define BENCH_LOAD_SERVER_H

/* The far end of the relay: holds what arrives against what was sent, and answers 200. */

#include "test/bench/load/sip_text.h"
#include "test/bench/load/worker.h"

void server_request(struct connection *connection, const struct sip_message *message);

#endif
