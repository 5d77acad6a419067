/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/partner_set.h"
#include "policy/peer_dane.h"

/* Anchors that no set owns: the index is all that a partner set looks at. */
static struct trust_anchor anchors[4] = {{.index = 0}, {.index = 1}, {.index = 2}, {.index = 700}};

static char **texts(const char *first, const char *second, size_t *count)
{
    char **list = calloc(2, sizeof(list[0]));
    *count = 0;
    if (first != NULL)
        list[(*count)++] = strdup(first);
    if (second != NULL)
        list[(*count)++] = strdup(second);
    return list;
}

static struct partner *partner(const char *name, const char *domain, const char *other_domain,
                               enum identity_rule rule, const struct trust_anchor *anchor)
{
    struct partner *made = calloc(1, sizeof(*made));
    made->name = strdup(name);
    made->domains = texts(domain, other_domain, &made->domain_count);
    made->identity = rule;
    made->enabled = true;
    made->valid_from = INT64_MIN;
    made->valid_until = INT64_MAX;
    if (anchor != NULL) {
        made->anchors = malloc(sizeof(made->anchors[0]));
        made->anchors[0] = anchor;
        made->anchor_count = 1;
    }
    return made;
}

static struct partner_set *example(void)
{
    struct partner_set *set = partner_set_create();
    struct partner *named = partner("proseware", "proseware.example", NULL, IDENTITY_NAMES, &anchors[1]);
    named->identity_names =
        texts("edge.proseware.example", "shared.hosting.example", &named->identity_name_count);
    struct partner *hosted = partner("tailspin", "tailspin.example", NULL, IDENTITY_NAMES, &anchors[1]);
    hosted->identity_names = texts("shared.hosting.example", NULL, &hosted->identity_name_count);

    assert_true(partner_set_add(
        set, partner("fabrikam", "fabrikam.example", "emea.fabrikam.example", IDENTITY_DOMAIN, &anchors[0])));
    assert_true(
        partner_set_add(set, partner("contoso", "contoso.example", NULL, IDENTITY_SRV_TARGET, &anchors[0])));
    assert_true(partner_set_add(set, named));
    assert_true(partner_set_add(set, hosted));
    assert_true(partner_set_add(set, partner("dane", "dane.example", NULL, IDENTITY_DANE, NULL)));
    return set;
}

/* Asked of every name in a stranger's certificate: a name of 60,000 octets costs no more than one of 253. */
static void names_lie_in_domains_as_far_as_they_are_names(void **state)
{
    static char name[60000], deep[254];
    const struct policy policy = {.partners = example()};
    static const struct {
        const char *name, *partner;
    } questions[] = {
        {"fabrikam.example", "fabrikam"},
        {"sip.fabrikam.example", "fabrikam"},
        {"a.b.c.emea.fabrikam.example", "fabrikam"},
        {"edge.contoso.example", "contoso"},
        {"xfabrikam.example", NULL},
        {"example", NULL},
        {"", NULL},
        {".", NULL},
        {"..", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        const struct partner *owner = partner_owning_name(&policy, text_of(questions[i].name));
        assert_string_equal(owner == NULL ? "" : owner->name,
                            questions[i].partner == NULL ? "" : questions[i].partner);
    }
    for (size_t i = 0; i < sizeof(name); i++)
        name[i] = i % 2 == 0 ? 'a' : '.';
    memcpy(name + sizeof(name) - 17, ".fabrikam.example", 17);
    assert_null(partner_owning_name(&policy, (struct text){name, sizeof(name)}));
    memcpy(deep, name + sizeof(name) - 253, 253);
    assert_non_null(partner_owning_name(&policy, text_of(deep + 253 - 16)));
    assert_null(partner_owning_name(&policy, text_of(deep))); /* 120 labels below it */
    partner_set_destroy((struct partner_set *)policy.partners);
}

static void domains_are_found_exactly_and_in_any_case(void **state)
{
    (void)state;
    struct partner_set *set = example();
    static const struct {
        const char *domain, *partner;
    } questions[] = {
        {"fabrikam.example", "fabrikam"},
        {"FABRIKAM.Example", "fabrikam"},
        {"fabrikam.example.", "fabrikam"},
        {"emea.fabrikam.example", "fabrikam"},
        {"contoso.example", "contoso"},
        {"apac.fabrikam.example", NULL},
        {"example", NULL},
        {"xfabrikam.example", NULL},
        {"fabrikam.example..", NULL},
        {"", NULL},
        {".", NULL},
    };

    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        const struct partner *found = partner_set_by_domain(set, text_of(questions[i].domain));
        if ((found == NULL) != (questions[i].partner == NULL) ||
            (found != NULL && strcmp(found->name, questions[i].partner) != 0))
            fail_msg("'%s' gave %s", questions[i].domain, found == NULL ? "nobody" : found->name);
    }
    partner_set_destroy(set);
}

/* A NUL within a name makes it another name. */
static void a_nul_does_not_end_a_domain(void **state)
{
    (void)state;
    struct partner_set *set = example();
    assert_null(partner_set_by_domain(set, TEXT("fabrikam.example\0.evil.example")));
    assert_null(partner_set_by_domain(set, TEXT("fabrikam.example\0")));
    partner_set_destroy(set);
}

static void anchors_lead_to_all_who_list_them(void **state)
{
    (void)state;
    struct partner_set *set = example();
    size_t count;
    const struct partner *const *found = partner_set_by_anchor(set, &anchors[0], &count);

    assert_int_equal(count, 2);
    assert_string_equal(found[0]->name, "fabrikam");
    assert_string_equal(found[1]->name, "contoso");
    found = partner_set_by_anchor_needing_dns(set, &anchors[0], &count);
    assert_int_equal(count, 1);
    assert_string_equal(found[0]->name, "contoso");
    partner_set_by_anchor_needing_dns(set, &anchors[1], &count);
    assert_int_equal(count, 0);
    partner_set_by_anchor(set, &anchors[2], &count);
    assert_int_equal(count, 0);
    partner_set_by_anchor(set, &anchors[3], &count);
    assert_int_equal(count, 0);
    partner_set_destroy(set);
}

static void an_anchor_listed_twice_counts_once(void **state)
{
    (void)state;
    struct partner_set *set = partner_set_create();
    struct partner *twice = partner("fabrikam", "fabrikam.example", NULL, IDENTITY_DOMAIN, NULL);
    size_t count;

    twice->anchors = calloc(2, sizeof(twice->anchors[0]));
    twice->anchors[0] = twice->anchors[1] = &anchors[3];
    twice->anchor_count = 2;
    assert_true(partner_set_add(set, twice));
    partner_set_by_anchor(set, &anchors[3], &count);
    assert_int_equal(count, 1);
    partner_set_destroy(set);
}

static void one_host_may_speak_for_several_partners(void **state)
{
    (void)state;
    struct partner_set *set = example();
    size_t count;
    const struct partner *const *found =
        partner_set_by_identity_name(set, TEXT("Shared.Hosting.example"), &count);

    assert_int_equal(count, 2);
    assert_string_equal(found[0]->name, "proseware");
    assert_string_equal(found[1]->name, "tailspin");
    partner_set_by_identity_name(set, TEXT("hosting.example"), &count);
    assert_int_equal(count, 0);
    found = partner_set_with_dane(set, &count);
    assert_int_equal(count, 1);
    assert_string_equal(found[0]->name, "dane");
    partner_set_destroy(set);
}

static void thousands_of_partners_are_all_found(void **state)
{
    (void)state;
    struct partner_set *set = partner_set_create();
    char name[40], domain[60];

    for (unsigned i = 0; i < 20000; i++) {
        snprintf(name, sizeof(name), "p%u", i);
        snprintf(domain, sizeof(domain), "p%u.example", i);
        assert_true(partner_set_add(set, partner(name, domain, NULL, IDENTITY_DOMAIN, &anchors[i % 3])));
    }
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(domain, sizeof(domain), "P%u.EXAMPLE", i);
        const struct partner *found = partner_set_by_domain(set, text_of(domain));
        assert_non_null(found);
        assert_int_equal(found->index, i);
        assert_ptr_equal(partner_set_at(set, i), found);
        assert_ptr_equal(partner_set_by_name(set, text_of(found->name)), found);
    }
    assert_null(partner_set_by_domain(set, TEXT("p20000.example")));
    assert_int_equal(partner_set_count(set), 20000);
    partner_set_destroy(set);
}

static void an_empty_set_answers(void **state)
{
    (void)state;
    struct partner_set *set = partner_set_create();
    size_t count = 7;
    assert_null(partner_set_by_domain(set, TEXT("a.example")));
    partner_set_by_identity_name(set, TEXT("a.example"), &count);
    assert_int_equal(count, 0);
    partner_set_with_dane(set, &count);
    assert_int_equal(count, 0);
    partner_set_destroy(set);
    partner_set_destroy(NULL);
}

static void terms_begin_and_end(void **state)
{
    (void)state;
    struct partner term = {.enabled = true, .valid_from = 100, .valid_until = 200};
    assert_int_equal(partner_state(&term, 99), REASON_PARTNER_NOT_YET_VALID);
    assert_int_equal(partner_state(&term, 100), REASON_OK);
    assert_int_equal(partner_state(&term, 199), REASON_OK);
    assert_int_equal(partner_state(&term, 200), REASON_PARTNER_ENDED);
    term.enabled = false;
    assert_int_equal(partner_state(&term, 150), REASON_PARTNER_DISABLED);
}

static void methods_are_case_sensitive(void **state)
{
    (void)state;
    char invite[] = "INVITE";
    char *methods[] = {invite};
    struct partner listed = {.methods = methods, .method_count = 1}, all = {0};
    assert_true(partner_allows_method(&listed, TEXT("INVITE")));
    assert_false(partner_allows_method(&listed, TEXT("invite")));
    assert_false(partner_allows_method(&listed, TEXT("INVIT")));
    assert_false(partner_allows_method(&listed, TEXT("MESSAGE")));
    assert_true(partner_allows_method(&all, TEXT("ANYTHING")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains_are_found_exactly_and_in_any_case),
        cmocka_unit_test(names_lie_in_domains_as_far_as_they_are_names),
        cmocka_unit_test(a_nul_does_not_end_a_domain),
        cmocka_unit_test(anchors_lead_to_all_who_list_them),
        cmocka_unit_test(an_anchor_listed_twice_counts_once),
        cmocka_unit_test(one_host_may_speak_for_several_partners),
        cmocka_unit_test(thousands_of_partners_are_all_found),
        cmocka_unit_test(an_empty_set_answers),
        cmocka_unit_test(terms_begin_and_end),
        cmocka_unit_test(methods_are_case_sensitive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
