/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/configuration.h"

#include "policy/yaml_values.h"

static void count(struct json *json, const char *key, uint64_t value)
{
    json_number(json, key, (int64_t)value);
}

static void size(struct json *json, const char *key, uint64_t value)
{
    char written[QUANTITY_WRITTEN];
    json_string(json, key, yaml_write_size(value, written));
}

static void duration(struct json *json, const char *key, uint64_t value)
{
    char written[QUANTITY_WRITTEN];
    json_string(json, key, yaml_write_duration(value, written));
}

#define WRITE_COUNT count
#define WRITE_SIZE size
#define WRITE_DURATION duration

void configuration_limits_json(struct json *json, const struct limits *limits)
{
    json_object(json, "limits");
#define X(field, key, kind, standard, least, most, what) WRITE_##kind(json, key, limits->field);
    LIMITS(X)
#undef X
    json_object_end(json);
}
