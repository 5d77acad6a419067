/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/net/handed_sockets.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_DESCRIPTOR 3 /* SD_LISTEN_FDS_START */

static bool number_of(const char *variable, uint64_t most, uint64_t *number)
{
    const char *value = getenv(variable);
    return value != NULL && text_to_number(text_of(value), most, number);
}

/* The name up to the next colon; *names goes on behind it. */
static void take_name(const char **names, char name[HANDED_NAME_SIZE])
{
    const char *from = *names == NULL ? "" : *names;
    size_t length = strcspn(from, ":");

    snprintf(name, HANDED_NAME_SIZE, "%.*s", (int)(length < HANDED_NAME_SIZE ? length : HANDED_NAME_SIZE - 1),
             from);
    *names = from[length] == ':' ? from + length + 1 : NULL;
}

static bool look_at(struct handed_socket *handed, char *why, size_t size)
{
    struct sockaddr_storage storage;
    socklen_t length = sizeof(storage), value_length = sizeof(int);
    int kind = 0, only_v6 = 1;
    int s = handed->socket;

    memset(&storage, 0, sizeof(storage));
    if (getsockname(s, (struct sockaddr *)&storage, &length) != 0 ||
        getsockopt(s, SOL_SOCKET, SO_TYPE, &kind, &value_length) != 0 || kind != SOCK_STREAM ||
        !address_from_socket((struct sockaddr *)&storage, &handed->address) ||
        fcntl(s, F_SETFD, FD_CLOEXEC) != 0) {
        snprintf(why, size, "descriptor %d (%s) that the manager handed over is no TCP socket", s,
                 handed->name);
        return false;
    }
    if (storage.ss_family == AF_INET6 &&
        (getsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, &value_length) != 0 || only_v6 == 0)) {
        snprintf(why, size,
                 "descriptor %d (%s) that the manager handed over is for IPv4 as well; set "
                 "BindIPv6Only=ipv6-only in its socket unit",
                 s, handed->name);
        return false;
    }
    return true;
}

static bool take(struct handed_sockets *handed, size_t count, char *why, size_t size)
{
    const char *names = getenv("LISTEN_FDNAMES");

    handed->list = calloc(count, sizeof(*handed->list));
    if (handed->list == NULL) {
        snprintf(why, size, "no memory for the sockets that the manager handed over");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct handed_socket *next = &handed->list[handed->count++];
        next->socket = FIRST_DESCRIPTOR + (int)i;
        take_name(&names, next->name);
        next->is_kept = strcmp(next->name, HANDED_KEPT_NAME) == 0;
        if (!look_at(next, why, size))
            return false;
    }
    return true;
}

bool handed_sockets_take(struct handed_sockets *handed, char *why, size_t size)
{
    uint64_t process = 0, count = 0;
    bool good = true;

    *handed = (struct handed_sockets){.count = 0};
    if (number_of("LISTEN_PID", INT32_MAX, &process) && process == (uint64_t)getpid() &&
        number_of("LISTEN_FDS", HANDED_SOCKETS_MOST, &count) && count > 0)
        good = take(handed, (size_t)count, why, size);
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    return good;
}

void handed_sockets_close(struct handed_sockets *handed)
{
    for (size_t i = 0; i < handed->count; i++)
        close(handed->list[i].socket);
    free(handed->list);
    *handed = (struct handed_sockets){.count = 0};
}

static bool is_named_otherwise(const struct handed_socket *handed, const char *purpose)
{
    return (strcmp(handed->name, "internal") == 0 || strcmp(handed->name, "external") == 0) &&
           strcmp(handed->name, purpose) != 0;
}

static bool fits(const struct handed_socket *handed, const union address *address, const char *purpose)
{
    return handed->address.any.sa_family == address->any.sa_family &&
           address_equal_host(&handed->address, address) &&
           (address_port(address) == 0 || address_port(address) == address_port(&handed->address)) &&
           !is_named_otherwise(handed, purpose) &&
           (handed->used_for == NULL || strcmp(handed->used_for, purpose) == 0);
}

struct handed_socket *handed_sockets_at(const struct handed_sockets *handed, const union address *address,
                                        const char *purpose, size_t n)
{
    for (size_t i = 0; i < handed->count; i++) {
        if (fits(&handed->list[i], address, purpose) && n-- == 0)
            return &handed->list[i];
    }
    return NULL;
}

size_t handed_sockets_count(const struct handed_sockets *handed, const union address *address,
                            const char *purpose)
{
    size_t count = 0;

    for (size_t i = 0; i < handed->count; i++)
        count += fits(&handed->list[i], address, purpose) ? 1 : 0;
    return count;
}
