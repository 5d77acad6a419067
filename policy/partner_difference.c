/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/partner_difference.h"

#include <stdio.h>

#include "policy/crl_store.h"

/* ---- what is in the files that a file names ---- */

bool trust_anchor_lists_equal(const struct trust_anchor *const *a, size_t a_count,
                              const struct trust_anchor *const *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++) {
        if (memcmp(a[i]->certificate->sha256, b[i]->certificate->sha256, sizeof(a[i]->certificate->sha256)) !=
            0)
            return false;
    }
    return true;
}

bool crl_stores_equal(const struct crl_store *a, const struct crl_store *b)
{
    size_t count = a == NULL ? 0 : crl_store_count(a);

    if (count != (b == NULL ? 0 : crl_store_count(b)))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!text_equal(crl_store_at(a, i)->der, crl_store_at(b, i)->der))
            return false;
    }
    return true;
}

/* ---- one partner ---- */

struct key_list {
    char text[PARTNER_KEYS_SHOWN];
    size_t length;
    bool has_roots, has_crls;
};

static void add_key(void *context, struct text key)
{
    struct key_list *list = context;
    int wanted = snprintf(list->text + list->length, sizeof(list->text) - list->length, "%s%.*s",
                          list->length == 0 ? "" : " ", TEXT_ARGUMENTS(key));

    list->has_roots = list->has_roots || text_equal(key, TEXT("roots"));
    list->has_crls = list->has_crls || text_equal(key, TEXT("crls"));
    if (wanted > 0 && (size_t)wanted < sizeof(list->text) - list->length)
        list->length += (size_t)wanted;
    else
        list->text[list->length] = '\0'; /* whole keys only */
}

static bool is_changed(const struct partner *before, const struct partner *after, struct key_list *list)
{
    *list = (struct key_list){.length = 0};
    written_keys_compare(before->written, after->written, add_key, list);
    if (!list->has_roots &&
        !trust_anchor_lists_equal(before->anchors, before->anchor_count, after->anchors, after->anchor_count))
        add_key(list, TEXT("roots"));
    if (!list->has_crls && !crl_stores_equal(before->crl_store, after->crl_store))
        add_key(list, TEXT("crls"));
    return list->length > 0;
}

/* ---- all of them ---- */

void partner_difference(const struct partner_set *before, const struct partner_set *after,
                        partner_change_teller *tell, void *context)
{
    struct key_list list;

    for (size_t i = 0; i < partner_set_count(after); i++) {
        const struct partner *partner = partner_set_at(after, (uint32_t)i);
        const struct partner *old = partner_set_by_name(before, text_of(partner->name));
        if (old == NULL)
            tell(context, PARTNER_ADDED, partner, "");
        else if (is_changed(old, partner, &list))
            tell(context, PARTNER_CHANGED, partner, list.text);
    }
    for (size_t i = 0; i < partner_set_count(before); i++) {
        const struct partner *partner = partner_set_at(before, (uint32_t)i);
        if (partner_set_by_name(after, text_of(partner->name)) == NULL)
            tell(context, PARTNER_REMOVED, partner, "");
    }
}
