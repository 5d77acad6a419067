/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/settings_parts.h"

#define READ_COUNT yaml_read_count
#define READ_SIZE yaml_read_size
#define READ_DURATION yaml_read_duration

/* The rows come from the one list of limits.h. */
const struct yaml_key settings_limit_keys[] = {
#define X(field, key, kind, standard, least, most, what)                                                     \
    {key, READ_##kind, offsetof(struct limits, field), 0, &(const struct yaml_range){least, most}, false},
    LIMITS(X)
#undef X
        {NULL},
};
