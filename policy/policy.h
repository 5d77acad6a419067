/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_POLICY_H
#define FEDGATE_POLICY_POLICY_H

/* All that the two judgements read: partners, our own side, blocked domains. Immutable; any number of
 * threads. */

#include "policy/partner_set.h"

struct name_set; /* exact names, case-insensitive */

struct policy {
    const struct partner_set *partners;           /* borrowed */
    const struct trust_anchors *internal_anchors; /* borrowed */
    struct revocation_terms internal_revocation;  /* off until the owner sets it */
    struct name_set *servers;                     /* owned: names of our listed servers */
    struct name_set *domains;                     /* owned: SIP domains we speak for */
    struct name_set *blocked;                     /* owned: exact names; ".x" for x and its subdomains */
};

/* Copies nothing but pointers: the names live as long as the policy. False: no memory. */
bool policy_init(struct policy *policy, const struct partner_set *partners,
                 const struct trust_anchors *internal_anchors, char *const *servers, size_t server_count,
                 char *const *domains, size_t domain_count, char *const *blocked, size_t blocked_count)
    __attribute__((warn_unused_result));
void policy_deinit(struct policy *policy);

bool policy_lists_server(const struct policy *policy, struct text name);
bool policy_is_own_domain(const struct policy *policy, struct text domain);
bool policy_is_blocked(const struct policy *policy, struct text domain);

/* The partner whose a domain is. Where no file names it and discovery is on, the one that stands for
 * discovered domains, unless it is ours, blocked, or no domain that DNS could tell of. NULL: nobody's. */
const struct partner *policy_partner_of(const struct policy *policy, struct text domain);

/* How a judgement tells what it looked at. NULL where nobody asks. */
enum check_result { CHECK_PASSED, CHECK_FAILED, CHECK_SKIPPED };
struct check_log {
    void (*check)(void *context, const char *name, enum check_result result, const char *detail);
    void *context;
};

void check_log_write(const struct check_log *log, const char *name, enum check_result result,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same; but where nobody asks, as for every message, not even the arguments are looked at. */
#define check_log_add(log, ...)                                                                              \
    do {                                                                                                     \
        if ((log) != NULL)                                                                                   \
            check_log_write((log), __VA_ARGS__);                                                             \
    } while (0)

#endif
