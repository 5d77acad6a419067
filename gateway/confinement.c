/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/confinement.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "gateway/confinement_parts.h"

/* A dump would hold our keys, and so would what a debugger of the same user reads. */
static bool refuse_dumps(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none); /* a manager may forbid the call; the other one is stronger */
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

/* Ports are bound. One that stays root keeps what lets it read files of other users: keys, at a reload. */
static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};

    if (geteuid() == 0)
        data[0].permitted = data[0].effective = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;
    return syscall(SYS_capset, &header, data) == 0;
}

static const char *reason_not_to(const struct settings *settings)
{
#ifdef FEDGATE_SANITIZED
    (void)settings;
    return "built with sanitizers, which need more than it allows";
#else
    return settings->confinement ? NULL : "confinement: false";
#endif
}

void confinement_enter(const struct settings *settings, struct confinement *confinement)
{
    struct confined_paths paths;
    const char *why = reason_not_to(settings);

    *confinement = (struct confinement){.dumps = refuse_dumps()};
    confined_paths_find(&paths, settings);
    if (why != NULL) {
        snprintf(confinement->why_files, CONFINEMENT_WHY, "%s", why);
        snprintf(confinement->why_calls, CONFINEMENT_WHY, "%s", why);
    } else if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        snprintf(confinement->why_files, CONFINEMENT_WHY, "new privileges cannot be refused");
        snprintf(confinement->why_calls, CONFINEMENT_WHY, "new privileges cannot be refused");
    } else {
        confinement->capabilities = drop_capabilities();
        confinement->landlock = confine_files(&paths, confinement->why_files, CONFINEMENT_WHY);
        confinement->calls = confine_calls(confinement->why_calls, CONFINEMENT_WHY);
    }
    confined_paths_deinit(&paths);
}

void confinement_say(const struct confinement *confinement, struct operation_log *log)
{
    bool whole = confinement->landlock > 0 && confinement->calls && confinement->dumps;
    char files[CONFINEMENT_WHY + 16] = "not confined", calls[CONFINEMENT_WHY + 16] = "seccomp";

    if (confinement->landlock > 0)
        snprintf(files, sizeof(files), "landlock-%u", confinement->landlock);
    else
        snprintf(files, sizeof(files), "open: %s", confinement->why_files);
    if (!confinement->calls)
        snprintf(calls, sizeof(calls), "open: %s", confinement->why_calls);
    operation_log(log, whole ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING, "confined",
                  "files=%s calls=%s dumps=%s capabilities=%s", files, calls,
                  confinement->dumps ? "refused" : "possible",
                  confinement->capabilities ? "dropped" : "kept");
}
