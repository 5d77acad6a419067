/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of the tables become certificates and answers of the DNS. */
#include "cases_certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases_world.h"

enum { FAB, CON, HOS, CORP, STRANGER, FAB_INTER, BOTH_INTER, COPY, LEAF };

#define SIGNS (CERTIFICATE_KU_KEY_CERT_SIGN | CERTIFICATE_KU_CRL_SIGN)
#define LEAF_SERIAL 77
#define INTER_SERIAL 66 /* of every intermediate */

#define ROOT_OF(name, key_)                                                                                  \
    {                                                                                                        \
        .subject = (name), .key = (key_), .issuer_key = (key_), .ca = true, .key_usage = SIGNS               \
    }
#define INTER_OF(name, key_, root, root_key)                                                                 \
    {                                                                                                        \
        .subject = (name), .issuer = (root), .key = (key_), .issuer_key = (root_key), .ca = true,            \
        .key_usage = SIGNS, .serial = INTER_SERIAL                                                           \
    }

static const struct factory_order roots[] = {
    [FAB] = ROOT_OF("Fabrikam Root", FAB),
    [CON] = ROOT_OF("Public Root", CON),
    [HOS] = ROOT_OF("Hoster Root", HOS),
    [CORP] = ROOT_OF("Corp Root", CORP),
    [STRANGER] = ROOT_OF("Stranger Root", STRANGER),
};
static const struct factory_order ended_root = {.subject = "Stranger Root",
                                                .key = STRANGER,
                                                .issuer_key = STRANGER,
                                                .ca = true,
                                                .key_usage = SIGNS,
                                                .not_before = FACTORY_NOW - 20 * FACTORY_DAY,
                                                .not_after = FACTORY_NOW - 1};
static const struct factory_order no_root = {
    .subject = "Stranger Root", .key = STRANGER, .issuer_key = STRANGER};
static const struct factory_order copy = ROOT_OF("Fabrikam Root", COPY);
static const struct factory_order fab_inter = INTER_OF("Fabrikam CA", FAB_INTER, "Fabrikam Root", FAB);
static const struct factory_order both_by_fab = INTER_OF("Common CA", BOTH_INTER, "Fabrikam Root", FAB);
static const struct factory_order both_by_con = INTER_OF("Common CA", BOTH_INTER, "Public Root", CON);
static const struct factory_order some_leaf = {
    .subject = "leaf", .issuer = "x", .key = LEAF, .issuer_key = FAB};

_Noreturn void world_fail(const char *what, const char *word)
{
    fprintf(stderr, "a case cannot be read: %s: %s\n", what, word);
    abort();
}

char *world_word(char **rest)
{
    *rest += strspn(*rest, " \t");
    if (**rest == '\0')
        return NULL;
    char *word = *rest;
    *rest += strcspn(*rest, " \t");
    if (**rest != '\0')
        *(*rest)++ = '\0';
    return word;
}

char *world_value(char *word, const char *key)
{
    size_t length = strlen(key);
    return strncmp(word, key, length) == 0 && word[length] == ':' ? word + length + 1 : NULL;
}

const struct factory_order *world_root(const char *name)
{
    static const char *const names[] = {"fab", "con", "hos", "corp", "stranger"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0)
            return &roots[i];
    }
    world_fail("no such root", name);
}

const struct factory_order *world_key_holder(const char *whose)
{
    if (strcmp(whose, "root") == 0)
        return &roots[FAB];
    return strcmp(whose, "inter") == 0 ? &fab_inter : &some_leaf;
}

/* ---- a CRL ---- */

static const struct factory_order *crl_issuer(const char *name)
{
    if (strcmp(name, "inter") == 0)
        return &fab_inter;
    return strcmp(name, "common") == 0 ? &both_by_fab : world_root(name);
}

static void set_oddity(struct factory_crl_order *order, const char *word)
{
    order->number = 2;
    if (strcmp(word, "stale") == 0)
        order->this_update = FACTORY_NOW - 10 * FACTORY_DAY, order->next_update = FACTORY_NOW - 1;
    else if (strcmp(word, "future") == 0)
        order->this_update = FACTORY_NOW + FACTORY_DAY, order->next_update = FACTORY_NOW + 9 * FACTORY_DAY;
    else if (strcmp(word, "forged") == 0)
        order->issuer_key = COPY;
    else if (strcmp(word, "users") == 0)
        order->only_users = true;
    else
        world_fail("no such oddity of a CRL", word);
}

struct crl *world_crl(char *word)
{
    char *listed = strchr(word, '='), *odd = strchr(word, '-');
    struct factory_crl_order order = {.number = 1, .serials = {1}};

    if (listed != NULL)
        *listed++ = '\0';
    if (odd != NULL)
        *odd++ = '\0';
    const struct factory_order *issuer = crl_issuer(word);
    order.issuer = issuer->subject;
    order.issuer_key = issuer->key;
    if (odd != NULL)
        set_oddity(&order, odd);
    if (listed != NULL)
        order.serials[0] = strcmp(listed, "leaf") == 0 ? LEAF_SERIAL : INTER_SERIAL;
    return factory_crl(&order);
}

/* ---- a chain ---- */

struct drawing {
    struct factory_order leaf;
    const struct factory_order *orders[4]; /* leaf first */
    size_t count;
    char names[512];
};

static void issue_by(struct drawing *drawing, const struct factory_order *issuer, bool is_shown)
{
    drawing->leaf.issuer = issuer->subject;
    drawing->leaf.issuer_key = issuer->key;
    if (is_shown)
        drawing->orders[drawing->count++] = issuer;
}

static void set_issuer(struct drawing *drawing, const char *word)
{
    if (strcmp(word, "fab+inter") == 0) {
        issue_by(drawing, &fab_inter, true);
    } else if (strcmp(word, "fab+con") == 0) { /* an authority that two roots have certified */
        issue_by(drawing, &both_by_fab, true);
        drawing->orders[drawing->count++] = &both_by_con;
    } else if (strcmp(word, "copied-fab") == 0) { /* the name of a root, and another key */
        issue_by(drawing, &copy, true);
    } else if (strcmp(word, "stranger+root") == 0) { /* an authority of nobody's, shown */
        issue_by(drawing, &roots[STRANGER], true);
    } else if (strcmp(word, "stranger+expired") == 0) {
        issue_by(drawing, &ended_root, true);
    } else if (strcmp(word, "stranger+user") == 0) { /* by one that is no authority */
        issue_by(drawing, &no_root, true);
    } else if (strcmp(word, "self") == 0) {
        drawing->leaf.issuer = NULL;
        drawing->leaf.issuer_key = LEAF;
    } else {
        issue_by(drawing, world_root(word), false);
    }
}

static void add_name(struct drawing *drawing, const char *kind, const char *value)
{
    size_t length = strlen(drawing->names);
    snprintf(drawing->names + length, sizeof(drawing->names) - length, "%s%s%s", length == 0 ? "" : ",", kind,
             value);
    drawing->leaf.names = drawing->names;
}

static void set_word(struct drawing *drawing, char *word)
{
    char *value;

    if ((value = world_value(word, "eku")) != NULL)
        drawing->leaf.usages = strcmp(value, "none") == 0 ? NULL : value;
    else if ((value = world_value(word, "cn")) != NULL)
        drawing->leaf.subject = value;
    else if ((value = world_value(word, "dns")) != NULL)
        add_name(drawing, "dns:", value);
    else if (world_value(word, "sip") != NULL || world_value(word, "sips") != NULL ||
             world_value(word, "https") != NULL)
        add_name(drawing, "uri:", word);
    else if (world_value(word, "email") != NULL || world_value(word, "ip") != NULL)
        add_name(drawing, "", word);
    else if (strcmp(word, "expired") == 0)
        drawing->leaf.not_before = FACTORY_NOW - 20 * FACTORY_DAY, drawing->leaf.not_after = FACTORY_NOW - 1;
    else if (strcmp(word, "future") == 0)
        drawing->leaf.not_before = FACTORY_NOW + 1, drawing->leaf.not_after = FACTORY_NOW + 20 * FACTORY_DAY;
    else if (strcmp(word, "signs-not") == 0)
        drawing->leaf.key_usage = 0x004; /* keyEncipherment */
    else if (strcmp(word, "ends-now") == 0)
        drawing->leaf.not_before = FACTORY_NOW - 20 * FACTORY_DAY, drawing->leaf.not_after = FACTORY_NOW;
    else
        world_fail("no such property of a certificate", word);
}

struct presented_chain *world_chain(char *words)
{
    struct drawing drawing = {.leaf = {.subject = "leaf",
                                       .key = LEAF,
                                       .key_usage = CERTIFICATE_KU_DIGITAL_SIGNATURE,
                                       .usages = "sc",
                                       .serial = LEAF_SERIAL}};
    char *word = world_word(&words);

    if (word == NULL)
        world_fail("a certificate without issuer", "");
    if (strcmp(word, "none") == 0)
        return factory_chain(NULL, 0);
    drawing.orders[drawing.count++] = &drawing.leaf;
    set_issuer(&drawing, word);
    while ((word = world_word(&words)) != NULL)
        set_word(&drawing, word);
    return factory_chain(drawing.orders, drawing.count);
}

/* ---- what the DNS says ---- */

static bool set_outcome(struct srv_answer *answer, const char *word)
{
    if (strcmp(word, "secure") == 0)
        answer->security = DNS_SECURE;
    else if (strcmp(word, "none") == 0)
        answer->outcome = REASON_SRV_NOT_FOUND;
    else if (strcmp(word, "failed") == 0)
        answer->outcome = REASON_DNS_FAILED;
    else if (strcmp(word, "bogus") == 0)
        answer->security = DNS_BOGUS;
    else if (strcmp(word, "overloaded") == 0)
        answer->outcome = REASON_OVERLOADED;
    else if (strcmp(word, "stale") == 0)
        answer->stale = true;
    else
        return false;
    return true;
}

const struct srv_answer *world_answer(char *words, const struct presented_chain *chain, struct world_dns *dns)
{
    char *word;

    *dns = (struct world_dns){.answer = {.outcome = REASON_OK, .target = dns->target}};
    while ((word = world_word(&words)) != NULL) {
        if (strcmp(word, "-") == 0)
            return NULL;
        if (!set_outcome(&dns->answer, word) &&
            !dane_take_word(&dns->dane, word, &dns->answer, dns->target, chain))
            dns->target[dns->answer.target_count++] =
                (struct srv_target){.host = text_of(word), .port = 5061};
    }
    return &dns->answer;
}
