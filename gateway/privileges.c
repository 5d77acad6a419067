/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUPS_MOST 1024 /* of root */

/* `is_made`: where it is missing. */
static bool may_write(const char *folder, bool is_made, char *why, size_t size)
{
    if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0 || (is_made && errno == ENOENT))
        return true;
    snprintf(why, size, "%s is not writable", folder);
    return false;
}

bool privileges_are_for(const struct settings *settings, const struct passwd *user)
{
    return user != NULL && (settings->user != NULL || strcmp(user->pw_name, "nobody") != 0);
}

bool privileges_suffice(const struct settings *settings, const struct passwd *user, char *why, size_t size)
{
    bool able = false;
    gid_t groups[GROUPS_MOST]; /* root's own would open files that the user cannot read */
    int count = getgroups(GROUPS_MOST, groups);

    snprintf(why, size, "user and groups cannot be taken on");
    if (count < 0)
        return false;
    if (initgroups(user->pw_name, user->pw_gid) == 0 && setegid(user->pw_gid) == 0 &&
        seteuid(user->pw_uid) == 0)
        able = may_write(settings->logs.directory, privileges_are_for(settings, user), why, size);
    if (seteuid(0) != 0 || setegid(0) != 0 || setgroups((size_t)count, groups) != 0) {
        snprintf(why, size, "root could not be taken back for a moment");
        return false;
    }
    return able;
}

const struct passwd *privileges_user(const struct settings *settings)
{
    if (settings->user != NULL)
        return getpwnam(settings->user);
    const struct passwd *user = getpwnam("fedgate");
    return user != NULL ? user : getpwnam("nobody");
}

void privileges_make_logs(const struct settings *settings)
{
    const char *folder = settings->logs.directory;

    if (mkdir(folder, 0750) != 0 || geteuid() != 0)
        return;
    const struct passwd *user = privileges_user(settings);
    if (privileges_are_for(settings, user))
        (void)!fchownat(AT_FDCWD, folder, user->pw_uid, user->pw_gid, AT_SYMLINK_NOFOLLOW);
}

bool privileges_become(const struct passwd *user)
{
    if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0)
        return false;
    return setuid(0) != 0 && seteuid(0) != 0;
}

static enum privileges become(const struct passwd *user, char *why, size_t size)
{
    snprintf(why, size, "the user %s cannot be taken on", user->pw_name);
    return privileges_become(user) ? PRIVILEGES_DROPPED : PRIVILEGES_FAILED;
}

static enum privileges become_named(const struct settings *settings, char *why, size_t size)
{
    char what[400] = "";
    const struct passwd *user = privileges_user(settings);

    if (user == NULL) {
        snprintf(why, size, "user: there is no user %s", settings->user);
        return PRIVILEGES_FAILED;
    }
    if (user->pw_uid == 0)
        return PRIVILEGES_NONE;
    if (privileges_suffice(settings, user, what, sizeof(what)))
        return become(user, why, size);
    snprintf(why, size, "for the user %s, %s", settings->user, what);
    return PRIVILEGES_FAILED;
}

enum privileges privileges_drop(const struct settings *settings, char *why, size_t size)
{
    char what[400] = "";

    why[0] = '\0';
    if (geteuid() != 0)
        return PRIVILEGES_NONE;
    if (settings->user != NULL)
        return become_named(settings, why, size);
    const struct passwd *user = privileges_user(settings);
    if (user != NULL && privileges_suffice(settings, user, what, sizeof(what)))
        return become(user, why, size);
    snprintf(why, size,
             "running as root, since for the user %s %s; name one that can in gateway.yaml (user: NAME)",
             user == NULL ? "fedgate" : user->pw_name, user == NULL ? "there is no account" : what);
    return PRIVILEGES_KEPT;
}
