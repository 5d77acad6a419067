/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "path_fixture.h"

const struct factory_order root = {
    .subject = "Root", .key = ROOT, .issuer_key = ROOT, .ca = true, .key_usage = SIGNS};
const struct factory_order inter = {
    .subject = "Inter", .issuer = "Root", .key = INTER, .issuer_key = ROOT, .ca = true, .key_usage = SIGNS};
const struct factory_order leaf = {.subject = "leaf",
                                   .issuer = "Inter",
                                   .key = LEAF,
                                   .issuer_key = INTER,
                                   .key_usage = CERTIFICATE_KU_DIGITAL_SIGNATURE,
                                   .usages = "sc",
                                   .names = "dns:a.example"};

bool keep_path(void *context, const struct trust_path *path)
{
    struct outcome *outcome = context;
    if (outcome->paths++ == 0) {
        outcome->first = *path;
    }
    outcome->last = *path;
    return true;
}

static void count_broken(void *context, const struct trust_path *so_far, const struct certificate *at,
                         enum reason why, const char *detail)
{
    struct outcome *outcome = context;
    assert_non_null(at);
    assert_non_null(detail);
    assert_true(why != REASON_OK);
    assert_true(so_far->count <= TRUST_PATH_LONGEST);
    outcome->broken++;
}

struct outcome search_in(const struct presented_chain *chain, const struct trust_anchors *anchors,
                         int64_t now)
{
    struct outcome outcome = {0};
    struct trust_trace trace = {.broke = count_broken, .context = &outcome};
    struct trust_search search = {.chain = chain,
                                  .anchors = anchors,
                                  .now = now,
                                  .found = keep_path,
                                  .context = &outcome,
                                  .trace = &trace};
    outcome.reason = trust_path_search(&search);
    assert_int_equal(outcome.reason == REASON_OK, outcome.paths > 0);
    return outcome;
}

struct outcome search_with(const struct factory_order *anchor, const struct factory_order *const *orders,
                           size_t count)
{
    struct trust_anchors *anchors = factory_anchors(&anchor, 1);
    struct presented_chain *chain = factory_chain(orders, count);
    struct outcome outcome = search_in(chain, anchors, FACTORY_NOW);
    presented_chain_destroy(chain);
    trust_anchors_destroy(anchors);
    return outcome;
}

enum reason judge(const struct factory_order *anchor, const struct factory_order *ca,
                  const struct factory_order *end)
{
    const struct factory_order *orders[2] = {end, ca};
    return search_with(anchor, orders, ca == NULL ? 1 : 2).reason;
}

struct factory_order changed(const struct factory_order *order, unsigned flags)
{
    struct factory_order copy = *order;
    copy.flags |= flags;
    return copy;
}
