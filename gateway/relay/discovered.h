/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_DISCOVERED_H
#define FEDGATE_RELAY_DISCOVERED_H

/* What discovered peers may take. Nobody has agreed on anything with them, and domains cost them nothing, so
 * each is told by its certificate, whose key it has proven: how fast it may send, and to how many addresses
 * of ours, so that none can try out which exist. Shared by all workers. */

#include <stdint.h>

#include "gateway/limits.h"
#include "policy/text.h"

#define DISCOVERED_PEERS_MOST 4096u                    /* that are remembered at once */
#define DISCOVERED_IDLE_NS (INT64_C(600) * 1000000000) /* after which one may be forgotten for a new one */

struct discovered; /* certificate -> what it took; any thread */

struct discovered *discovered_create(void); /* NULL: no memory, or no randomness */
void discovered_destroy(struct discovered *discovered);

enum discovered_answer {
    DISCOVERED_ALLOWED,
    DISCOVERED_TOO_FAST,           /* limits.discovered-rate */
    DISCOVERED_TOO_MANY_ADDRESSES, /* limits.discovered-users; those that it wrote to before go on */
    DISCOVERED_FULL                /* too many other peers are about, or no memory */
};
/* May the peer send one more message, whatever it says? `certificate`: SHA-256 of the leaf, 32 octets;
 * `now_ns` is monotonic. */
enum discovered_answer discovered_take_message(struct discovered *discovered, const struct limits *limits,
                                               const uint8_t *certificate, int64_t now_ns);

struct discovered_request {
    const uint8_t *certificate; /* as above */
    struct text user, host;     /* whom it is for; `user` empty: nobody in particular */
    int64_t now_ns;
};
/* It was believed: may it write to this address? `*is_first`: it is the first that was believed of this peer,
 * or the first that was refused for its many addresses: something to tell the administrator. */
enum discovered_answer discovered_take_address(struct discovered *discovered, const struct limits *limits,
                                               const struct discovered_request *request, bool *is_first);

#endif
