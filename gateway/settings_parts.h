/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SETTINGS_PARTS_H
#define FEDGATE_SETTINGS_PARTS_H

/* What the files settings*.c have in common. Nobody else includes it. */

#include "gateway/named_files.h"
#include "gateway/settings.h"
#include "policy/yaml_values.h"

/* One load of one gateway file. */
struct settings_draft {
    struct settings *settings;
    struct yaml_reading reading;
    const struct yaml_node *root;
    int64_t now;
    bool expired_allowed;
    struct files_digest *digest;
    struct named_files *named; /* NULL: nobody asks */
};

/* settings_keys.c: the whole file by its tables, without opening others. */
void settings_keys_read(struct settings_draft *draft);
/* settings_limits.c, settings_dns.c: the tables of two sections. */
extern const struct yaml_key settings_limit_keys[];
extern const struct yaml_key settings_dns_keys[]; /* of struct settings itself */
/* After the tables: what only several keys together tell. */
void settings_dns_check(struct settings_draft *draft);

/* settings.c: the files of a list of roots, for those who watch or confine. */
void settings_roots_remember(struct settings_draft *draft, const struct yaml_node *paths);
/* settings_discovery.c: after the partners. */
void settings_discovery_load(struct settings_draft *draft);
/* settings_certificate.c: the chain and the key of a side ("internal", "external"), read and checked. */
void settings_certificate_load(struct settings_draft *draft, const char *section, struct side_settings *side);

#endif
