/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_CONNECTION_H
#define BENCH_LOAD_CONNECTION_H

/* The life of a connection, and its octets on their way out. */

#include "test/bench/load/worker.h"

/* A client connects (anew). */
void connection_start(struct connection *connection);
/* The client has opened or failed; in SETUP the next one starts. */
void connection_settled(struct connection *connection);
/* Plain text to be encrypted and sent when the worker flushes. */
void connection_write(struct connection *connection, const char *p, size_t n);
/* It has something to send. */
void connection_mark(struct connection *connection);
void connection_flush(struct connection *connection);
/* Sets what epoll waits for. */
void connection_want(struct connection *connection, uint32_t ev);
/* Closes in good order: our close_notify, then the peer's. */
void connection_end(struct connection *connection);
/* Closes at once; a client keeps its struct, that of a server is freed later. */
void connection_close(struct connection *connection);
/* The same, and counts it as an error, by role and state. */
void connection_fail(struct connection *connection, const char *what, const char *why);

#endif
