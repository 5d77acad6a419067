/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_ROUTE_H
#define FEDGATE_RELAY_ROUTE_H

/* Where a request leads once our own Route entries are taken off (RFC 3261 16.4). */

#include "gateway/relay/dialog.h"
#include "gateway/relay/worker.h"
#include "gateway/sip/edit.h"

#define SIP_TLS_PORT 5061u /* RFC 3261 19.1.2 */

struct route {
    struct sip_uri request_uri; /* what the Request-URI is from here on */
    bool request_uri_changed;   /* a strict router before us had put our URI there (16.4, second paragraph) */
    size_t own_entries;         /* Route entries on top that are ours, taken off */
    size_t
        last_route_header; /* with request_uri_changed: the field whose last value became the Request-URI */
    struct sip_uri next;   /* the Route entry that is now on top; text empty when there is none */
    bool has_mark;
    struct dialog_mark mark; /* proven for this Call-ID */
    bool names_us;           /* no Route left, and the Request-URI is the gateway itself */
};

enum reason route_read(const struct worker *worker, const struct sip_message *message, struct route *route,
                       const char **what);
/* Where it leads: our servers follow a Route whichever place of the list it has, and its maddr past its host,
 * so all that are left are looked at. The first place that is not inside, else the host on top; empty: no
 * Route. */
struct text route_place(const struct worker *worker, const struct sip_message *message,
                        const struct route *route);
/* Plans the changes. */
void route_edit(const struct sip_message *message, const struct route *route, struct sip_edit *edit);
/* Does the URI name the gateway, by host name or listening address? */
bool route_names_us(const struct worker *worker, const struct sip_uri *uri);
/* The same without a worker. `port`: those that are listened on, by enum peer_side. */
bool route_is_own_uri(const struct settings *settings, const uint16_t port[2], const struct sip_uri *uri);

#endif
