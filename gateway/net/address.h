/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_ADDRESS_H
#define FEDGATE_NET_ADDRESS_H

/* An IP address with a port, v4 or v6, as the kernel wants it; and which of them nobody outside may lead us
 * to. */

#include "policy/text.h"

#include <netinet/in.h>
#include <sys/socket.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

#define ADDRESS_TEXT_SIZE 64u /* "[", 45 octets of IPv6, zone, "]:", port, NUL */

/* IPv4 in dotted quads, or IPv6 with or without brackets; no zone. False: no address, and *address is
 * untouched. */
bool address_read(struct text host, uint16_t port, union address *address)
    __attribute__((warn_unused_result));
/* What the kernel gave; false for anything but IPv4 and IPv6. */
bool address_from_socket(const struct sockaddr *from, union address *address)
    __attribute__((warn_unused_result));
socklen_t address_length(const union address *address); /* for bind and connect */
uint16_t address_port(const union address *address);
void address_set_port(union address *address, uint16_t port);

/* "192.0.2.1:5061", "[2001:db8::1]:5061". Returns `to`. */
const char *address_print(const union address *address, char *to, size_t size);
/* The host of what it printed, without brackets: a view into it. */
struct text address_host_printed(const char *printed);
/* Without the port and without brackets. Returns `to`. */
const char *address_print_host(const union address *address, char *to, size_t size);

/* Same IP address, whatever the port? An IPv4-mapped IPv6 address equals its IPv4 address. */
bool address_equal_host(const union address *a, const union address *b);
bool address_is_unspecified(const union address *address); /* 0.0.0.0 or :: */
/* Loopback, link-local, multicast, broadcast or unspecified, also when written as IPv6 around IPv4: no answer
 * of the DNS may lead there (domain.md: rebinding, loops). */
bool address_is_refused(const union address *address);
/* An address of the Internet at large: none of those above, nor private (RFC 1918, 6598, 4193), reserved, for
 * documentation or benchmarks, or a translated form of one of these (RFC 6052, 3056). */
bool address_is_global(const union address *address);

#endif
