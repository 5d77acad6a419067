/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/general_name.h"

#include "policy/distinguished_name.h"
#include "policy/domain.h"

bool general_name_next(struct text *rest, struct general_name *name)
{
    struct der_value value;

    if (!der_next(rest, &value))
        return false;
    switch (value.tag) {
    case GENERAL_NAME_OTHER:
    case GENERAL_NAME_EMAIL:
    case GENERAL_NAME_DNS:
    case GENERAL_NAME_X400:
    case GENERAL_NAME_DIRECTORY:
    case GENERAL_NAME_EDI:
    case GENERAL_NAME_URI:
    case GENERAL_NAME_ADDRESS:
    case GENERAL_NAME_REGISTERED_ID:
        name->kind = (enum general_name_kind)value.tag;
        name->content = value.content;
        return true;
    default:
        return false;
    }
}

/* ---- spelling ---- */

bool host_name_is_sound(struct text name)
{
    /* What domains allow, without the underscores and the trailing dot. */
    for (size_t i = 0; i < name.length; i++) {
        if (name.at[i] == '_')
            return false;
    }
    return name.length > 0 && name.at[name.length - 1] != '.' && domain_is_valid(name);
}

static bool dns_name_is_sound(struct text name)
{
    if (text_starts_with(name, TEXT("*.")))
        name = text_skip(name, 2);
    return host_name_is_sound(name);
}

static bool is_visible(struct text t)
{
    for (size_t i = 0; i < t.length; i++) {
        if (text_octet(t, i) < 0x21 || text_octet(t, i) > 0x7e)
            return false;
    }
    return true;
}

bool mailbox_is_sound(struct text address)
{
    const char *at = text_find(address, '@');
    if (at == NULL || at == address.at || !is_visible(address))
        return false;
    return host_name_is_sound(text_from(at + 1, address.at + address.length));
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Splits a URI behind its scheme (RFC 3986 3.1). */
static bool split_scheme(struct text uri, struct text *scheme, struct text *rest)
{
    const char *colon = text_find(uri, ':');
    if (colon == NULL || !is_visible(uri) || !is_letter(uri.at[0]))
        return false;
    *scheme = text_from(uri.at, colon);
    *rest = text_from(colon + 1, uri.at + uri.length);
    for (size_t i = 1; i < scheme->length; i++) {
        char c = scheme->at[i];
        if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.')
            return false;
    }
    return rest->length > 0;
}

static bool other_name_is_sound(struct text content)
{
    struct text type, value;
    return der_next_of(&content, DER_OID, &type) && der_is_oid(type) &&
           der_next_of(&content, DER_CONTEXT_CONSTRUCTED(0), &value) && content.length == 0;
}

bool general_name_is_sound(const struct general_name *name)
{
    struct text scheme, rest;

    switch (name->kind) {
    case GENERAL_NAME_OTHER:
        return other_name_is_sound(name->content);
    case GENERAL_NAME_EMAIL:
        return mailbox_is_sound(name->content);
    case GENERAL_NAME_DNS:
        return dns_name_is_sound(name->content);
    case GENERAL_NAME_DIRECTORY:
        return distinguished_name_is_sound(name->content);
    case GENERAL_NAME_URI:
        return split_scheme(name->content, &scheme, &rest);
    case GENERAL_NAME_ADDRESS:
        return name->content.length == 4 || name->content.length == 16;
    case GENERAL_NAME_REGISTERED_ID:
        return der_is_oid(name->content);
    case GENERAL_NAME_X400:
    case GENERAL_NAME_EDI:
        break;
    }
    return true; /* never looked into */
}

/* ---- hosts of URIs ---- */

static struct text until_any(struct text t, struct text stops)
{
    for (size_t i = 0; i < t.length; i++) {
        if (text_find(stops, t.at[i]) != NULL)
            return (struct text){t.at, i};
    }
    return t;
}

bool sip_uri_host(struct text uri, struct text *host)
{
    struct text scheme, rest;

    if (!split_scheme(uri, &scheme, &rest) || !text_equal_ignoring_case(scheme, TEXT("sip")) ||
        text_find(rest, '@') != NULL)
        return false;
    *host = until_any(rest, TEXT(":;?"));
    return host->length > 0;
}

bool uri_host_name(struct text uri, struct text *host)
{
    struct text scheme, rest;

    if (!split_scheme(uri, &scheme, &rest))
        return false;
    bool is_sip =
        text_equal_ignoring_case(scheme, TEXT("sip")) || text_equal_ignoring_case(scheme, TEXT("sips"));
    if (text_starts_with(rest, TEXT("//")) && !is_sip)
        rest = until_any(text_skip(rest, 2), TEXT("/?#"));
    else if (!is_sip)
        return false; /* RFC 5280 4.2.1.10: a URI without an authority has no host to compare */
    for (const char *at = text_find(rest, '@'); at != NULL; at = text_find(rest, '@'))
        rest = text_from(at + 1, rest.at + rest.length); /* the last @ ends the user part */
    *host = until_any(rest, TEXT(":;?"));
    return host_name_is_sound(*host);
}
