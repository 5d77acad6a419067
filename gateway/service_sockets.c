/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "gateway/gateway_parts.h"
#include "gateway/net/listener.h"

/* Listening sockets and the manager: those that it hands over are taken where `listen` names their address,
 * and those that we bind ourselves are given to it to keep, so that they outlive a restart. */

static bool is_wanted(const struct handed_socket *handed, char *why, size_t size)
{
    char address[ADDRESS_TEXT_SIZE];

    if (handed->used_for != NULL || handed->is_kept)
        return true;
    snprintf(
        why, size,
        "the manager handed over %s (%s), which `listen` of neither side names; let gateway.yaml and the "
        "socket unit name the same addresses",
        address_print(&handed->address, address, sizeof(address)), handed->name);
    return false;
}

bool service_check_sockets(struct gateway *gateway, char *why, size_t size)
{
    const struct handed_sockets *handed = &gateway->shared.handed;

    for (size_t i = 0; i < handed->count; i++) {
        if (!is_wanted(&handed->list[i], why, size))
            return false;
    }
    return true;
}

static bool keep(const struct gateway *gateway, int socket)
{
    return notifier_hand_over(&gateway->service.notifier, "FDSTORE=1\nFDPOLL=0\nFDNAME=" HANDED_KEPT_NAME,
                              socket);
}

static bool keep_own(const struct gateway *gateway, const struct worker *worker)
{
    bool kept = true;

    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < worker->listener_count[side]; i++) {
            if (worker->listener_is_own[side][i] &&
                !keep(gateway, listener_socket(worker->listener[side][i])))
                kept = false;
        }
    }
    return kept;
}

/* What an earlier run left, and this one does not use, goes: nobody would ever accept there. */
void service_keep_sockets(struct gateway *gateway)
{
    struct handed_sockets *handed = &gateway->shared.handed;
    bool kept = true;

    notifier_say(&gateway->service.notifier, "FDSTOREREMOVE=1\nFDNAME=" HANDED_KEPT_NAME);
    for (size_t i = 0; i < handed->count; i++) {
        if (handed->list[i].is_kept && handed->list[i].used_for != NULL &&
            !keep(gateway, handed->list[i].socket))
            kept = false;
    }
    for (unsigned i = 0; i < gateway->worker_count; i++) {
        if (!keep_own(gateway, gateway->worker[i]))
            kept = false;
    }
    gateway->shared.listeners_outlive_us = kept;
    handed_sockets_close(handed);
}
