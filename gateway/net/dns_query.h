/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_DNS_QUERY_H
#define FEDGATE_NET_DNS_QUERY_H

/* Writes a DNS query (RFC 1035): one question, class IN, recursion desired, AD set to ask for the AD bit
 * (RFC 6840 5.7), and what the options say. Pure. */

#include "policy/text.h"

#define DNS_QUERY_SIZE 300u     /* header 12, name 255, type and class 4, EDNS 11 */
#define DNS_EDNS_UDP_SIZE 1232u /* octets of an answer over UDP: no fragments on any usual path */

#define DNS_QUERY_EDNS 0x1u      /* with an EDNS record */
#define DNS_QUERY_UNCHECKED 0x2u /* CD: the answer as it is, validated or not (RFC 4035 3.2.2) */

/* The length written to `to`, or 0: not a name that can be asked for. */
size_t dns_query_write(uint16_t id, struct text name, uint16_t type, unsigned options,
                       uint8_t to[DNS_QUERY_SIZE]);

#endif
