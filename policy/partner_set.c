/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/partner_set.h"

#include <stdlib.h>

#include "policy/name_index.h"

struct partner_list {
    const struct partner **partner; /* array owned */
    size_t count;
};

/* Who lists one anchor. */
struct anchor_users {
    struct partner_list all, needing_dns;
};

struct partner_set {
    struct trust_anchors *anchors; /* owned */
    struct partner **partner;      /* owned */
    size_t count, room;
    struct name_index by_name, by_domain; /* value: struct partner */
    struct name_index by_identity_name;   /* value: struct partner_list, owned */
    struct anchor_users *users;           /* owned; by the anchor's index */
    size_t users_count;
    struct partner_list dane;
    const struct partner *discovered; /* one of `partner`; NULL: discovery is off */
};

struct partner_set *partner_set_create(void)
{
    struct partner_set *set = calloc(1, sizeof(*set));
    if (set == NULL)
        return NULL;
    set->anchors = trust_anchors_create();
    if (set->anchors == NULL) {
        free(set);
        return NULL;
    }
    return set;
}

void partner_set_destroy(struct partner_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->users_count; i++) {
        free(set->users[i].all.partner);
        free(set->users[i].needing_dns.partner);
    }
    free(set->users);
    for (size_t i = 0; set->by_identity_name.entry != NULL && i <= set->by_identity_name.mask; i++) {
        struct partner_list *list = set->by_identity_name.entry[i].value;
        if (list != NULL)
            free(list->partner);
        free(list);
    }
    name_index_deinit(&set->by_identity_name);
    name_index_deinit(&set->by_name);
    name_index_deinit(&set->by_domain);
    free(set->dane.partner);
    for (size_t i = 0; i < set->count; i++)
        partner_destroy(set->partner[i]);
    free(set->partner);
    trust_anchors_destroy(set->anchors);
    free(set);
}

struct trust_anchors *partner_set_anchors(struct partner_set *set)
{
    return set->anchors;
}

const struct trust_anchors *partner_set_anchors_of(const struct partner_set *set)
{
    return set->anchors;
}

/* ---- adding ---- */

static bool list_add(struct partner_list *list, const struct partner *partner)
{
    if (list->count > 0 && list->partner[list->count - 1] == partner)
        return true;
    if ((list->count & (list->count + 1)) == 0) { /* grows at 0, 1, 3, 7, ... */
        const struct partner **larger = realloc(list->partner, (list->count * 2 + 1) * sizeof(larger[0]));
        if (larger == NULL)
            return false;
        list->partner = larger;
    }
    list->partner[list->count++] = partner;
    return true;
}

static bool keep(struct partner_set *set, struct partner *take)
{
    if (set->count == set->room) {
        size_t room = set->room == 0 ? 16 : set->room * 2;
        struct partner **larger = realloc(set->partner, room * sizeof(larger[0]));
        if (larger == NULL || set->count >= UINT32_MAX) {
            set->partner = larger == NULL ? set->partner : larger;
            partner_destroy(take);
            return false;
        }
        set->partner = larger;
        set->room = room;
    }
    take->index = (uint32_t)set->count;
    set->partner[set->count++] = take;
    return true;
}

static bool index_name(struct name_index *index, const char *name, struct partner *partner)
{
    struct name_entry *entry = name_index_claim(index, text_of(name));
    if (entry == NULL)
        return false;
    if (entry->value == NULL)
        entry->value = partner;
    return true;
}

static bool index_identity_name(struct partner_set *set, const char *name, const struct partner *partner)
{
    struct name_entry *entry = name_index_claim(&set->by_identity_name, text_of(name));
    if (entry == NULL)
        return false;
    if (entry->value == NULL)
        entry->value = calloc(1, sizeof(struct partner_list));
    return entry->value != NULL && list_add(entry->value, partner);
}

static bool index_anchor(struct partner_set *set, const struct trust_anchor *anchor,
                         const struct partner *partner)
{
    if (anchor->index >= set->users_count) {
        size_t count = ((size_t)anchor->index + 1) * 2;
        struct anchor_users *larger = realloc(set->users, count * sizeof(larger[0]));
        if (larger == NULL)
            return false;
        for (size_t i = set->users_count; i < count; i++)
            larger[i] = (struct anchor_users){0};
        set->users = larger;
        set->users_count = count;
    }
    struct anchor_users *users = &set->users[anchor->index];
    return list_add(&users->all, partner) &&
           (!identity_rule_needs_dns(partner->identity) || list_add(&users->needing_dns, partner));
}

/* The partner is kept first, so that no index ever points to one that is gone. */
bool partner_set_add(struct partner_set *set, struct partner *take)
{
    if (!keep(set, take) || !index_name(&set->by_name, take->name, take))
        return false;
    if (take->is_discovered)
        set->discovered = take;
    for (size_t i = 0; i < take->domain_count; i++) {
        if (!index_name(&set->by_domain, take->domains[i], take))
            return false;
    }
    for (size_t i = 0; i < take->identity_name_count; i++) {
        if (!index_identity_name(set, take->identity_names[i], take))
            return false;
    }
    for (size_t i = 0; i < take->anchor_count; i++) {
        if (!index_anchor(set, take->anchors[i], take))
            return false;
    }
    return take->identity != IDENTITY_DANE || list_add(&set->dane, take);
}

/* ---- asking ---- */

size_t partner_set_count(const struct partner_set *set)
{
    return set->count;
}

size_t partner_set_listed(const struct partner_set *set)
{
    return set->count - (set->discovered == NULL ? 0 : 1);
}

const struct partner *partner_set_at(const struct partner_set *set, uint32_t index)
{
    return set->partner[index];
}

const struct partner *partner_set_by_name(const struct partner_set *set, struct text name)
{
    const struct name_entry *entry = name_index_find(&set->by_name, name);
    return entry == NULL ? NULL : entry->value;
}

const struct partner *partner_set_by_domain(const struct partner_set *set, struct text domain)
{
    const struct name_entry *entry = name_index_find(&set->by_domain, domain);
    return entry == NULL ? NULL : entry->value;
}

const struct partner *partner_set_discovered(const struct partner_set *set)
{
    return set->discovered;
}

static const struct partner *const *list_of(const struct partner_list *list, size_t *count)
{
    *count = list == NULL ? 0 : list->count;
    return list == NULL ? NULL : list->partner;
}

const struct partner *const *partner_set_by_anchor(const struct partner_set *set,
                                                   const struct trust_anchor *anchor, size_t *count)
{
    return list_of(anchor->index < set->users_count ? &set->users[anchor->index].all : NULL, count);
}

const struct partner *const *partner_set_by_anchor_needing_dns(const struct partner_set *set,
                                                               const struct trust_anchor *anchor,
                                                               size_t *count)
{
    return list_of(anchor->index < set->users_count ? &set->users[anchor->index].needing_dns : NULL, count);
}

const struct partner *const *partner_set_by_identity_name(const struct partner_set *set, struct text name,
                                                          size_t *count)
{
    const struct name_entry *entry = name_index_find(&set->by_identity_name, name);
    return list_of(entry == NULL ? NULL : entry->value, count);
}

const struct partner *const *partner_set_with_dane(const struct partner_set *set, size_t *count)
{
    return list_of(&set->dane, count);
}
