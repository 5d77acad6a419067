/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/bench/load/set_up.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "test/bench/load/base.h"
#include "test/bench/load/tls.h"

static const char *certificate_path(const char *file, const char *ext)
{
    char *s;
    if (!options.certs)
        die("--certs DIR is needed");
    if (asprintf(&s, "%s/%s%s", options.certs, file, ext) < 0)
        die("out of memory");
    return s;
}

/* Loopback alone: this tool is never pointed at anybody. */
static struct sockaddr_in address(const char *host, const char *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (inet_pton(AF_INET, host, &a.sin_addr) != 1 || (ntohl(a.sin_addr.s_addr) >> 24) != 127)
        die("%s is not in 127.0.0.0/8", host);
    return a;
}

static void set_up_flow(struct flow *flow)
{
    bool in = flow == &flows[0];
    const char *me = in ? "partner" : "internal-server", *other = in ? "internal-server" : "partner";
    const char *my_ca = in ? "partner-ca" : "internal-ca", *other_ca = in ? "internal-ca" : "partner-ca";
    flow->cert = flow->cert ? flow->cert : certificate_path(me, ".crt");
    flow->key = flow->key ? flow->key : certificate_path(me, ".key");
    flow->lcert = flow->lcert ? flow->lcert : certificate_path(other, ".crt");
    flow->lkey = flow->lkey ? flow->lkey : certificate_path(other, ".key");
    flow->ca = flow->ca ? flow->ca : certificate_path(options.direct ? other_ca : my_ca, ".crt");
    flow->lca = flow->lca ? flow->lca : certificate_path(options.direct ? my_ca : other_ca, ".crt");
    if (strcmp(flow->listen, "0")) {
        char host[64] = "127.0.0.1";
        const char *p = strrchr(flow->listen, ':');
        if (p)
            snprintf(host, sizeof host, "%.*s", (int)(p - flow->listen), flow->listen);
        flow->at = address(host, p ? p + 1 : flow->listen);
        flow->server_context = tls_context(true, flow->lcert, flow->lkey, flow->lca);
    }
    if (options.direct) {
        flow->to = flow->at;
        flow->sni = in ? "server.internal.test" : "sip.partner.test";
    } else
        flow->to = address(flow->host, flow->port);
    flow->client_context = tls_context(false, flow->cert, flow->key, flow->ca);
}

static void set_up_worker(struct worker *worker, int id)
{
    int most = (options.use[0] + options.use[1]) * options.connections + 1;
    worker->id = id;
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->received = grow(NULL, RECEIVE_SIZE);
    worker->clients = allocate((size_t)most, sizeof(*worker->clients));
    worker->every =
        1e9 / (options.mode == HANDSHAKE && options.pace > 0 ? options.pace : options.rate) * options.threads;
}

static int add_clients(struct flow *flow, int id)
{
    for (int i = 0; i < options.connections; i++, id++) {
        struct worker *worker = &workers[id % options.threads];
        struct connection *connection = allocate(1, sizeof(*connection));
        connection->role = CLIENT;
        connection->worker = worker;
        connection->flow = flow;
        connection->id = (uint32_t)id;
        worker->clients[worker->client_count++] = connection;
    }
    return id;
}

static void fill_body(void)
{
    method_length = strlen(options.method);
    snprintf(run_tag, sizeof(run_tag), "-%08x", (unsigned)(now_ns() / 1000) ^ (unsigned)getpid() << 20);
    request_body = grow(NULL, (size_t)options.body + 1);
    for (int i = 0; i < options.body; i++)
        request_body[i] = (char)(i % 64 == 63 ? '\n' : 'a' + i * 7 % 26);
}

int set_up(void)
{
    int clients = 0;
    fill_body();
    tls_init();
    workers = allocate((size_t)options.threads, sizeof(*workers));
    for (int i = 0; i < options.threads; i++)
        set_up_worker(&workers[i], i);
    for (int k = 0; k < 2; k++) {
        if (!options.use[k])
            continue;
        set_up_flow(&flows[k]);
        for (int i = 0; i < options.threads && flows[k].server_context != NULL; i++)
            worker_listen(&workers[i], &flows[k]);
        clients = add_clients(&flows[k], clients);
    }
    return clients;
}
