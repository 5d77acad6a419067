/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/limits.h"

void limits_set_defaults(struct limits *limits)
{
#define X(field, key, kind, standard, least, most, what) limits->field = (standard);
    LIMITS(X)
#undef X
}
