/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/net/address.h"

#include <arpa/inet.h>
#include <string.h>

/* Which addresses are of the Internet at large (the registries of RFC 6890): what a URL in a certificate may
 * lead us to. */

struct v4_range {
    uint32_t network;
    unsigned length;
};

static bool is_global_v4(uint32_t address)
{
    static const struct v4_range special[] = {
        {0x00000000, 8},  /* this network */
        {0x0a000000, 8},  /* private */
        {0x64400000, 10}, /* shared by carriers */
        {0x7f000000, 8},  /* loopback */
        {0xa9fe0000, 16}, /* link-local */
        {0xac100000, 12}, /* private */
        {0xc0000000, 24}, /* protocol assignments */
        {0xc0000200, 24}, /* documentation */
        {0xc0586300, 24}, /* 6to4 relays */
        {0xc0a80000, 16}, /* private */
        {0xc6120000, 15}, /* benchmarks */
        {0xc6336400, 24}, /* documentation */
        {0xcb007100, 24}, /* documentation */
        {0xe0000000, 3},  /* multicast, reserved, broadcast */
    };

    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
        if ((address ^ special[i].network) >> (32 - special[i].length) == 0)
            return false;
    }
    return true;
}

static uint32_t v4_in(const uint8_t *octets)
{
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

static bool is_global_v6(const uint8_t octets[16])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const uint8_t translated[12] = {0, 0x64, 0xff, 0x9b};

    if (memcmp(octets, mapped, 12) == 0 || memcmp(octets, translated, 12) == 0)
        return is_global_v4(v4_in(octets + 12));
    if ((octets[0] & 0xe0) != 0x20) /* 2000::/3 is all that is given out */
        return false;
    if (octets[0] == 0x20 && octets[1] == 0x02) /* 6to4 */
        return is_global_v4(v4_in(octets + 2));
    if (octets[0] == 0x20 && octets[1] == 0x01)
        return !(octets[2] < 0x02) &&                     /* 2001::/23: protocol assignments, Teredo */
               !(octets[2] == 0x0d && octets[3] == 0xb8); /* documentation */
    return !(octets[0] == 0x3f && octets[1] == 0xff && octets[2] < 0x10); /* documentation */
}

bool address_is_global(const union address *address)
{
    if (address->any.sa_family == AF_INET)
        return is_global_v4(ntohl(address->v4.sin_addr.s_addr));
    return address->any.sa_family == AF_INET6 && is_global_v6(address->v6.sin6_addr.s6_addr);
}
