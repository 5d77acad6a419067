/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/notifier.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notifier_open(struct notifier *notifier, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = name == NULL ? 0 : strlen(name);

    notifier->socket = -1;
    if (length < 2 || length >= sizeof(address.sun_path) || (name[0] != '/' && name[0] != '@'))
        return;
    memcpy(address.sun_path, name, length);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s < 0)
        return;
    if (connect(s, (struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) != 0) {
        close(s);
        return;
    }
    notifier->socket = s;
}

void notifier_close(struct notifier *notifier)
{
    if (notifier->socket >= 0)
        close(notifier->socket);
    notifier->socket = -1;
}

void notifier_say(const struct notifier *notifier, const char *lines)
{
    if (notifier->socket >= 0)
        (void)send(notifier->socket, lines, strlen(lines), MSG_NOSIGNAL);
}

bool notifier_hand_over(const struct notifier *notifier, const char *lines, int descriptor)
{
    union {
        struct cmsghdr header;
        char octets[CMSG_SPACE(sizeof(int))];
    } control = {.octets = {0}};
    struct iovec text = {.iov_base = (void *)(uintptr_t)lines, .iov_len = strlen(lines)};
    struct msghdr message = {
        .msg_iov = &text, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.octets)};

    if (notifier->socket < 0)
        return false;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    return sendmsg(notifier->socket, &message, MSG_NOSIGNAL) >= 0;
}
