/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/sip/uri.h"

#include "gateway/sip/octet.h"
#include "policy/domain.h"

/* Up to four hex digits at the start; 0 when there are none or more. */
static size_t group_length(struct text t)
{
    size_t length = octets_span(t, OCTET_HEX);
    return length <= 4 ? length : 0;
}

static size_t colon_count(struct text t)
{
    size_t count = 0;
    while (count < t.length && t.at[count] == ':')
        count++;
    return count;
}

/* RFC 4291 2.2, and three colons before an IPv4 part (RFC 5118 4.10). */
static bool is_ipv6(struct text t)
{
    unsigned groups = 0;
    bool compressed = false;

    while (t.length > 0) {
        size_t colons = colon_count(t);
        t = text_skip(t, colons);
        if (colons > 3 || (colons == 1 && (groups == 0 || t.length == 0)) || (colons > 1 && compressed) ||
            (colons == 3 && text_find(t, '.') == NULL) || (colons == 0 && groups > 0))
            return false;
        compressed = compressed || colons > 1;
        if (t.length == 0)
            break;
        size_t length = group_length(t);
        if (length == 0)
            return false;
        if (length < t.length && t.at[length] == '.') {
            groups += 2;
            if (text_find(t, ':') != NULL || !domain_is_address(t))
                return false;
            break;
        }
        groups++;
        t = text_skip(t, length);
    }
    return compressed ? groups < 8 : groups == 8;
}

static bool read_port(struct text t, struct sip_host *host)
{
    uint64_t port;
    if (!text_to_number(t, UINT16_MAX, &port) || port == 0)
        return false;
    host->port = (uint16_t)port;
    host->has_port = true;
    return true;
}

bool sip_host_read(struct text t, bool blanks_allowed, struct sip_host *host)
{
    *host = (struct sip_host){0};
    if (t.length > 0 && t.at[0] == '[') {
        const char *bracket = text_find(t, ']');
        if (bracket == NULL)
            return false;
        host->host = text_from(t.at + 1, bracket);
        if (!is_ipv6(host->host))
            return false;
        host->is_address = host->is_ipv6 = true;
        t = text_skip(t, host->host.length + 2);
    } else {
        const char *colon = text_find(t, ':');
        host->host = colon == NULL ? t : text_from(t.at, colon);
        t = text_skip(t, host->host.length);
        if (blanks_allowed)
            host->host = octets_trim(host->host);
        if (!domain_is_valid(host->host)) {
            if (!domain_is_address(host->host))
                return false;
            host->is_address = true;
        }
    }
    if (blanks_allowed)
        t = octets_trim(t);
    if (t.length == 0)
        return true;
    if (t.at[0] != ':')
        return false;
    t = text_skip(t, 1);
    return read_port(blanks_allowed ? octets_trim(t) : t, host);
}

/* Each '%' is followed by two hex digits (RFC 3261 25.1: escaped). */
static bool escapes_are_whole(struct text t)
{
    const char *percent;
    while ((percent = text_find(t, '%')) != NULL) {
        t = text_skip(t, (size_t)(percent - t.at) + 1);
        if (t.length < 2 || !octet_is(t.at[0], OCTET_HEX) || !octet_is(t.at[1], OCTET_HEX))
            return false;
    }
    return true;
}

static unsigned hex_value(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(text_lower(c) - 'a') + 10;
}

/* RFC 3261 19.1.4: an escape is the octet that it stands for, in names too; `;%6Daddr` is maddr for who
 * undoes it. `name`: of a URI whose escapes are whole. */
static bool is_named(const struct sip_parameter *parameter, struct text plain)
{
    struct text name = parameter->name;
    size_t i = 0;

    if (name.length <= plain.length)
        return octets_equal(name, plain);
    while (name.length > 0 && i < plain.length) {
        bool is_escape = name.at[0] == '%' && name.length >= 3;
        char c = is_escape ? (char)(hex_value(name.at[1]) << 4 | hex_value(name.at[2])) : name.at[0];
        if (text_lower(c) != text_lower(plain.at[i++]))
            return false;
        name = text_skip(name, is_escape ? 3 : 1);
    }
    return name.length == 0 && i == plain.length;
}

static bool find_parameter(const struct sip_uri *uri, struct text name, struct sip_parameter *parameter)
{
    struct text rest = uri->parameters;

    while (sip_parameter_next(&rest, parameter) == SIP_NEXT_ITEM) {
        if (is_named(parameter, name))
            return true;
    }
    return false;
}

/* RFC 3261 19.1.1: no parameter twice. Looked at for those that say where a request goes. */
static bool parameters_are_sane(struct text rest)
{
    bool has_maddr = false, has_transport = false;
    struct sip_parameter parameter;
    enum sip_next next;

    while ((next = sip_parameter_next(&rest, &parameter)) == SIP_NEXT_ITEM) {
        bool *seen = is_named(&parameter, TEXT("maddr"))       ? &has_maddr
                     : is_named(&parameter, TEXT("transport")) ? &has_transport
                                                               : NULL;
        if (seen != NULL && *seen)
            return false;
        if (seen != NULL)
            *seen = true;
    }
    return next == SIP_NEXT_END;
}

/* Where the parts of a sip URI meet; NULL: there is no such part. Before the '@', ';' and '?' are the user's.
 */
struct joints {
    const char *at_sign, *semicolon, *question;
    bool has_two_at_signs, has_escapes;
};

/* One pass over what follows the scheme. False: an octet that may not stand in a URI. */
static bool find_joints(struct text t, struct joints *joints)
{
    const char *end = t.at + t.length;

    *joints = (struct joints){0};
    for (const char *at = t.at; (at += octets_long_span(text_from(at, end), OCTET_URI_PLAIN)) < end; at++) {
        if (*at == '@') {
            joints->has_two_at_signs = joints->at_sign != NULL;
            joints->at_sign = at;
            joints->semicolon = joints->question = NULL;
        } else if (*at == ';') {
            joints->semicolon =
                joints->semicolon != NULL || joints->question != NULL ? joints->semicolon : at;
        } else if (*at == '?') {
            joints->question = joints->question != NULL ? joints->question : at;
        } else if (*at == '%') {
            joints->has_escapes = true;
        } else {
            return false;
        }
    }
    return t.length > 0;
}

/* Behind the '@', or behind the scheme: host, port, parameters, headers. */
static bool read_host_part(struct text t, const struct joints *joints, struct sip_uri *uri)
{
    struct sip_host host;

    if (joints->question != NULL) {
        uri->has_headers = true;
        uri->headers = text_from(joints->question + 1, t.at + t.length);
        t = text_from(t.at, joints->question);
    }
    if (joints->semicolon != NULL) {
        uri->parameters = text_from(joints->semicolon + 1, t.at + t.length);
        if (!parameters_are_sane(text_from(joints->semicolon, t.at + t.length)))
            return false;
        t = text_from(t.at, joints->semicolon);
    }
    if (!sip_host_read(t, false, &host))
        return false;
    uri->host = host.host;
    uri->port = host.port;
    uri->has_port = host.has_port;
    uri->host_is_address = host.is_address;
    uri->host_is_ipv6 = host.is_ipv6;
    return true;
}

static bool read_sip(struct text t, const struct joints *joints, struct sip_uri *uri)
{
    if (joints->at_sign != NULL) {
        uri->user = text_from(t.at, joints->at_sign);
        uri->has_user = true;
        t = text_skip(t, uri->user.length + 1);
        if (!octets_are(uri->user, OCTET_USER) || joints->has_two_at_signs)
            return false;
    }
    return (!joints->has_escapes || escapes_are_whole(uri->text)) && read_host_part(t, joints, uri);
}

static enum sip_uri_kind kind_of(struct text scheme)
{
    if (octets_equal(scheme, TEXT("sip")))
        return SIP_URI_SIP;
    if (octets_equal(scheme, TEXT("sips")))
        return SIP_URI_SIPS;
    return octets_equal(scheme, TEXT("tel")) ? SIP_URI_TEL : SIP_URI_OTHER;
}

/* RFC 3986 3.1 */
static bool is_scheme(struct text t)
{
    char first = t.length == 0 ? '0' : text_lower(t.at[0]);
    if (first < 'a' || first > 'z')
        return false;
    for (size_t i = 1; i < t.length; i++) {
        char c = text_lower(t.at[i]);
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.')
            return false;
    }
    return true;
}

static bool read_scheme(struct text t, struct sip_uri *uri)
{
    if (text_starts_with(t, TEXT("sip:"))) { /* nearly always */
        uri->scheme = (struct text){t.at, 3};
        uri->kind = SIP_URI_SIP;
        return true;
    }
    const char *colon = text_find(t, ':');
    if (colon == NULL)
        return false;
    uri->scheme = text_from(t.at, colon);
    uri->kind = kind_of(uri->scheme);
    return is_scheme(uri->scheme);
}

bool sip_uri_read(struct text t, struct sip_uri *uri)
{
    struct joints joints;

    *uri = (struct sip_uri){.text = t};
    if (!read_scheme(t, uri))
        return false;
    t = text_skip(t, uri->scheme.length + 1);
    if (!find_joints(t, &joints))
        return false;
    if (uri->kind != SIP_URI_SIP && uri->kind != SIP_URI_SIPS)
        return true;
    return read_sip(t, &joints, uri);
}

bool sip_uri_is_loose_router(const struct sip_uri *uri)
{
    struct sip_parameter parameter;
    return find_parameter(uri, TEXT("lr"), &parameter);
}

static struct text value_of(const struct sip_uri *uri, struct text name)
{
    struct sip_parameter parameter;
    return find_parameter(uri, name, &parameter) ? parameter.value : TEXT_NONE;
}

struct text sip_uri_transport(const struct sip_uri *uri)
{
    return value_of(uri, TEXT("transport"));
}

struct text sip_uri_maddr(const struct sip_uri *uri)
{
    return value_of(uri, TEXT("maddr"));
}

struct text sip_uri_bare(const struct sip_uri *uri)
{
    const char *end = uri->text.at + uri->text.length;

    if (uri->parameters.length > 0)
        end = uri->parameters.at - 1;
    else if (uri->has_headers)
        end = uri->headers.at - 1;
    return uri->text.length == 0 ? TEXT_NONE : text_from(uri->text.at, end);
}
