/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "gateway/settings_parts.h"
#include "policy/discovery.h"
#include "policy/files_digest.h"

/* The section `discovery`, after the partners: the anchors of discovered domains lie among theirs. */

/* Of all discovered domains together: what one peer may, for so many at a time. */
#define PEERS_AT_A_TIME 100u
/* Sessions of discovered peers never take more than this part of all. */
#define SESSIONS_PART 4u

static uint32_t count_of(uint64_t value)
{
    return value == 0 ? 1 : value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static struct partner *create(struct settings_draft *draft)
{
    const struct settings *settings = draft->settings;
    const struct discovery_bounds bounds = {
        .messages_per_second = count_of(settings->limits.discovered_rate * PEERS_AT_A_TIME),
        .connections = count_of(settings->limits.sessions / SESSIONS_PART),
        .message_size = settings->limits.message_size,
    };
    return discovery_partner_create(settings->file, &bounds);
}

/* The paths as resolved: what settings_roots_remember has just added. */
static bool take_roots(struct partner *partner, const struct settings *settings, size_t since)
{
    size_t count = settings->root_file_count - since;

    partner->roots = calloc(count == 0 ? 1 : count, sizeof(*partner->roots));
    if (partner->roots == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        partner->roots[i] = strdup(settings->root_files[since + i]);
        if (partner->roots[i] == NULL)
            return false;
        partner->root_count++;
    }
    return true;
}

/* What is written is checked whether discovery is on or not: then the anchors end nowhere. */
static void load_roots(struct settings_draft *draft, const struct yaml_node *roots,
                       struct trust_anchors *anchors, struct trust_anchor_list *list)
{
    struct trust_anchor_loading loading = {.anchors = anchors,
                                           .now = draft->now,
                                           .expired_allowed = draft->expired_allowed,
                                           .owner = DISCOVERED_NAME,
                                           .problems = draft->reading.problems,
                                           .digest = draft->digest};

    trust_anchor_files_load(&loading, &draft->reading, roots, list);
    settings_roots_remember(draft, roots);
}

static void check_unused(struct settings_draft *draft, const struct yaml_node *roots)
{
    struct trust_anchors *anchors = trust_anchors_create();
    struct trust_anchor_list list = {0};

    if (anchors == NULL)
        yaml_out_of_memory(&draft->reading, roots);
    else
        load_roots(draft, roots, anchors, &list);
    free(list.anchor);
    trust_anchors_destroy(anchors);
}

static bool is_sound(struct settings_draft *draft, const struct yaml_node *section, bool has_roots)
{
    const struct partner *namesake = partner_set_by_name(draft->settings->partners, text_of(DISCOVERED_NAME));

    if (!has_roots)
        yaml_error(
            &draft->reading, section, "missing-key",
            "discovery needs the key 'roots': the CAs that vouch for domains which no partner file names");
    if (namesake != NULL)
        yaml_error(&draft->reading, section, "partner-name-mismatch",
                   "with discovery no partner can be named '" DISCOVERED_NAME "'; rename %s", namesake->file);
    return has_roots && namesake == NULL;
}

void settings_discovery_load(struct settings_draft *draft)
{
    struct settings *settings = draft->settings;
    const struct yaml_node *section = yaml_find(draft->root, "discovery");
    const struct yaml_node *roots = yaml_find(section, "roots");
    bool has_roots = roots != NULL && roots->kind == YAML_LIST && roots->count > 0;
    size_t since = settings->root_file_count;
    struct trust_anchor_list list = {0};

    if (!settings->discovery_enabled) {
        if (has_roots)
            check_unused(draft, roots);
        return;
    }
    if (!is_sound(draft, section, has_roots))
        return;
    struct partner *partner = create(draft);
    if (partner == NULL) {
        yaml_out_of_memory(&draft->reading, section);
        return;
    }
    load_roots(draft, roots, partner_set_anchors(settings->partners), &list);
    partner->anchors = list.anchor;
    partner->anchor_count = list.count;
    partner->written = written_keys_read(section, true);
    bool whole = partner->written != NULL && take_roots(partner, settings, since);
    if (!partner_set_add(settings->partners, partner) || !whole)
        yaml_out_of_memory(&draft->reading, section);
}
