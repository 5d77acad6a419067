/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certificate_factory.h"
#include "policy/crl_store.h"
#include "policy/partner_difference.h"

#define ROOTS 3
#define CRL_NUMBERS 8

static const char *const root_subject[ROOTS] = {"Root A", "Root B", "Root C"};

/* A partner file, as far as its difference to another goes, and what is in the files that it names. */
struct written {
    const char *name, *yaml;
    int root;            /* its subject; -1: no roots */
    uint32_t crl_number; /* 0: none */
};

static struct written_keys *read_keys(const char *yaml, bool sections)
{
    static const struct yaml_bounds bounds = {65536, 1000};
    struct problems problems;
    problems_init(&problems);
    struct yaml_tree *tree = yaml_read(text_of(yaml), "test.yaml", &bounds, &problems);
    assert_non_null(tree);
    struct written_keys *keys = written_keys_read(yaml_root(tree), sections);
    assert_non_null(keys);
    yaml_tree_destroy(tree);
    problems_deinit(&problems);
    return keys;
}

/* Made once each: a second signature would make another certificate. */
static struct certificate *root_certificate(int number)
{
    static struct text der[ROOTS];
    const struct factory_order order = {
        .subject = root_subject[number], .ca = true, .key_usage = CERTIFICATE_KU_KEY_CERT_SIGN};
    struct certificate *certificate;
    if (der[number].length == 0)
        der[number] = factory_der(&order);
    assert_int_equal(certificate_read(der[number], &certificate), REASON_OK);
    return certificate;
}

static struct crl *revocation_list(uint32_t number)
{
    static struct text der[CRL_NUMBERS];
    const struct factory_crl_order order = {.issuer = "Root", .number = number};
    const char *why;
    if (der[number].length == 0)
        der[number] = factory_crl_der(&order);
    return crl_read(der[number], &why);
}

static void add(struct partner_set *set, const struct written *written)
{
    struct partner *partner = calloc(1, sizeof(*partner));
    partner->name = strdup(written->name);
    partner->written = read_keys(written->yaml, true);
    if (written->root >= 0) {
        partner->anchors = malloc(sizeof(partner->anchors[0]));
        partner->anchors[0] = trust_anchors_add(partner_set_anchors(set), root_certificate(written->root));
        partner->anchor_count = 1;
    }
    if (written->crl_number != 0) {
        const char *why;
        partner->crl_store = crl_store_create();
        assert_true(crl_store_add(partner->crl_store, revocation_list(written->crl_number), &why));
    }
    assert_true(partner_set_add(set, partner));
}

static struct partner_set *set_of(const struct written *written, size_t count)
{
    struct partner_set *set = partner_set_create();
    for (size_t i = 0; i < count; i++)
        add(set, &written[i]);
    return set;
}

static void note(void *context, enum partner_change change, const struct partner *partner, const char *keys)
{
    static const char signs[PARTNER_CHANGES] = "+-~";
    size_t used = strlen(context);
    snprintf((char *)context + used, 1024 - used, "%c%s(%s) ", signs[change], partner->name, keys);
}

static const char *difference(const struct written *before, size_t before_count, const struct written *after,
                              size_t after_count)
{
    static char told[1024];
    struct partner_set *a = set_of(before, before_count), *b = set_of(after, after_count);
    told[0] = '\0';
    partner_difference(a, b, note, told);
    partner_set_destroy(a);
    partner_set_destroy(b);
    return told;
}

static void one_partner_changes(void **state)
{
    (void)state;
    /* The first is what is in force. */
    static const struct written old = {
        "fabrikam", "partner: fabrikam\ndomains: [a.example, b.example]\nlimits: {burst: 7}\n", 0, 0};
    static const struct {
        struct written next;
        const char *told;
    } cases[] = {
        {{"fabrikam", "partner: fabrikam\ndomains: [a.example, b.example]\nlimits: {burst: 7}\n", 0, 0}, ""},
        /* Said otherwise. */
        {{"fabrikam",
          "# Fabrikam\nlimits:\n  burst: \"7\"\ndomains:\n- a.example\n- b.example\npartner: fabrikam", 0, 0},
         ""},
        {{"fabrikam", "partner: fabrikam\ndomains: [a.example]\nlimits: {burst: 7}\n", 0, 0},
         "~fabrikam(domains) "},
        {{"fabrikam", "partner: fabrikam\ndomains: [a.exampleb.example]\nlimits: {burst: 7}\n", 0, 0},
         "~fabrikam(domains) "},
        {{"fabrikam", "partner: fabrikam\ndomains: [a.example, b.example]\nlimits: {burst: 8}\n", 0, 0},
         "~fabrikam(limits.burst) "},
        {{"fabrikam", "partner: fabrikam\ndomains: [a.example, b.example]\n", 0, 0},
         "~fabrikam(limits.burst) "},
        {{"fabrikam",
          "partner: fabrikam\ndomains: [a.example, b.example]\nlimits: {burst: 7}\nenabled: false\n", 0, 0},
         "~fabrikam(enabled) "},
        {{"fabrikam", "partner: fabrikam\ndomains: [b.example]\nidentity: {names: [x.example]}\n", 0, 0},
         "~fabrikam(domains identity.names limits.burst) "},
        /* The same file name, another certificate in it. */
        {{"fabrikam", "partner: fabrikam\ndomains: [a.example, b.example]\nlimits: {burst: 7}\n", 1, 0},
         "~fabrikam(roots) "},
        {{"fabrikam", "partner: fabrikam\ndomains: [a.example, b.example]\nlimits: {burst: 7}\n", -1, 0},
         "~fabrikam(roots) "},
        {{"fabrikam",
          "partner: fabrikam\ndomains: [a.example, b.example]\nlimits: {burst: 7}\nroots: [x.pem]\n", 1, 0},
         "~fabrikam(roots) "},
        {{"fabrikam", "partner: fabrikam\ndomains: [a.example, b.example]\nlimits: {burst: 7}\n", 0, 1},
         "~fabrikam(crls) "},
        {{"other", "partner: other\ndomains: [a.example, b.example]\nlimits: {burst: 7}\n", 0, 0},
         "+other() -fabrikam() "},
        {{"Fabrikam", "partner: Fabrikam\ndomains: [a.example, b.example]\nlimits: {burst: 7}\n", 0, 0},
         "~Fabrikam(partner) "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(difference(&old, 1, &cases[i].next, 1), cases[i].told);
}

static void each_of_many_is_told_once(void **state)
{
    static const struct written before[] = {
        {"a", "partner: a", 0, 0}, {"b", "partner: b", 1, 5}, {"d", "partner: d", 2, 0}};
    static const struct written after[] = {
        {"a", "partner: a", 0, 0}, {"b", "partner: b", 1, 6}, {"c", "partner: c", 2, 0}};
    (void)state;
    assert_string_equal(difference(before, 3, after, 3), "~b(crls) +c() -d() ");
    assert_string_equal(difference(before, 3, before, 3), "");
    assert_string_equal(difference(before, 0, after, 3), "+a() +b() +c() ");
    assert_string_equal(difference(before, 3, after, 0), "-a() -b() -d() ");
}

/* Keys are named whole or not at all, and the list stays within its bound. */
static void many_keys_are_cut_at_a_key(void **state)
{
    char yaml[2048] = "";
    (void)state;
    for (int i = 0; i < 40; i++)
        snprintf(yaml + strlen(yaml), sizeof(yaml) - strlen(yaml), "key-number-%02d: 1\n", i);
    const struct written before = {"a", "partner: a\n", 0, 0}, after = {"a", yaml, 0, 0};
    const char *told = difference(&before, 1, &after, 1);
    assert_in_range(strlen(told), 120, PARTNER_KEYS_SHOWN + 8);
    assert_memory_equal(told, "~a(key-number-00 key-number-01 ", 31);
    for (const char *at = told + 3; strncmp(at, ") ", 2) != 0; at += strlen("key-number-00")) {
        at += *at == ' ' ? 1 : 0;
        assert_memory_equal(at, "key-number-", 11);
    }
}

static void count(void *context, struct text key)
{
    (void)key;
    ++*(size_t *)context;
}

static void sections_count_key_by_key(void **state)
{
    size_t flat = 0, deep = 0, all = 0;
    struct written_keys *a = read_keys("dns: {timeout: 1s, servers: []}\nuser: x\n", false);
    struct written_keys *b = read_keys("dns: {timeout: 2s, servers: [a], trust-ad: true}\nuser: x\n", false);
    struct written_keys *c = read_keys("dns: {timeout: 1s, servers: []}\nuser: x\n", true);
    struct written_keys *d = read_keys("dns: {timeout: 2s, servers: [a], trust-ad: true}\nuser: x\n", true);
    (void)state;
    written_keys_compare(a, b, count, &flat);
    written_keys_compare(c, d, count, &deep);
    written_keys_compare(NULL, d, count, &all);
    written_keys_compare(d, NULL, count, &all);
    assert_int_equal(flat, 1);
    assert_int_equal(deep, 3);
    assert_int_equal(all, 8);
    written_keys_destroy(a);
    written_keys_destroy(b);
    written_keys_destroy(c);
    written_keys_destroy(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_partner_changes),
        cmocka_unit_test(each_of_many_is_told_once),
        cmocka_unit_test(many_keys_are_cut_at_a_key),
        cmocka_unit_test(sections_count_key_by_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
