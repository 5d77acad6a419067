/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/revocation_keys.h"

#include "policy/revocation_sources.h"

static const struct yaml_word rules[] = {{"off", REVOCATION_OFF},
                                         {"if-available", REVOCATION_IF_AVAILABLE},
                                         {"required", REVOCATION_REQUIRED},
                                         {NULL, 0}};

void revocation_read_rule(struct yaml_reading *reading, const struct yaml_node *node,
                          const struct yaml_field *field)
{
    struct yaml_field rule = *field;

    rule.detail = rules;
    yaml_read_word(reading, node, &rule);
}

static bool is_url(struct text source)
{
    return text_starts_with(source, TEXT("http://")) || text_starts_with(source, TEXT("https://"));
}

bool revocation_is_remote(struct text source)
{
    return is_url(source) || text_equal(source, TEXT("from-certificate"));
}

void revocation_read_crls(struct yaml_reading *reading, const struct yaml_node *node,
                          const struct yaml_field *field)
{
    yaml_read_sources(reading, node, field);
    if (node->kind != YAML_LIST)
        return;
    for (const struct yaml_node *entry = node->first; entry != NULL; entry = entry->next) {
        if (entry->kind == YAML_SCALAR && is_url(entry->value) && !revocation_url_is_sound(entry->value))
            yaml_error(
                reading, entry, "bad-value", /* not the value: a user's password may be in it */
                "this is no URL of a CRL; write http://HOST/PATH, without a user, in at most %u octets",
                REVOCATION_URL_LONGEST);
    }
}

void revocation_read_ocsp(struct yaml_reading *reading, const struct yaml_node *node,
                          const struct yaml_field *field)
{
    revocation_read_rule(reading, node, field);
}

void revocation_keys_check(struct yaml_reading *reading, const struct yaml_node *section,
                           enum revocation_rule rule, enum revocation_rule ocsp, size_t crl_count)
{
    const struct yaml_node *node = yaml_find(section, "revocation");

    if (rule == REVOCATION_REQUIRED && crl_count == 0 && ocsp == REVOCATION_OFF && node != NULL)
        problems_add(reading->problems, SEVERITY_WARNING, yaml_place(reading, node), "no-crls",
                     "'revocation: required' without 'crls' refuses every certificate; list the CRL files or "
                     "URLs, or write crls: [from-certificate]");
}
