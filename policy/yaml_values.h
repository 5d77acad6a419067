/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_YAML_VALUES_H
#define FEDGATE_POLICY_YAML_VALUES_H

/* Readers of values, for the tables of yaml_keys.h. Each names the type of its field and what `detail` must
 * be. A text that is read into a field is owned by whoever owns the target. */

#include "policy/partner.h"
#include "policy/yaml_keys.h"

/* One value. */
yaml_value_reader yaml_read_text;       /* char *: any text */
yaml_value_reader yaml_read_line;       /* char *: a text on one line */
yaml_value_reader yaml_read_path;       /* char *: a path, beside the file that is read */
yaml_value_reader yaml_read_host;       /* char *: a host name in lower case */
yaml_value_reader yaml_read_boolean;    /* bool: true or false, nothing else */
yaml_value_reader yaml_read_word;       /* an enum (as int); detail: struct yaml_word[] */
yaml_value_reader yaml_read_switch;     /* a bool with two words of its own; detail: struct yaml_word[] */
yaml_value_reader yaml_read_count;      /* uint64_t; detail: struct yaml_range, as for all that follow */
yaml_value_reader yaml_read_count32;    /* uint32_t */
yaml_value_reader yaml_read_size;       /* uint64_t or size_t, octets: 64KiB */
yaml_value_reader yaml_read_duration;   /* uint64_t, milliseconds: 500ms 2s 5m 12h 30d */
yaml_value_reader yaml_read_duration32; /* uint32_t, milliseconds */
yaml_value_reader yaml_read_time;       /* int64_t, seconds since 1970: 2026-01-01 or RFC 3339 */

/* Lists: an array and its count, both the target's. What is wrong with one entry does not hide the others. */
yaml_value_reader yaml_read_names;         /* char **: domain or host names in lower case, each once */
yaml_value_reader yaml_read_some_names;    /* the same, at least one */
yaml_value_reader yaml_read_blocked_names; /* the same; ".x" stands for x and its subdomains */
yaml_value_reader yaml_read_paths;         /* char **: paths, beside the file that is read */
yaml_value_reader yaml_read_sources;       /* char **: the same, or http(s) URLs, or "from-certificate" */
yaml_value_reader yaml_read_host_ports;    /* struct host_port *; detail: struct yaml_host_port_form */

/* The words of a choice; a NULL word ends it. "{...}" is a form that the table's owner reads, here for the
 * messages. */
struct yaml_word {
    const char *word;
    int value;
};

struct yaml_range {
    uint64_t least, most;
};

struct yaml_host_port_form {
    bool addresses_only;   /* an IP address, not a name */
    uint16_t port;         /* when none is written; 0: it must be written */
    bool any_port_allowed; /* port 0: the system chooses (listeners) */
    bool may_be_empty;     /* the list */
};

/* Is it a list, with at least one entry where `needs_one`? Reports if not. */
bool yaml_is_list(struct yaml_reading *reading, const struct yaml_node *node, const struct yaml_field *field,
                  bool needs_one, const char *example);
/* Is it a scalar, as an entry of such a list must be? Reports if not. */
bool yaml_is_entry(struct yaml_reading *reading, const struct yaml_node *entry,
                   const struct yaml_field *field, const char *example);
/* Is it a scalar with something in it? Reports if not. */
bool yaml_is_value(struct yaml_reading *reading, const struct yaml_node *node, const struct yaml_field *field,
                   const char *example);
/* A name as it is kept: lower case, without a trailing dot, checked. NULL: reported. The caller frees. */
char *yaml_name(struct yaml_reading *reading, const struct yaml_node *node);
/* A size or duration as one would write it: "256KiB", "90s". Returns `to`. */
#define QUANTITY_WRITTEN 40u
const char *yaml_write_size(uint64_t octets, char to[QUANTITY_WRITTEN]);
const char *yaml_write_duration(uint64_t milliseconds, char to[QUANTITY_WRITTEN]);
/* IPv4 or IPv6 (without brackets), as inet_pton reads it. */
bool yaml_is_ip_address(struct text host);
/* Memory ran out: an error of its own. */
void yaml_out_of_memory(struct yaml_reading *reading, const struct yaml_node *node);

#endif
