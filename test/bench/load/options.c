/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/bench/load/options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/bench/load/base.h"

const char *const mode_name[] = {"throughput", "rate", "handshake", "idle", "large"};

struct flow flows[2] = {
    {.name = "in",
     .host = "127.0.0.1",
     .port = "5061",
     .listen = "127.0.0.1:7061",
     .sni = "gw.internal.test",
     .from = "partner.test",
     .request_uri = "internal.test"},
    {.name = "out",
     .host = "127.0.0.1",
     .port = "5062",
     .listen = "127.0.0.1:7062",
     .sni = "gw.internal.test",
     .from = "internal.test",
     .request_uri = "partner.test"},
};

struct options options = {.dir = "in",
                          .method = "MESSAGE",
                          .tls = "1.3",
                          .label = "",
                          .connections = -1,
                          .window = -1,
                          .body = -1,
                          .threads = 1,
                          .burst = 32,
                          .seconds = -1,
                          .warmup = 1,
                          .rate = 1000,
                          .timeout = 5};

static const struct option {
    const char *name;
    char type; /* s string, i int, d double, b switch, f flow string */
    void *to;
    size_t off;
    const char *help;
} table[] = {
    {"dir", 's', &options.dir, 0, "in | out | both: which direction(s) to load (in)"},
    {"certs", 's', &options.certs, 0, "folder of make-certificates (required unless all cert options given)"},
    {"conns", 'i', &options.connections, 0,
     "client connections per direction (8; handshake: parallel, 16; idle: 1000)"},
    {"window", 'i', &options.window, 0, "outstanding requests per connection, closed loop (16; large: 2)"},
    {"secs", 'd', &options.seconds, 0, "length of the measured window (10; idle: hold time, 3)"},
    {"warmup", 'd', &options.warmup, 0, "seconds of load before the window (1)"},
    {"rate", 'd', &options.rate, 0, "rate mode: requests per second over all connections (1000)"},
    {"pace", 'd', &options.pace, 0,
     "handshake: sessions begun a second over all connections (0: as soon as one before has closed)"},
    {"body", 'i', &options.body, 0, "body bytes (512; large: 65536)"},
    {"method", 's', &options.method, 0, "non-INVITE request method (MESSAGE)"},
    {"threads", 'i', &options.threads, 0, "loader threads (1)"},
    {"burst", 'i', &options.burst, 0, "connections being set up at once (32)"},
    {"src-ips", 'i', &options.addresses, 0, "spread clients over 127.0.1.1..N (0 = do not bind)"},
    {"ping", 'b', &options.ping, 0, "handshake, idle: one request and its answer on each connection"},
    {"resume", 'b', &options.resume, 0,
     "allow TLS session resumption on both sides (off: always full handshakes)"},
    {"coalesce", 'b', &options.coalesce, 0,
     "pack messages into shared TLS records (off: one record per message)"},
    {"timeout", 'd', &options.timeout, 0, "seconds until a request or handshake counts as lost (5)"},
    {"pid", 'i', &options.pid, 0,
     "proxy process: its CPU time and memory, with all descendants, are measured"},
    {"direct", 'b', &options.direct, 0, "no proxy: clients connect to the own listener"},
    {"tls", 's', &options.tls, 0, "TLS version 1.2 | 1.3 (1.3)"},
    {"label", 's', &options.label, 0, "copied into the JSON"},
    {"host", 'f', 0, offsetof(struct flow, host), "proxy IP (127.0.0.1)"},
    {"port", 'f', 0, offsetof(struct flow, port), "proxy port (in 5061, out 5062)"},
    {"listen", 'f', 0, offsetof(struct flow, listen), "own listener IP:PORT (in 7061, out 7062; 0 = none)"},
    {"cert", 'f', 0, offsetof(struct flow, cert), "client certificate chain"},
    {"key", 'f', 0, offsetof(struct flow, key), "client key"},
    {"ca", 'f', 0, offsetof(struct flow, ca), "CA that signed the proxy's server certificate"},
    {"lcert", 'f', 0, offsetof(struct flow, lcert), "listener certificate chain"},
    {"lkey", 'f', 0, offsetof(struct flow, lkey), "listener key"},
    {"lca", 'f', 0, offsetof(struct flow, lca), "CA that signed the proxy's client certificate"},
    {"sni", 'f', 0, offsetof(struct flow, sni), "SNI and name verified in the proxy's certificate"},
    {"from", 'f', 0, offsetof(struct flow, from), "From domain"},
    {"ruri", 'f', 0, offsetof(struct flow, request_uri), "Request-URI and To domain"},
};

static void usage(void)
{
    printf("usage: sip-load throughput|rate|handshake|idle|large [--option value]...\n"
           "The second group may be prefixed with in- or out- to set one direction only.\n\n");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        printf("  --%s%-10s %s\n", table[i].type == 'f' ? "[in-|out-]" : "          ", table[i].name,
               table[i].help);
    exit(2);
}

static const struct option *option_find(const char *name)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    die("unknown option --%s", name);
}

static void option_set(const struct option *option, const char *value, int first, int last)
{
    switch (option->type) {
    case 's':
        *(const char **)option->to = value;
        break;
    case 'i':
        *(int *)option->to = atoi(value);
        break;
    case 'd':
        *(double *)option->to = atof(value);
        break;
    default:
        for (int i = first; i <= last; i++)
            *(const char **)(void *)((char *)&flows[i] + option->off) = value;
    }
}

static void read_all(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        const char *name = argv[i];
        int first = 0, last = 1;
        if (strncmp(name, "--", 2) != 0)
            die("unexpected argument %s", name);
        name += 2;
        if (strncmp(name, "in-", 3) == 0)
            last = 0, name += 3;
        else if (strncmp(name, "out-", 4) == 0)
            first = 1, name += 4;
        const struct option *option = option_find(name);
        if (option->type == 'b') {
            *(int *)option->to = 1;
            continue;
        }
        if (++i == argc)
            die("--%s needs a value", name);
        option_set(option, argv[i], first, last);
    }
}

/* What was not said depends on the mode. */
static void fill_in(void)
{
    bool large = options.mode == LARGE, idle = options.mode == IDLE;
    options.use[0] = strcmp(options.dir, "out") != 0;
    options.use[1] = strcmp(options.dir, "in") != 0;
    if (options.connections < 0)
        options.connections = options.mode == HANDSHAKE ? 16 : idle ? 1000 : 8;
    if (options.window < 0)
        options.window = large ? 2 : 16;
    if (options.body < 0)
        options.body = large ? 65536 : 512;
    if (options.seconds < 0)
        options.seconds = idle ? 3 : 10;
    if (options.threads < 1)
        options.threads = 1;
}

void options_read(int argc, char **argv)
{
    int mode = 0;
    if (argc < 2)
        usage();
    while (mode <= LARGE && strcmp(argv[1], mode_name[mode]) != 0)
        mode++;
    if (mode > LARGE)
        usage();
    options.mode = (enum mode)mode;
    read_all(argc, argv);
    if (strcmp(options.method, "INVITE") == 0 || strcmp(options.method, "ACK") == 0 ||
        strcmp(options.method, "CANCEL") == 0)
        die("only non-INVITE methods");
    fill_in();
}
