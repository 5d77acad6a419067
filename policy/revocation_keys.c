/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/revocation_keys.h"

#include "policy/not_in_force.h"

static const struct yaml_word rules[] = {{"off", REVOCATION_OFF},
                                         {"if-available", REVOCATION_IF_AVAILABLE},
                                         {"required", REVOCATION_REQUIRED},
                                         {NULL, 0}};

void revocation_read_rule(struct yaml_reading *reading, const struct yaml_node *node,
                          const struct yaml_field *field) {
    struct yaml_field rule = *field;

    rule.detail = rules;
    yaml_read_word(reading, node, &rule);
    if (*(enum revocation_rule *)field->value == REVOCATION_REQUIRED)
        not_in_force(reading, node, "revocation: required");
}

void revocation_read_crls(struct yaml_reading *reading, const struct yaml_node *node,
                          const struct yaml_field *field) {
    if (node->kind == YAML_LIST && node->count > 0)
        not_in_force(reading, node, "crls");
    yaml_read_sources(reading, node, field);
}

void revocation_read_ocsp(struct yaml_reading *reading, const struct yaml_node *node,
                          const struct yaml_field *field) {
    yaml_read_boolean(reading, node, field);
    if (*(bool *)field->value)
        not_in_force(reading, node, "ocsp: true");
}
