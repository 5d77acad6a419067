/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_REVOCATION_KEYS_H
#define FEDGATE_POLICY_REVOCATION_KEYS_H

/* The keys about revocation, which partner files and the internal side have in common. */

#include "policy/yaml_values.h"

yaml_value_reader revocation_read_rule; /* enum revocation_rule */
yaml_value_reader revocation_read_crls; /* char ** and count: paths, http(s) URLs, "from-certificate" */
yaml_value_reader revocation_read_ocsp; /* enum revocation_rule */

/* Is an entry of `crls` no file, but a URL or "from-certificate"? */
bool revocation_is_remote(struct text source);
/* When all keys of a partner file, or of `internal`, are read: warns where `revocation: required` has nothing
 * to go by.
 */
void revocation_keys_check(struct yaml_reading *reading, const struct yaml_node *section,
                           enum revocation_rule rule, enum revocation_rule ocsp, size_t crl_count);

#endif
