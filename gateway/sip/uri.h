/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SIP_URI_H
#define FEDGATE_SIP_URI_H

/* SIP and SIPS URIs (RFC 3261 19.1.1), read strictly: at most one '@', escapes of two hex digits, a host that
 * is one. */

#include "gateway/sip/parameter.h"

enum sip_uri_kind { SIP_URI_OTHER, SIP_URI_SIP, SIP_URI_SIPS, SIP_URI_TEL };

/* All texts are views into what was read, still escaped. TEL and OTHER: only kind, text and scheme are set.
 */
struct sip_uri {
    enum sip_uri_kind kind;
    struct text text;       /* the whole URI */
    struct text scheme;     /* without the colon */
    struct text user;       /* before the '@', a password included */
    struct text host;       /* IPv6 without its brackets */
    struct text parameters; /* without the first semicolon */
    struct text headers;    /* without the question mark */
    uint16_t port;          /* 1 to 65535; 0 when none is given */
    bool has_user, has_port, has_headers;
    bool host_is_address, host_is_ipv6;
};

/* False: not a URI, or a SIP(S) URI that breaks the grammar. Nothing may stand before or behind it. */
bool sip_uri_read(struct text text, struct sip_uri *uri);

/* host [":" port] as in URIs and in Via; blanks around the colon only when `blanks_allowed`. Tolerates the
 * third colon of
 * "[2001:db8:::192.0.2.1]" (RFC 5118 4.10). */
struct sip_host {
    struct text host; /* IPv6 without its brackets */
    uint16_t port;
    bool has_port, is_address, is_ipv6;
};
bool sip_host_read(struct text text, bool blanks_allowed, struct sip_host *host);

/* The URI as written, without its parameters and headers: "sip:alice@corp.example". */
struct text sip_uri_bare(const struct sip_uri *uri);
/* For SIP and SIPS: `lr`, and the values of transport and maddr (empty when absent), names with escapes
 * included; values are still escaped. */
bool sip_uri_is_loose_router(const struct sip_uri *uri);
struct text sip_uri_transport(const struct sip_uri *uri);
struct text sip_uri_maddr(const struct sip_uri *uri);

#endif
