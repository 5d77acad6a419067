/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_YAML_COMPLAINT_H
#define FEDGATE_POLICY_YAML_COMPLAINT_H

/* What is wrong with a text as YAML, in our own words. Only yaml_reader uses it. */

#include <yaml.h>

#include "policy/yaml_reader.h"

struct yaml_complaint {
    const char *file;
    struct problems *problems;
};

void yaml_complain_at(struct yaml_complaint *complaint, const yaml_mark_t *mark, const char *token,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Before parsing: byte order mark, octets that are not UTF-8, characters that nobody sees. False: not fit to
 * parse. */
bool yaml_check_text(struct yaml_complaint *complaint, struct text text);
/* An anchor or a tag at a node; NULL: it has none. */
void yaml_complain_of_properties(struct yaml_complaint *complaint, const yaml_mark_t *mark,
                                 const yaml_char_t *anchor, const yaml_char_t *tag);
/* Characters that nobody sees, written as "\x07" in quotes. */
void yaml_complain_of_escapes(struct yaml_complaint *complaint, const yaml_mark_t *mark, struct text value);
void yaml_complain_of_duplicate(struct yaml_complaint *complaint, const struct yaml_node *first,
                                const struct yaml_node *again);
/* What made the parser stop. */
void yaml_complain_of_syntax(struct yaml_complaint *complaint, const yaml_parser_t *parser, struct text text);

#endif
