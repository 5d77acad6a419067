/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/fetch/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>
#include <utlist.h>

#define ADDRESSES_TRIED_MOST 8u
#define BODY_FIRST 4096u

struct web {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;
    unsigned open_handles; /* the timer, and a poll for each socket */
    struct web_request *requests;
    void (*on_closed)(void *context);
    void *context;
    bool is_closing;
};

struct web_request {
    struct web *web;
    struct web_request *prev, *next;
    CURL *easy;
    struct curl_slist *resolve, *headers;
    char *post; /* owned */
    char *body; /* owned */
    size_t length, capacity, size_most;
    bool allow_private, is_too_large;
    char error[CURL_ERROR_SIZE];
    void (*answered)(void *context, const struct web_reply *reply);
    void *context;
};

/* The readiness of one socket of libcurl's. */
struct web_poll {
    uv_poll_t handle;
    struct web *web;
    curl_socket_t socket;
};

/* ---- the end of a request ---- */

static void request_free(struct web_request *request)
{
    struct web *web = request->web;

    DL_DELETE(web->requests, request);
    if (request->easy != NULL) {
        curl_multi_remove_handle(web->multi, request->easy);
        curl_easy_cleanup(request->easy);
    }
    curl_slist_free_all(request->resolve);
    curl_slist_free_all(request->headers);
    free(request->post);
    free(request->body);
    free(request);
}

void web_abandon(struct web_request *request)
{
    request_free(request);
}

static void finish(struct web_request *request, CURLcode result)
{
    struct web_reply reply = {0};
    char *location = NULL;

    if (result == CURLE_OK) {
        curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &reply.status);
        curl_easy_getinfo(request->easy, CURLINFO_REDIRECT_URL, &location);
        reply.location = location;
        reply.body = (struct text){request->body, request->length};
    } else if (request->is_too_large || result == CURLE_FILESIZE_EXCEEDED) {
        reply.failure = "the answer is larger than fetch.size";
    } else if (result == CURLE_OPERATION_TIMEDOUT) {
        reply.failure = "no whole answer within fetch.timeout";
    } else {
        reply.failure = request->error[0] != '\0' ? request->error : curl_easy_strerror(result);
    }
    request->answered(request->context, &reply);
    request_free(request);
}

static void collect(struct web *web)
{
    CURLMsg *message;
    int left;

    while (!web->is_closing && (message = curl_multi_info_read(web->multi, &left)) != NULL) {
        struct web_request *request = NULL;
        CURLcode result = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
        finish(request, result);
    }
}

/* ---- libcurl on the loop ---- */

static void handle_closed(struct web *web)
{
    if (--web->open_handles > 0 || !web->is_closing)
        return;
    void (*on_closed)(void *) = web->on_closed;
    void *context = web->context;
    free(web);
    if (on_closed != NULL)
        on_closed(context);
}

static void poll_closed(uv_handle_t *handle)
{
    struct web_poll *poll = handle->data;
    struct web *web = poll->web;

    free(poll);
    handle_closed(web);
}

static void timer_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static void ready(uv_poll_t *handle, int status, int events)
{
    struct web_poll *poll = handle->data;
    struct web *web = poll->web;
    int running, what = 0;

    if (status < 0)
        what = CURL_CSELECT_ERR;
    if ((events & UV_READABLE) != 0)
        what |= CURL_CSELECT_IN;
    if ((events & UV_WRITABLE) != 0)
        what |= CURL_CSELECT_OUT;
    curl_multi_socket_action(web->multi, poll->socket, what, &running);
    collect(web);
}

static void timed_out(uv_timer_t *timer)
{
    struct web *web = timer->data;
    int running;

    curl_multi_socket_action(web->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(web);
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct web *web = context;

    (void)multi;
    if (web->is_closing)
        return 0;
    if (timeout_ms < 0)
        uv_timer_stop(&web->timer);
    else /* never from inside a call: a callback must not come during web_ask */
        uv_timer_start(&web->timer, timed_out, timeout_ms == 0 ? 1 : (uint64_t)timeout_ms, 0);
    return 0;
}

static struct web_poll *poll_create(struct web *web, curl_socket_t socket)
{
    struct web_poll *poll = calloc(1, sizeof(*poll));

    if (poll == NULL)
        return NULL;
    poll->web = web;
    poll->socket = socket;
    if (uv_poll_init_socket(web->loop, &poll->handle, socket) != 0) {
        free(poll);
        return NULL;
    }
    poll->handle.data = poll;
    web->open_handles++;
    curl_multi_assign(web->multi, socket, poll);
    return poll;
}

static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *assigned)
{
    struct web *web = context;
    struct web_poll *poll = assigned;
    int events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (poll != NULL) {
            curl_multi_assign(web->multi, socket, NULL);
            uv_close((uv_handle_t *)&poll->handle, poll_closed);
        }
        return 0;
    }
    if (poll == NULL && (poll = poll_create(web, socket)) == NULL)
        return -1;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= UV_READABLE;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= UV_WRITABLE;
    return uv_poll_start(&poll->handle, events, ready) == 0 ? 0 : -1;
}

struct web *web_create(uv_loop_t *loop)
{
    struct web *web = calloc(1, sizeof(*web));

    if (web == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 ||
        (web->multi = curl_multi_init()) == NULL) {
        free(web);
        return NULL;
    }
    web->loop = loop;
    uv_timer_init(loop, &web->timer);
    web->timer.data = web;
    web->open_handles = 1;
    curl_multi_setopt(web->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(web->multi, CURLMOPT_SOCKETDATA, web);
    curl_multi_setopt(web->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(web->multi, CURLMOPT_TIMERDATA, web);
    return web;
}

void web_close(struct web *web, void (*on_closed)(void *context), void *context)
{
    struct web_request *request, *next;

    web->on_closed = on_closed;
    web->context = context;
    DL_FOREACH_SAFE(web->requests, request, next)
    {
        request_free(request);
    }
    curl_multi_cleanup(web->multi);
    web->is_closing = true;
    uv_close((uv_handle_t *)&web->timer, timer_closed);
}

/* ---- a request ---- */

static size_t take_body(char *octets, size_t size, size_t count, void *context)
{
    struct web_request *request = context;
    size_t more = size * count;

    if (more > request->size_most - request->length) {
        request->is_too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    if (more > request->capacity - request->length) {
        size_t capacity = request->capacity == 0 ? BODY_FIRST : request->capacity * 2;
        while (capacity < request->length + more)
            capacity *= 2;
        char *body = realloc(request->body, capacity);
        if (body == NULL)
            return CURL_WRITEFUNC_ERROR;
        request->body = body;
        request->capacity = capacity;
    }
    if (more > 0)
        memcpy(request->body + request->length, octets, more);
    request->length += more;
    return more;
}

/* The last gate: whatever led here, no connection is opened to where none may lead. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
    const struct web_request *request = context;
    union address address;

    (void)purpose;
    if (!address_from_socket(&to->addr, &address) ||
        (!request->allow_private && !address_is_global(&address)))
        return CURL_SOCKET_BAD;
    return socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);
}

/* "+HOST:PORT:ADDRESS,ADDRESS": so libcurl asks no resolver of its own, and forgets this one soon. */
static bool name_addresses(struct web_request *request, const struct web_order *order)
{
    char line[1024], shown[ADDRESS_TEXT_SIZE];
    bool is_v6 = strchr(order->host, ':') != NULL;
    int used = snprintf(line, sizeof(line), "+%s%s%s:%u:", is_v6 ? "[" : "", order->host, is_v6 ? "]" : "",
                        order->port);

    for (size_t i = 0; i < order->address_count && i < ADDRESSES_TRIED_MOST; i++) {
        address_print_host(&order->address[i], shown, sizeof(shown));
        bool v6 = strchr(shown, ':') != NULL;
        if (used < 0 || (size_t)used >= sizeof(line))
            return false;
        used += snprintf(line + used, sizeof(line) - (size_t)used, "%s%s%s%s", i == 0 ? "" : ",",
                         v6 ? "[" : "", shown, v6 ? "]" : "");
    }
    if (used < 0 || (size_t)used >= sizeof(line))
        return false;
    request->resolve = curl_slist_append(NULL, line);
    return request->resolve != NULL;
}

static bool set_body(struct web_request *request, const struct web_order *order)
{
    char header[128];

    if (order->body.length == 0)
        return true;
    snprintf(header, sizeof(header), "Content-Type: %s", order->content_type);
    request->headers = curl_slist_append(NULL, header);
    request->post = malloc(order->body.length);
    if (request->headers == NULL || request->post == NULL)
        return false;
    memcpy(request->post, order->body.at, order->body.length);
    curl_easy_setopt(request->easy, CURLOPT_POSTFIELDS, request->post);
    curl_easy_setopt(request->easy, CURLOPT_POSTFIELDSIZE, (long)order->body.length);
    return curl_easy_setopt(request->easy, CURLOPT_HTTPHEADER, request->headers) == CURLE_OK;
}

static bool set_options(struct web_request *request, const struct web_order *order)
{
    CURL *easy = request->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)order->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)order->size_most);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "fedgate/" FEDGATE_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, request);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, request->resolve);
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_URL, order->url) == CURLE_OK;
}

struct web_request *web_ask(struct web *web, const struct web_order *order,
                            void (*answered)(void *context, const struct web_reply *reply), void *context)
{
    struct web_request *request = calloc(1, sizeof(*request));

    if (request == NULL)
        return NULL;
    request->web = web;
    request->size_most = order->size_most;
    request->allow_private = order->allow_private;
    request->answered = answered;
    request->context = context;
    DL_APPEND(web->requests, request);
    request->easy = curl_easy_init();
    if (request->easy != NULL && name_addresses(request, order) && set_options(request, order) &&
        set_body(request, order) && curl_multi_add_handle(web->multi, request->easy) == CURLM_OK)
        return request;
    request_free(request);
    return NULL;
}

bool web_url_split(const char *url, char **host, uint16_t *port)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *name = NULL, *number = NULL;
    uint64_t value = 0;
    bool good = parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
                curl_url_get(parts, CURLUPART_HOST, &name, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_PORT, &number, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                text_to_number(text_of(number), UINT16_MAX, &value) && value > 0;

    if (good) {
        struct text bare = text_of(name);
        if (bare.length > 2 && bare.at[0] == '[')
            bare = (struct text){bare.at + 1, bare.length - 2};
        *host = text_copy(bare);
        *port = (uint16_t)value;
        good = *host != NULL;
    }
    curl_free(scheme);
    curl_free(name);
    curl_free(number);
    curl_url_cleanup(parts);
    return good;
}
