/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_USER_READING_H
#define FEDGATE_USER_READING_H

/* Started as root, the gateway reads its files as root, and on a reload as the user that it has become. What
 * that user may not read would be found out at the first reload, perhaps in a year. So the configuration is
 * loaded once more by a child that has become the user for good: supplementary groups, ACLs and folders on
 * the way count as they will. It takes as long as loading, and no thread may run yet. */

#include "gateway/settings.h"

/* Adds a warning `user-cannot-read` for each file that root has read for `settings` and the user may not, at
 * the place that names it, and an error `user-cannot-serve` where privileges_drop would refuse to go on.
 * Nothing when the process is not root's or would stay so. */
void user_reading_check(const struct settings *settings, int64_t now, struct problems *problems);

#endif
