/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/route.h"

#include "policy/domain.h"
#include "policy/message_judgement.h"

static bool side_is_named(const struct side_settings *side, uint16_t port_in_force, const struct sip_uri *uri)
{
    uint16_t port = uri->has_port ? uri->port : SIP_TLS_PORT;

    if (!uri->host_is_address)
        return domain_equal(uri->host, text_of(side->host)) && (!uri->has_port || port == port_in_force);
    for (size_t i = 0; i < side->listen_count; i++) {
        uint16_t listening = side->listen[i].port != 0 ? side->listen[i].port : port_in_force;
        if (port == listening && text_equal_ignoring_case(uri->host, text_of(side->listen[i].host)))
            return true;
    }
    return false;
}

bool route_is_own_uri(const struct settings *settings, const uint16_t port[2], const struct sip_uri *uri)
{
    return (uri->kind == SIP_URI_SIP || uri->kind == SIP_URI_SIPS) &&
           (side_is_named(&settings->internal, port[PEER_INTERNAL], uri) ||
            side_is_named(&settings->external, port[PEER_EXTERNAL], uri));
}

bool route_names_us(const struct worker *worker, const struct sip_uri *uri)
{
    return route_is_own_uri(worker->snapshot->settings, worker->port, uri);
}

static void read_mark(const struct worker *worker, const struct sip_uri *uri, struct text call_id,
                      struct route *route)
{
    struct sip_parameter parameter;

    if (route->has_mark || !sip_parameter_find(uri->parameters, TEXT(DIALOG_PARAMETER), &parameter))
        return;
    for (size_t i = 0; i < 2 && !route->has_mark; i++)
        route->has_mark =
            dialog_mark_read(&worker->snapshot->dialog_key[i], parameter.value, call_id, &route->mark);
}

/* A strict router put our Record-Route URI into the Request-URI; the real one is the last Route (16.4). */
static enum reason undo_strict_routing(const struct worker *worker, const struct sip_message *message,
                                       struct route *route, const char **what)
{
    struct sip_values values = sip_values_of(message, SIP_HEADER_ROUTE);
    struct sip_value value, last = {0};
    struct sip_address address;

    if (!sip_uri_is_loose_router(&route->request_uri) || !route_names_us(worker, &route->request_uri))
        return REASON_OK;
    while (sip_values_next(&values, &value) == SIP_NEXT_ITEM)
        last = value;
    if (last.text.length == 0)
        return REASON_OK;
    *what = "the last Route cannot be read";
    if (!sip_address_read(last.text, &address) || address.uri.has_headers ||
        (address.uri.kind != SIP_URI_SIP && address.uri.kind != SIP_URI_SIPS))
        return REASON_MALFORMED_MESSAGE;
    /* Taking the last value off a line with others needs a rewrite that no peer of ours has ever asked for.
     */
    *what = "a strict router's Route shares its line with others";
    if (!last.is_first)
        return REASON_MALFORMED_MESSAGE;
    read_mark(worker, &route->request_uri, message->call_id, route);
    route->request_uri = address.uri;
    route->request_uri_changed = true;
    route->last_route_header = last.header_index;
    return REASON_OK;
}

enum reason route_read(const struct worker *worker, const struct sip_message *message, struct route *route,
                       const char **what)
{
    struct sip_values values = sip_values_of(message, SIP_HEADER_ROUTE);
    struct sip_value value;
    struct sip_address address;

    *route = (struct route){.request_uri = message->request_uri, .last_route_header = SIP_NO_HEADER};
    enum reason reason = undo_strict_routing(worker, message, route, what);
    if (reason != REASON_OK)
        return reason;
    while (sip_values_next(&values, &value) == SIP_NEXT_ITEM) {
        if (route->request_uri_changed && value.header_index == route->last_route_header)
            break;
        *what = "Route cannot be read";
        if (!sip_address_read(value.text, &address))
            return REASON_MALFORMED_MESSAGE;
        if (address.uri.kind != SIP_URI_SIP && address.uri.kind != SIP_URI_SIPS) {
            *what = "Route names no SIP server";
            return REASON_MALFORMED_MESSAGE;
        }
        if (!route_names_us(worker, &address.uri)) {
            route->next = address.uri;
            break;
        }
        read_mark(worker, &address.uri, message->call_id, route);
        route->own_entries++;
    }
    route->names_us = route->next.text.length == 0 && !route->request_uri.has_user &&
                      route_names_us(worker, &route->request_uri);
    return REASON_OK;
}

void route_edit(const struct sip_message *message, const struct route *route, struct sip_edit *edit)
{
    struct sip_values values = sip_values_of(message, SIP_HEADER_ROUTE);
    struct sip_value value;

    for (size_t i = 0; i < route->own_entries && sip_values_next(&values, &value) == SIP_NEXT_ITEM; i++)
        sip_edit_remove_first_value(edit, value.header_index);
    if (!route->request_uri_changed)
        return;
    sip_edit_request_uri(edit, route->request_uri.text);
    sip_edit_remove(edit, route->last_route_header);
}

struct text route_place(const struct worker *worker, const struct sip_message *message,
                        const struct route *route)
{
    const struct policy *policy = &worker->snapshot->settings->policy;
    struct sip_values values = sip_values_of(message, SIP_HEADER_ROUTE);
    struct sip_value value;
    struct sip_address address;

    for (size_t i = 0; sip_values_next(&values, &value) == SIP_NEXT_ITEM; i++) {
        if (i < route->own_entries)
            continue;
        if (value.header_index == route->last_route_header)
            break;
        if (!sip_address_read(value.text, &address) || address.uri.host.length == 0)
            return value.text;
        struct text maddr = sip_uri_maddr(&address.uri);
        if (!message_place_is_inside(policy, maddr))
            return maddr;
        if (!message_place_is_inside(policy, address.uri.host) && !route_names_us(worker, &address.uri))
            return address.uri.host;
    }
    return route->next.host;
}
