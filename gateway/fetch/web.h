/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_FETCH_WEB_H
#define FEDGATE_FETCH_WEB_H

/* One HTTP exchange after another on a libuv loop, by libcurl's multi interface. It asks no DNS (the caller
 * says which addresses), follows no redirect (the caller looks at each), keeps no connection, no cookie and
 * no proxy of the environment. All calls are for the loop's own thread. */

#include "gateway/net/address.h"

#include <uv.h>

struct web;
struct web_request; /* one that is under way */

struct web_order {                /* borrowed during web_ask */
    const char *url;              /* http or https */
    const char *host;             /* of the URL, without brackets */
    uint16_t port;                /* of the URL */
    const union address *address; /* of the host; ports do not matter */
    size_t address_count;         /* at least 1; the first 8 count */
    struct text body;             /* POSTed; TEXT_NONE: GET */
    const char *content_type;     /* of the body */
    uint32_t timeout_ms;          /* for all of it */
    size_t size_most;             /* octets of the answer's body */
    bool allow_private;           /* else a connection to an address that is not global is not opened */
};

struct web_reply {
    long status;          /* of HTTP; 0: there was no answer */
    struct text body;     /* lives during the callback */
    const char *location; /* where a redirect leads, absolute; lives during the callback; or NULL */
    const char *failure;  /* a sentence without a verb of its own, lives during the callback: why there was no
                             answer; NULL: there was one */
};

/* NULL: no memory. */
struct web *web_create(uv_loop_t *loop);
/* Once; requests under way are forgotten without a callback. on_closed comes from the loop, at the end. */
void web_close(struct web *web, void (*on_closed)(void *context), void *context);

/* The callback comes from the loop, never during the call. NULL: no memory. */
struct web_request *web_ask(struct web *web, const struct web_order *order,
                            void (*answered)(void *context, const struct web_reply *reply), void *context)
    __attribute__((warn_unused_result));
void web_abandon(struct web_request *request); /* before its callback */

/* The host (without brackets) and port of an http or https URL. False: it is none. The caller frees *host. */
bool web_url_split(const char *url, char **host, uint16_t *port) __attribute__((warn_unused_result));

#endif
