/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_PRIVILEGES_H
#define FEDGATE_PRIVILEGES_H

/* Started as root, the gateway becomes an ordinary user once its ports are bound and its keys are read: the
 * one of `user:`, else fedgate, else nobody. Before any thread is started. */

#include <pwd.h>

#include "gateway/settings.h"

enum privileges {
    PRIVILEGES_NONE,    /* not root to begin with, or `user: root` */
    PRIVILEGES_DROPPED, /* and nothing brings them back */
    PRIVILEGES_KEPT,    /* no user was named, and the standard one could not write the logs: `why` */
    PRIVILEGES_FAILED   /* do not go on: `why` */
};

enum privileges privileges_drop(const struct settings *settings, char *why, size_t size);

/* Its steps. Whom it would become: of the C library, good until accounts are asked for again. NULL: there is
 * no such account. */
const struct passwd *privileges_user(const struct settings *settings);
/* Is there an account, and is it the gateway's rather than everybody's nobody? */
bool privileges_are_for(const struct settings *settings, const struct passwd *user);
/* Before they are given up: makes the log folder where it is missing, the user's own. Where it cannot be
 * made, opening the logs says why. */
void privileges_make_logs(const struct settings *settings);
/* As root, that user for a moment: may it write the logs, where their folder is there? `why` not. What it may
 * not read is no matter before the first reload. */
bool privileges_suffice(const struct settings *settings, const struct passwd *user, char *why, size_t size);
bool privileges_become(const struct passwd *user); /* for good */

#endif
