/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/sip/address.h"

#include "gateway/sip/octet.h"

/* What stands before '<': a quoted string, or tokens. True with *rest at the '<'; otherwise *rest stays. */
static bool read_display(struct text *rest, struct text *display)
{
    struct text t = *rest;

    if (t.length > 0 && t.at[0] == '"') {
        size_t length = octets_quoted_length(t);
        if (length == 0)
            return false;
        *display = (struct text){t.at + 1, length - 2};
        t = octets_skip_blanks(text_skip(t, length));
    } else {
        size_t length = octets_span(t, OCTET_TOKEN | OCTET_BLANK);
        *display = octets_trim((struct text){t.at, length});
        t = text_skip(t, length);
    }
    if (t.length == 0 || t.at[0] != '<')
        return false;
    *rest = t;
    return true;
}

/* RFC 3261 20.10: without brackets, what follows a semicolon belongs to the header, and ',' and '?' may not
 * stand in the URI. */
static bool read_bare(struct text *rest, struct sip_address *address)
{
    const char *semicolon = text_find(*rest, ';');
    struct text uri = semicolon == NULL ? *rest : text_from(rest->at, semicolon);

    *rest = text_skip(*rest, uri.length);
    uri = octets_trim(uri);
    return text_find(uri, ',') == NULL && text_find(uri, '?') == NULL && sip_uri_read(uri, &address->uri);
}

static bool read_bracketed(struct text *rest, struct sip_address *address)
{
    const char *bracket = text_find(*rest, '>');
    if (bracket == NULL)
        return false;
    address->is_bracketed = true;
    struct text uri = text_from(rest->at + 1, bracket);
    *rest = octets_skip_blanks(text_skip(*rest, uri.length + 2));
    return sip_uri_read(uri, &address->uri);
}

static bool read_parameters(struct text rest, struct sip_address *address)
{
    struct sip_parameter parameter;
    enum sip_next next;

    if (rest.length == 0)
        return true;
    if (rest.at[0] != ';')
        return false;
    address->parameters = octets_skip_blanks(text_skip(rest, 1));
    while ((next = sip_parameter_next(&rest, &parameter)) == SIP_NEXT_ITEM) {
        if (!octets_equal(parameter.name, TEXT("tag")))
            continue;
        if (address->has_tag || !parameter.has_value || parameter.is_quoted)
            return false;
        address->has_tag = true;
        address->tag = parameter.value;
    }
    return next == SIP_NEXT_END;
}

bool sip_address_read(struct text value, struct sip_address *address)
{
    struct text rest = octets_trim(value);
    struct text display = TEXT_NONE;

    *address = (struct sip_address){0};
    if (read_display(&rest, &display)) {
        address->display = display;
        if (!read_bracketed(&rest, address))
            return false;
    } else if (!read_bare(&rest, address)) {
        return false;
    }
    return read_parameters(rest, address);
}
