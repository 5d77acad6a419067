/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool address_read(struct text host, uint16_t port, union address *address)
{
    char copy[INET6_ADDRSTRLEN];
    union address read;

    memset(&read, 0, sizeof read);
    if (host.length >= 2 && host.at[0] == '[' && host.at[host.length - 1] == ']')
        host = (struct text){host.at + 1, host.length - 2};
    if (host.length == 0 || host.length >= sizeof copy || text_find(host, '\0') != NULL)
        return false;
    memcpy(copy, host.at, host.length);
    copy[host.length] = '\0';

    if (inet_pton(AF_INET, copy, &read.v4.sin_addr) == 1)
        read.v4.sin_family = AF_INET;
    else if (inet_pton(AF_INET6, copy, &read.v6.sin6_addr) == 1)
        read.v6.sin6_family = AF_INET6;
    else
        return false;
    address_set_port(&read, port);
    *address = read;
    return true;
}

bool address_from_socket(const struct sockaddr *from, union address *address)
{
    if (from->sa_family == AF_INET)
        memcpy(&address->v4, from, sizeof address->v4);
    else if (from->sa_family == AF_INET6)
        memcpy(&address->v6, from, sizeof address->v6);
    else
        return false;
    return true;
}

socklen_t address_length(const union address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

uint16_t address_port(const union address *address)
{
    return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

void address_set_port(union address *address, uint16_t port)
{
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons(port);
    else
        address->v4.sin_port = htons(port);
}

const char *address_print_host(const union address *address, char *to, size_t size)
{
    const void *octets = address->any.sa_family == AF_INET6 ? (const void *)&address->v6.sin6_addr
                                                            : (const void *)&address->v4.sin_addr;
    if (inet_ntop(address->any.sa_family, octets, to, (socklen_t)size) == NULL)
        snprintf(to, size, "?");
    return to;
}

const char *address_print(const union address *address, char *to, size_t size)
{
    char host[INET6_ADDRSTRLEN];
    bool bracketed = address->any.sa_family == AF_INET6;

    address_print_host(address, host, sizeof host);
    snprintf(to, size, bracketed ? "[%s]:%u" : "%s:%u", host, (unsigned)address_port(address));
    return to;
}

struct text address_host_printed(const char *printed)
{
    const char *colon = strrchr(printed, ':');

    if (colon == NULL)
        return text_of(printed);
    return printed[0] == '[' ? text_from(printed + 1, colon - 1) : text_from(printed, colon);
}

static bool starts_with(const uint8_t octets[16], const uint8_t *prefix, size_t length)
{
    return memcmp(octets, prefix, length) == 0;
}

/* The IPv4 address that an IPv6 one wraps: mapped (RFC 4291 2.5.5.2), compatible (2.5.5.1; :: and ::1 are
 * not), or of the well-known translation prefix (RFC 6052 2.1). */
static bool unwrap(const struct in6_addr *v6, uint8_t v4[4])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t compatible[12] = {0};
    static const uint8_t translated[12] = {0x00, 0x64, 0xff, 0x9b};
    const uint8_t *octets = v6->s6_addr;

    if (!starts_with(octets, mapped, 12) && !starts_with(octets, translated, 12) &&
        (!starts_with(octets, compatible, 12) || (octets[12] == 0 && octets[13] == 0 && octets[14] == 0)))
        return false;
    memcpy(v4, octets + 12, 4);
    return true;
}

static bool is_refused_v4(const uint8_t v4[4])
{
    return v4[0] == 0 || v4[0] == 127 || (v4[0] == 169 && v4[1] == 254) /* this net, loopback, link-local */
           || (v4[0] & 0xf0) == 0xe0                                    /* multicast */
           || (v4[0] == 255 && v4[1] == 255 && v4[2] == 255 && v4[3] == 255);
}

bool address_is_unspecified(const union address *address)
{
    if (address->any.sa_family == AF_INET)
        return address->v4.sin_addr.s_addr == 0;
    return memcmp(&address->v6.sin6_addr, &in6addr_any, sizeof in6addr_any) == 0;
}

bool address_is_refused(const union address *address)
{
    uint8_t v4[4];

    if (address->any.sa_family == AF_INET) {
        memcpy(v4, &address->v4.sin_addr, 4);
        return is_refused_v4(v4);
    }
    if (address->any.sa_family != AF_INET6)
        return true;
    const struct in6_addr *v6 = &address->v6.sin6_addr;
    if (unwrap(v6, v4))
        return is_refused_v4(v4);
    return IN6_IS_ADDR_UNSPECIFIED(v6) || IN6_IS_ADDR_LOOPBACK(v6) || IN6_IS_ADDR_LINKLOCAL(v6) ||
           IN6_IS_ADDR_MULTICAST(v6);
}

static void widen(const union address *address, uint8_t octets[16])
{
    memset(octets, 0, 16);
    if (address->any.sa_family == AF_INET6) {
        memcpy(octets, &address->v6.sin6_addr, 16);
        return;
    }
    octets[10] = octets[11] = 0xff;
    memcpy(octets + 12, &address->v4.sin_addr, 4);
}

bool address_equal_host(const union address *a, const union address *b)
{
    uint8_t wide_a[16], wide_b[16];

    widen(a, wide_a);
    widen(b, wide_b);
    return memcmp(wide_a, wide_b, sizeof wide_a) == 0;
}
