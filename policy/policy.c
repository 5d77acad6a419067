/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/discovery.h"
#include "policy/domain.h"

/* Open addressing over borrowed names; at most half full. */
struct name_set {
    size_t mask, count;
    struct text slot[];
};

static struct name_set *name_set_create(char *const *names, size_t count)
{
    size_t size = 8;
    while (size < count * 2)
        size *= 2;
    struct name_set *set = calloc(1, sizeof(*set) + size * sizeof(set->slot[0]));
    if (set == NULL)
        return NULL;
    set->mask = size - 1;
    set->count = count;
    for (size_t i = 0; i < count; i++) {
        struct text name = domain_without_dot(text_of(names[i]));
        size_t at = domain_hash(name) & set->mask;
        while (set->slot[at].length != 0)
            at = (at + 1) & set->mask;
        set->slot[at] = name;
    }
    return set;
}

static bool name_set_has(const struct name_set *set, struct text name)
{
    name = domain_without_dot(name);
    if (name.length == 0)
        return false;
    for (size_t at = domain_hash(name) & set->mask; set->slot[at].length != 0; at = (at + 1) & set->mask) {
        if (text_equal_ignoring_case(set->slot[at], name))
            return true;
    }
    return false;
}

bool policy_init(struct policy *policy, const struct partner_set *partners,
                 const struct trust_anchors *internal_anchors, char *const *servers, size_t server_count,
                 char *const *domains, size_t domain_count, char *const *blocked, size_t blocked_count)
{
    *policy = (struct policy){
        .partners = partners,
        .internal_anchors = internal_anchors,
        .servers = name_set_create(servers, server_count),
        .domains = name_set_create(domains, domain_count),
        .blocked = name_set_create(blocked, blocked_count),
    };
    if (policy->servers != NULL && policy->domains != NULL && policy->blocked != NULL)
        return true;
    policy_deinit(policy);
    return false;
}

void policy_deinit(struct policy *policy)
{
    free(policy->servers);
    free(policy->domains);
    free(policy->blocked);
    *policy = (struct policy){0};
}

bool policy_lists_server(const struct policy *policy, struct text name)
{
    return name_set_has(policy->servers, name);
}

bool policy_is_own_domain(const struct policy *policy, struct text domain)
{
    return name_set_has(policy->domains, domain);
}

const struct partner *policy_partner_of(const struct policy *policy, struct text domain)
{
    const struct partner *owner = partner_set_by_domain(policy->partners, domain);
    const struct partner *discovered = partner_set_discovered(policy->partners);

    if (owner != NULL || discovered == NULL || !discovery_allows(domain) ||
        policy_is_own_domain(policy, domain) || policy_is_blocked(policy, domain))
        return owner;
    return discovered;
}

bool policy_is_blocked(const struct policy *policy, struct text domain)
{
    char dotted[DOMAIN_LONGEST + 2] = ".";

    domain = domain_without_dot(domain);
    if (policy->blocked->count == 0 || domain.length == 0 || domain.length > DOMAIN_LONGEST)
        return false;
    if (name_set_has(policy->blocked, domain))
        return true;
    memcpy(dotted + 1, domain.at, domain.length);
    struct text rest = {dotted, domain.length + 1};
    while (!name_set_has(policy->blocked, rest)) {
        const char *dot = text_find(text_skip(rest, 1), '.');
        if (dot == NULL)
            return false;
        rest = text_from(dot, rest.at + rest.length);
    }
    return true;
}

void check_log_write(const struct check_log *log, const char *name, enum check_result result,
                     const char *format, ...)
{
    char detail[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    log->check(log->context, name, result, detail);
}
