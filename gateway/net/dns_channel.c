/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The happy path of a query: it joins the line, the pump (in the loop's next turn, so that nothing happens
 * inside the asker's call) sends it through c-ares, c-ares' sockets are watched, an answer comes, the
 * callback is called, the pump sends the next one.
 *
 * It can fail at once (no socket, no server), by silence (c-ares gives up within the timeout), or by what
 * servers say; c-ares tries all servers before it reports any of these. A server that does not know EDNS is
 * asked again without. A query in flight cannot be taken back: an abandoned one only loses its callback.
 * ares_destroy must never run inside a callback of c-ares (it would call it twice and free the query twice),
 * so closing waits for a turn, too. */
#include "gateway/net/dns_channel.h"

#include "gateway/net/dns_answer.h"
#include "gateway/net/dns_query.h"

#define CARES_NO_DEPRECATED /* ares_send of 1.18 serves all versions */
#include <ares.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <utlist.h>

#define TRIES 2              /* rounds over all servers; the second waits twice as long */
#define TIMEOUT_LEAST_MS 50u /* of one try */

/* A socket of c-ares. */
struct watch {
    uv_poll_t poll;
    struct dns_channel *channel;
    ares_socket_t socket;
    struct watch *prev, *next;
};

struct dns_query {
    struct dns_channel *channel;
    void (*answered)(void *context, const struct dns_reply *reply); /* NULL: abandoned */
    void *context;
    bool in_flight;
    unsigned options; /* DNS_QUERY_* */
    uint16_t type;
    struct dns_query *prev, *next; /* in the line */
    size_t name_length;
    char name[];
};

struct dns_channel {
    uv_loop_t *loop;
    ares_channel ares;
    uv_idle_t pump;     /* sends, and destroys when closing; runs in the loop's next turn */
    uv_timer_t silence; /* c-ares' own timeouts */
    struct watch *watches;
    struct dns_query *line;
    size_t in_flight_most, waiting_most;
    struct dns_channel_statistics statistics;
    unsigned open_handles;
    bool closing;
    void (*on_closed)(void *context);
    void *context;
};

static void run_pump(uv_idle_t *idle);

static void wake_pump(struct dns_channel *channel)
{
    if (!uv_is_closing((uv_handle_t *)&channel->pump))
        uv_idle_start(&channel->pump, run_pump);
}

static void handle_gone(struct dns_channel *channel)
{
    if (--channel->open_handles > 0)
        return;
    channel->on_closed(channel->context);
    free(channel);
}

/* ---- c-ares' sockets and timeouts ---- */

static void silence_over(uv_timer_t *timer);

static void watch_silence(struct dns_channel *channel)
{
    struct timeval left;

    if (channel->closing)
        return;
    if (ares_timeout(channel->ares, NULL, &left) == NULL) {
        uv_timer_stop(&channel->silence);
        return;
    }
    uint64_t milliseconds = (uint64_t)left.tv_sec * 1000 + (uint64_t)left.tv_usec / 1000;
    uv_timer_start(&channel->silence, silence_over, milliseconds + 1, 0);
}

static void silence_over(uv_timer_t *timer)
{
    struct dns_channel *channel = timer->data;

    if (channel->closing)
        return;
    ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    watch_silence(channel);
}

static void socket_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    struct dns_channel *channel = watch->channel;
    bool readable = status < 0 || (events & UV_READABLE) != 0;
    bool writable = status < 0 || (events & UV_WRITABLE) != 0;

    if (channel->closing || uv_is_closing((uv_handle_t *)poll))
        return;
    ares_process_fd(channel->ares, readable ? watch->socket : ARES_SOCKET_BAD,
                    writable ? watch->socket : ARES_SOCKET_BAD);
    watch_silence(channel);
}

static void watch_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;

    handle_gone(watch->channel);
    free(watch);
}

static struct watch *watch_open(struct dns_channel *channel, ares_socket_t socket)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return NULL;
    if (uv_poll_init_socket(channel->loop, &watch->poll, socket) != 0) {
        free(watch);
        return NULL;
    }
    watch->poll.data = watch;
    watch->channel = channel;
    watch->socket = socket;
    channel->open_handles++;
    DL_APPEND(channel->watches, watch);
    return watch;
}

/* c-ares closes the socket right after it was last named here. A socket that cannot be watched costs its
 * queries: they time out. */
static void socket_state(void *context, ares_socket_t socket, int readable, int writable)
{
    struct dns_channel *channel = context;
    struct watch *watch;

    DL_SEARCH_SCALAR(channel->watches, watch, socket, socket);
    if (readable == 0 && writable == 0) {
        if (watch == NULL)
            return;
        DL_DELETE(channel->watches, watch);
        uv_close((uv_handle_t *)&watch->poll, watch_closed);
        return;
    }
    if (watch == NULL)
        watch = watch_open(channel, socket);
    if (watch != NULL)
        (void)uv_poll_start(&watch->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0),
                            socket_ready);
}

/* ---- queries ---- */

static void query_done(void *context, int status, int timeouts, unsigned char *octets, int length);

static void query_send(struct dns_query *query)
{
    struct dns_channel *channel = query->channel;
    uint8_t octets[DNS_QUERY_SIZE];
    uint16_t id;

    query->in_flight = true;
    channel->statistics.in_flight++;
    if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id) {
        query_done(query, ARES_ENOTINITIALIZED, 0, NULL, 0); /* never a query that can be guessed */
        return;
    }
    size_t length = dns_query_write(id, (struct text){query->name, query->name_length}, query->type,
                                    query->options, octets);
    channel->statistics.queries++;
    ares_send(channel->ares, octets, (int)length, query_done, query);
}

/* RFC 6891 7: a FORMERR may mean that the server does not know EDNS. */
static bool ask_without_edns(struct dns_query *query, const struct dns_reply *reply)
{
    struct dns_channel *channel = query->channel;

    if (reply->octets.length < 4 || (reply->octets.at[3] & 0x0f) != DNS_RCODE_FORMAT_ERROR ||
        (query->options & DNS_QUERY_EDNS) == 0 || query->answered == NULL)
        return false;
    query->options &= ~DNS_QUERY_EDNS;
    query->in_flight = false;
    DL_PREPEND(channel->line, query);
    channel->statistics.waiting++;
    return true;
}

static void query_done(void *context, int status, int timeouts, unsigned char *octets, int length)
{
    struct dns_query *query = context;
    struct dns_channel *channel = query->channel;
    struct dns_reply reply = {0};

    (void)timeouts;
    channel->statistics.in_flight--;
    if (status == ARES_SUCCESS && octets != NULL && length > 0) {
        reply.octets = (struct text){(const char *)octets, (size_t)length};
        channel->statistics.answers++;
    } else {
        reply.detail = ares_strerror(status);
        reply.timed_out = status == ARES_ETIMEOUT;
        channel->statistics.timeouts += reply.timed_out;
        channel->statistics.failures += !reply.timed_out;
    }
    wake_pump(channel);
    if (!channel->closing && ask_without_edns(query, &reply))
        return;
    if (!channel->closing && query->answered != NULL)
        query->answered(query->context, &reply);
    free(query);
}

static void channel_handle_closed(uv_handle_t *handle)
{
    handle_gone(handle->data);
}

static void destroy(struct dns_channel *channel)
{
    struct dns_query *query, *next;

    ares_destroy(channel->ares); /* calls query_done for all in flight, and socket_state for all sockets */
    DL_FOREACH_SAFE(channel->line, query, next)
    {
        free(query);
    }
    uv_close((uv_handle_t *)&channel->pump, channel_handle_closed);
    uv_close((uv_handle_t *)&channel->silence, channel_handle_closed);
}

static void run_pump(uv_idle_t *idle)
{
    struct dns_channel *channel = idle->data;

    uv_idle_stop(idle);
    while (!channel->closing && channel->line != NULL &&
           channel->statistics.in_flight < channel->in_flight_most) {
        struct dns_query *query = channel->line;
        DL_DELETE(channel->line, query);
        channel->statistics.waiting--;
        query_send(query);
    }
    if (channel->closing)
        destroy(channel);
    else
        watch_silence(channel);
}

struct dns_query *dns_channel_ask(struct dns_channel *channel, struct text name, uint16_t type,
                                  bool unchecked,
                                  void (*answered)(void *context, const struct dns_reply *reply),
                                  void *context)
{
    if (channel->closing || channel->statistics.waiting >= channel->waiting_most)
        return NULL;
    struct dns_query *query = calloc(1, sizeof *query + name.length);
    if (query == NULL)
        return NULL;
    query->channel = channel;
    query->answered = answered;
    query->context = context;
    query->type = type;
    query->options = DNS_QUERY_EDNS | (unchecked ? DNS_QUERY_UNCHECKED : 0);
    query->name_length = name.length;
    memcpy(query->name, name.at, name.length);
    DL_APPEND(channel->line, query);
    channel->statistics.waiting++;
    wake_pump(channel);
    return query;
}

void dns_query_abandon(struct dns_query *query)
{
    query->answered = NULL;
    if (query->in_flight)
        return;
    DL_DELETE(query->channel->line, query);
    query->channel->statistics.waiting--;
    free(query);
}

/* ---- beginning and end ---- */

static bool set_servers(ares_channel ares, const struct dns_channel_options *options)
{
    char list[2048];
    size_t length = 0;

    for (size_t i = 0; i < options->server_count; i++) {
        const struct host_port *server = &options->server[i];
        bool is_v6 = strchr(server->host, ':') != NULL;
        int written =
            snprintf(list + length, sizeof list - length, "%s%s%s%s:%u", i == 0 ? "" : ",", is_v6 ? "[" : "",
                     server->host, is_v6 ? "]" : "", (unsigned)(server->port == 0 ? 53 : server->port));
        if (written < 0 || (size_t)written >= sizeof list - length)
            return false;
        length += (size_t)written;
    }
    return options->server_count == 0 || ares_set_servers_ports_csv(ares, list) == ARES_SUCCESS;
}

/* c-ares waits T for each server, then 2T for each: 3/4 of the whole time, and the rest is for us. */
static int try_timeout(const struct dns_channel_options *options)
{
    size_t servers = options->server_count == 0 ? 2 : options->server_count;
    size_t timeout = options->timeout_ms / (4 * servers);
    return (int)(timeout < TIMEOUT_LEAST_MS ? TIMEOUT_LEAST_MS : timeout);
}

static int ares_open(struct dns_channel *channel, const struct dns_channel_options *options)
{
    static char lookups[] = "b"; /* the DNS alone: no hosts file */
    struct ares_options ares = {.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
                                .timeout = try_timeout(options),
                                .tries = TRIES,
                                .ednspsz = DNS_EDNS_UDP_SIZE,
                                .lookups = lookups,
                                .sock_state_cb = socket_state,
                                .sock_state_cb_data = channel};
    /* SERVFAIL and its like send c-ares on to the next server. Where there is none, the answer itself may say
     * why (RFC 8914). */
    if (options->server_count == 1)
        ares.flags |= ARES_FLAG_NOCHECKRESP;
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_LOOKUPS |
               ARES_OPT_DOMAINS | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_UDP_MAX_QUERIES
    ares.udp_max_queries = 100; /* then another socket, with another port */
    mask |= ARES_OPT_UDP_MAX_QUERIES;
#endif
#ifdef ARES_OPT_QUERY_CACHE
    ares.qcache_max_ttl = 0; /* we have our own */
    mask |= ARES_OPT_QUERY_CACHE;
#endif
    return ares_init_options(&channel->ares, &ares, mask);
}

struct dns_channel *dns_channel_create(uv_loop_t *loop, const struct dns_channel_options *options,
                                       char *error, size_t error_size)
{
    struct dns_channel *channel = calloc(1, sizeof *channel);
    if (channel == NULL) {
        snprintf(error, error_size, "no memory for the resolver");
        return NULL;
    }
    channel->loop = loop;
    channel->in_flight_most = options->in_flight_most;
    channel->waiting_most = options->waiting_most;
    int status = ares_open(channel, options);
    if (status != ARES_SUCCESS) {
        snprintf(error, error_size, "the resolver cannot start: %s", ares_strerror(status));
        free(channel);
        return NULL;
    }
    if (!set_servers(channel->ares, options)) {
        snprintf(error, error_size, "the resolver does not take the list of DNS servers");
        ares_destroy(channel->ares);
        free(channel);
        return NULL;
    }
    uv_idle_init(loop, &channel->pump);
    uv_timer_init(loop, &channel->silence);
    channel->pump.data = channel->silence.data = channel;
    channel->open_handles = 2;
    return channel;
}

void dns_channel_close(struct dns_channel *channel, void (*on_closed)(void *context), void *context)
{
    channel->closing = true;
    channel->on_closed = on_closed;
    channel->context = context;
    wake_pump(channel);
}

const struct dns_channel_statistics *dns_channel_statistics(const struct dns_channel *channel)
{
    return &channel->statistics;
}
