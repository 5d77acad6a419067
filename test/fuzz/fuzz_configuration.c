/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives octets to the reader of partner files. Whatever they are, there is a partner with all that it needs,
 * or an error that says why there is none; every problem can be printed on one line.
 *
 * Built by test/unit/settings/meson.build: fuzz_configuration (libFuzzer, with clang), and
 * configuration_seeds_test. */
#include "policy/domain.h"
#include "policy/partner_keys.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static void look_at_partner(const struct partner *partner)
{
    demand(partner->name != NULL && partner->domain_count > 0 && partner->root_count > 0);
    for (size_t i = 0; i < partner->domain_count; i++)
        demand(domain_is_valid(text_of(partner->domains[i])));
    demand((partner->identity == IDENTITY_NAMES) == (partner->identity_name_count > 0));
    demand((partner->locate == LOCATE_FIXED) == (partner->fixed_count > 0));
    demand(partner->valid_from < partner->valid_until);
    demand(partner->limits.message_size >= 1024 && partner->limits.connections > 0);
}

static void print_problems(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        char *line = problem_line(&problems->list[i]);
        demand(line != NULL && strpbrk(line, "\n\r\x1b") == NULL);
        free(line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct yaml_bounds bounds = {65536, 2000};
    struct problems problems;

    problems_init(&problems);
    struct yaml_tree *tree =
        yaml_read((struct text){(const char *)data, size}, "fuzz.yaml", &bounds, &problems);
    demand(tree != NULL || problems.errors > 0);
    if (tree != NULL) {
        struct partner_draft draft = {.partner = partner_create(), .message_size_most = 65536};
        struct yaml_reading reading = {.file = "fuzz.yaml", .problems = &problems};
        demand(draft.partner != NULL);
        partner_keys_read(&reading, yaml_root(tree), &draft);
        if (problems.errors == 0)
            look_at_partner(draft.partner);
        partner_destroy(draft.partner);
    }
    print_problems(&problems);
    yaml_tree_destroy(tree);
    problems_deinit(&problems);
    return 0;
}
