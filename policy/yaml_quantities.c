/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Numbers with and without a unit. A number that is out of range, or has a unit that is not known, is an
 * error: it is never bent to fit. */

#include <inttypes.h>
#include <stdio.h>

#include "policy/calendar.h"
#include "policy/utf8.h"
#include "policy/yaml_values.h"

struct unit {
    const char *name;
    uint64_t times;
};

static const struct unit no_units[] = {{"", 1}, {NULL, 0}};
static const struct unit sizes[] = {
    {"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", UINT64_C(1024) * 1024 * 1024}, {NULL, 0}};
static const struct unit durations[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                                        {"h", 3600000}, {"d", 86400000}, {NULL, 0}};

/* What one kind of quantity is called and how it looks. */
struct quantity {
    const struct unit *units;
    const char *token, *name, *example;
};

static const struct quantity count = {no_units, "bad-number", "a whole number", "500"};
static const struct quantity size = {sizes, "bad-size", "a size", "64KiB or 1MiB"};
static const struct quantity duration = {durations, "bad-duration", "a duration",
                                         "500ms, 2s, 5m, 12h or 30d"};

/* The largest unit that the value is whole in. */
static const char *write_quantity(const struct quantity *quantity, uint64_t value, char to[QUANTITY_WRITTEN])
{
    const struct unit *best = &quantity->units[0];
    for (const struct unit *unit = best; unit->name != NULL; unit++) {
        if (value != 0 && value % unit->times == 0 && value >= unit->times)
            best = unit;
    }
    snprintf(to, QUANTITY_WRITTEN, "%" PRIu64 "%s", value / best->times, best->name);
    return to;
}

static bool parse(const struct quantity *quantity, struct text written, uint64_t *value)
{
    size_t digits = 0;
    while (digits < written.length && written.at[digits] >= '0' && written.at[digits] <= '9')
        digits++;
    struct text unit = text_skip(written, digits);
    for (const struct unit *known = quantity->units; known->name != NULL; known++) {
        uint64_t number;
        if (!text_equal(unit, text_of(known->name)))
            continue;
        if (!text_to_number((struct text){written.at, digits}, UINT64_MAX / known->times, &number))
            return false;
        *value = number * known->times;
        return true;
    }
    return false;
}

static bool read_quantity(struct yaml_reading *reading, const struct yaml_node *node,
                          const struct yaml_field *field, const struct quantity *quantity, uint64_t *value)
{
    const struct yaml_range *range = field->detail;
    char quoted[UTF8_QUOTED], least[QUANTITY_WRITTEN], most[QUANTITY_WRITTEN];

    if (!yaml_is_value(reading, node, field, quantity->example))
        return false;
    if (node->quoted) {
        yaml_error(reading, node, "wrong-type", "'%s' is %s; write it without quotes", field->key,
                   quantity->name);
        return false;
    }
    if (!parse(quantity, node->value, value)) {
        yaml_error(reading, node, quantity->token, "'%s' is %s such as %s, not '%s'", field->key,
                   quantity->name, quantity->example, utf8_quote(node->value, quoted));
        return false;
    }
    if (*value >= range->least && *value <= range->most)
        return true;
    yaml_error(reading, node, quantity->token, "'%s' lies between %s and %s; %s does not", field->key,
               write_quantity(quantity, range->least, least), write_quantity(quantity, range->most, most),
               utf8_quote(node->value, quoted));
    return false;
}

void yaml_read_count(struct yaml_reading *reading, const struct yaml_node *node,
                     const struct yaml_field *field)
{
    uint64_t value;
    if (read_quantity(reading, node, field, &count, &value))
        *(uint64_t *)field->value = value;
}

void yaml_read_count32(struct yaml_reading *reading, const struct yaml_node *node,
                       const struct yaml_field *field)
{
    uint64_t value;
    if (read_quantity(reading, node, field, &count, &value))
        *(uint32_t *)field->value = (uint32_t)value; /* every range of a uint32_t fits into it */
}

void yaml_read_size(struct yaml_reading *reading, const struct yaml_node *node,
                    const struct yaml_field *field)
{
    _Static_assert(sizeof(size_t) == sizeof(uint64_t), "sizes are read into either");
    uint64_t value;
    if (read_quantity(reading, node, field, &size, &value))
        *(uint64_t *)field->value = value;
}

void yaml_read_duration(struct yaml_reading *reading, const struct yaml_node *node,
                        const struct yaml_field *field)
{
    uint64_t value;
    if (read_quantity(reading, node, field, &duration, &value))
        *(uint64_t *)field->value = value;
}

void yaml_read_duration32(struct yaml_reading *reading, const struct yaml_node *node,
                          const struct yaml_field *field)
{
    uint64_t value;
    if (read_quantity(reading, node, field, &duration, &value))
        *(uint32_t *)field->value = (uint32_t)value;
}

void yaml_read_time(struct yaml_reading *reading, const struct yaml_node *node,
                    const struct yaml_field *field)
{
    char quoted[UTF8_QUOTED];
    int64_t seconds;

    if (!yaml_is_value(reading, node, field, "a date such as 2026-01-01"))
        return;
    if (calendar_read(node->value, &seconds))
        *(int64_t *)field->value = seconds;
    else
        yaml_error(reading, node, "bad-time",
                   "'%s' is a date or a time in UTC, 2026-01-01 or 2026-01-01T08:00:00Z, not '%s'",
                   field->key, utf8_quote(node->value, quoted));
}

const char *yaml_write_size(uint64_t octets, char to[QUANTITY_WRITTEN])
{
    return write_quantity(&size, octets, to);
}

const char *yaml_write_duration(uint64_t milliseconds, char to[QUANTITY_WRITTEN])
{
    return write_quantity(&duration, milliseconds, to);
}
