/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_DNS_HOST_H
#define FEDGATE_NET_DNS_HOST_H

#include <stddef.h>

/* One name of dns.hosts: answered without a query, as a perimeter host does with its hosts file. */
struct dns_host {
    char *name;     /* owned; lower case */
    char **address; /* owned; IP addresses as text */
    size_t address_count;
};

#endif
