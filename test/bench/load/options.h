/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_OPTIONS_H
#define BENCH_LOAD_OPTIONS_H

/* What to do, from the command line. Written once, before any thread is there. */

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>

enum mode { THROUGHPUT, RATE, HANDSHAKE, IDLE, LARGE };
extern const char *const mode_name[];

/* "in": partner clients -> proxy -> internal server, which is a listener here. "out": the other way. */
struct flow {
    const char *name;
    const char *host, *port, *listen; /* proxy address; own listener [IP:]PORT, 0 = none */
    const char *cert, *key, *ca;      /* client side: own certificate, CA of the proxy */
    const char *lcert, *lkey, *lca;   /* listener side: likewise */
    const char *sni, *from, *request_uri;
    struct sockaddr_in to, at;
    SSL_CTX *client_context, *server_context;
};

extern struct flow flows[2];

struct options {
    enum mode mode;
    const char *dir, *certs, *method, *tls, *label;
    int connections, window, body, threads, burst, addresses, pid;
    double seconds, warmup, rate, pace, timeout;
    int ping, resume, coalesce, direct;
    bool use[2];
};
extern struct options options;

/* Reads the command line; a mistake in it ends the process. */
void options_read(int argc, char **argv);

#endif
