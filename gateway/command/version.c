/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ares.h>
#include <stdio.h>
#include <uv.h>
#ifndef WOLFSSL_USER_SETTINGS
#include <wolfssl/options.h>
#endif
#include <wolfssl/ssl.h>
#include <wolfssl/version.h>
#include <yaml.h>

#include "gateway/command/command.h"
#include "gateway/command/options.h"

/* The versions that run, and for wolfSSL, which has many builds, which one it is. */

#ifdef FEDGATE_WOLFSSL_SYSTEM
#define WOLFSSL_ORIGIN "the packaged library"
#else
#define WOLFSSL_ORIGIN "our own static build"
#endif
#ifdef USE_INTEL_SPEEDUP
#define WOLFSSL_SPEED "Intel assembly"
#elif defined(WOLFSSL_ARMASM)
#define WOLFSSL_SPEED "ARM assembly"
#else
#define WOLFSSL_SPEED "no assembly"
#endif
#ifdef WOLFSSL_SP_ASM
#define WOLFSSL_SP "SP assembly"
#else
#define WOLFSSL_SP "no SP assembly"
#endif
#ifdef HAVE_SESSION_TICKET
#define WOLFSSL_TICKETS "tickets compiled in and off"
#else
#define WOLFSSL_TICKETS "no tickets"
#endif

int command_version(int argc, char **argv)
{
    const struct option table[] = {{.name = NULL}};
    const struct options options = {
        .usage = "fedgate version",
        .summary = "Prints the versions of fedgate and of the libraries that it runs with.",
        .table = table,
    };

    switch (options_read(&options, argc, argv)) {
    case OPTIONS_HELP:
        return COMMAND_DONE;
    case OPTIONS_WRONG:
        return COMMAND_USAGE;
    case OPTIONS_GO:
        break;
    }
    printf("fedgate %s\n", FEDGATE_VERSION);
    printf("wolfSSL %s (%s: %s, %s, %s; headers %s)\n", wolfSSL_lib_version(), WOLFSSL_ORIGIN, WOLFSSL_SPEED,
           WOLFSSL_SP, WOLFSSL_TICKETS, LIBWOLFSSL_VERSION_STRING);
    printf("libuv %s (headers %d.%d.%d)\n", uv_version_string(), UV_VERSION_MAJOR, UV_VERSION_MINOR,
           UV_VERSION_PATCH);
    printf("c-ares %s (headers %s)\n", ares_version(NULL), ARES_VERSION_STR);
    printf("libyaml %s\n", yaml_get_version_string());
    return COMMAND_DONE;
}
