/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_NOT_IN_FORCE_H
#define FEDGATE_POLICY_NOT_IN_FORCE_H

/* What the configuration can already say but the gateway does not do yet. It is an error, never ignored: a
 * rule that somebody wrote down must hold. The list is in not_in_force.c; a feature that arrives loses its
 * row there. */

#include "policy/yaml_keys.h"

/* Is `setting` ("identity: dane", "crls", ...) still on the list? Then reports it at the node and returns
 * true. */
bool not_in_force(struct yaml_reading *reading, const struct yaml_node *node, const char *setting);

#endif
