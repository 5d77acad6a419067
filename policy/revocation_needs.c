/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/revocation_needs.h"

struct text revocation_need_key(const struct revocation_need *need)
{
    return need->kind == EVIDENCE_CRL ? need->url : (struct text){(const char *)&need->id, sizeof(need->id)};
}

static bool is_same(const struct revocation_need *a, const struct revocation_need *b)
{
    if (a->kind != b->kind)
        return false;
    return text_equal(revocation_need_key(a), revocation_need_key(b));
}

void revocation_needs_add(struct revocation_needs *needs, const struct revocation_need *need, bool must_wait)
{
    if (needs == NULL)
        return;
    needs->must_wait = needs->must_wait || must_wait;
    for (size_t i = 0; i < needs->count; i++) {
        if (!is_same(&needs->need[i], need))
            continue;
        needs->need[i].is_doubted = needs->need[i].is_doubted || need->is_doubted;
        return;
    }
    if (needs->count < REVOCATION_NEEDS_MOST)
        needs->need[needs->count++] = *need;
}
