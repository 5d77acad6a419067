/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_CONFINEMENT_H
#define FEDGATE_CONFINEMENT_H

/* What the process gives up for good once its ports are bound, its keys are read and its user is taken on:
 * core dumps and being traced, capabilities, new privileges; files other than those of the configuration, the
 * logs and what was fetched (Landlock, see confined_paths.c); and every system call but those that relaying
 * takes (seccomp, see confined_calls.c). What the kernel or the build lacks is a warning, never a refusal to
 * start. On the only thread: those that start later inherit it. */

#include "gateway/log/operation_log.h"
#include "gateway/settings.h"

#define CONFINEMENT_WHY 160u

struct confinement {
    unsigned landlock;        /* the version of its interface; 0: files are not confined, `why_files` */
    bool calls;               /* false: calls are not confined, `why_calls` */
    bool dumps, capabilities; /* refused; dropped */
    char why_files[CONFINEMENT_WHY], why_calls[CONFINEMENT_WHY];
};

/* `settings` name the folders, and whether to confine at all (`confinement`). */
void confinement_enter(const struct settings *settings, struct confinement *confinement);
/* One line: what is in force, as a warning where something is not. */
void confinement_say(const struct confinement *confinement, struct operation_log *log);

#endif
