/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Landlock by its system calls; the headers of Debian 12 do not know all of it. landlock(7) says which
 * version of the interface brought what. All rights that the kernel can take are taken, and the list gives
 * some back: reading, and making files in the folders of logs and of what was fetched. TCP ports cannot be
 * bound any more, and nothing outside can be signalled or reached by abstract sockets. Connecting is what a
 * gateway does, to ports that DNS names: it stays free. */

#define _GNU_SOURCE /* O_PATH */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gateway/confinement_parts.h"

struct ruleset {
    uint64_t fs, net, scoped;
};
struct path_rule {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

#define FS_WRITE_FILE (1u << 1)
#define FS_READ_FILE (1u << 2)
#define FS_READ_DIR (1u << 3)
#define FS_REMOVE_FILE (1u << 5)
#define FS_MAKE_REG (1u << 8)
#define FS_TRUNCATE (1u << 14)
#define NET_BIND_TCP (1u << 0)
#define SCOPE_ABSTRACT_SOCKETS (1u << 0)
#define SCOPE_SIGNALS (1u << 1)

#define READING (FS_READ_FILE | FS_READ_DIR)
#define WRITING (READING | FS_WRITE_FILE | FS_REMOVE_FILE | FS_MAKE_REG | FS_TRUNCATE)
#define OF_FILES (FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE) /* what a rule for a single file may say */

#define GET_VERSION 1u
#define PATH_BENEATH 1

/* The rights of each version that concern files, beginning with the first. */
static uint64_t rights_of(unsigned version)
{
    unsigned count = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
    return (UINT64_C(1) << count) - 1;
}

static bool add(int ruleset, const char *path, uint64_t allowed)
{
    struct stat facts;
    int handle = open(path, O_PATH | O_CLOEXEC);

    if (handle < 0)
        return errno == ENOENT || errno == EACCES || errno == ENOTDIR; /* then it is of no use to us */
    bool known = fstat(handle, &facts) == 0;
    struct path_rule rule = {.allowed = known && S_ISDIR(facts.st_mode) ? allowed : allowed & OF_FILES,
                             .parent = handle};
    bool added = known && syscall(SYS_landlock_add_rule, ruleset, PATH_BENEATH, &rule, 0) == 0;
    close(handle);
    return added;
}

static bool add_all(int ruleset, const struct confined_paths *paths, uint64_t known)
{
    for (size_t i = 0; i < paths->read_count; i++) {
        if (!add(ruleset, paths->read[i], READING))
            return false;
    }
    for (size_t i = 0; i < paths->write_count; i++) {
        if (!add(ruleset, paths->write[i], WRITING & known))
            return false;
    }
    return true;
}

unsigned confine_files(const struct confined_paths *paths, char *why, size_t size)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, GET_VERSION);

    if (version <= 0) {
        snprintf(why, size, "this kernel has no Landlock, or has it switched off");
        return 0;
    }
    struct ruleset taken = {.fs = rights_of((unsigned)version),
                            .net = version >= 4 ? NET_BIND_TCP : 0,
                            .scoped = version >= 6 ? SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS : 0};
    size_t length = version >= 6 ? sizeof(taken) : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &taken, length, 0);

    snprintf(why, size, paths->is_short ? "no memory" : "Landlock does not take the list of folders");
    bool good = ruleset >= 0 && !paths->is_short && add_all(ruleset, paths, taken.fs) &&
                syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    if (ruleset >= 0)
        close(ruleset);
    return good ? (unsigned)version : 0;
}
