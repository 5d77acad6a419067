/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/not_in_force.h"

#include <string.h>

static const struct {
    const char *setting;
    const char *instead; /* what to write until then */
} settings[] = {
    {"discovery.enabled: true", "give each partner a file of its own"},
};

bool not_in_force(struct yaml_reading *reading, const struct yaml_node *node, const char *setting)
{
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (strcmp(settings[i].setting, setting) != 0)
            continue;
        yaml_error(reading, node, "not-in-force", "'%s' is not in force in this version of fedgate; %s",
                   setting, settings[i].instead);
        return true;
    }
    return false;
}
