/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_CONFIGURATION_H
#define FEDGATE_CONFIGURATION_H

/* What all commands do with a configuration before their own work: load it, and print its problems on stderr.
 */

#include "gateway/command/json.h"
#include "gateway/settings.h"

/* Prints every problem, one a line, on stderr; coloured on a terminal unless NO_COLOR is set. */
void configuration_print_problems(const struct problems *problems);
/* Loads `file`, or /etc/fedgate/gateway.yaml when it is NULL, and prints the problems. NULL when there are
 * errors. `now`: as settings_load. The caller releases the settings. */
struct settings *configuration_load(const char *file, int64_t now, bool expired_roots_allowed);

/* The member "limits": the effective bounds of the gateway, keys and values as in gateway.yaml. */
void configuration_limits_json(struct json *json, const struct limits *limits);

#endif
